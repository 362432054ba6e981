//! fleet.rs - loops that are held up and looked at from outside, through the crate.
//! Method: scenarios on the virtual clock.
use gyre::{ffi, Driver, Engine, Gate, Kind, LoopOptions, Method, Missed, Reading, Result};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn loops_are_paused_throttled_and_told_to_return() -> Result<()> {
    let engine = Engine::new(Driver::Virtual)?;
    let ran: Arc<[AtomicU64; 3]> = Arc::default();
    for (i, name) in ["shop.a", "shop.b", "other"].into_iter().enumerate() {
        let ran = ran.clone();
        engine.add(LoopOptions::new(name, Duration::from_secs(1)), move |tick| {
            assert_eq!(tick.info()?.number, ran[i].fetch_add(1, Ordering::Relaxed));
            tick.vitality(0.5)
        })?;
    }
    let times = |i: usize| ran[i].load(Ordering::Relaxed);
    engine.start()?;
    engine.advance_to(Duration::from_secs(10))?;
    assert_eq!(engine.now()?, Duration::from_secs(10));
    assert_eq!((engine.pause_all("shop.*")?, engine.throttle_all("oth?r", 10.0)?), (2, 1));
    let before = [times(0), times(2)];
    engine.advance_to(Duration::from_secs(50))?;
    assert_eq!(times(0), before[0]);
    assert!((3..=6).contains(&(times(2) - before[1])), "a tenth of 40");
    assert_eq!(engine.throttle_all("other", 0.5).unwrap_err().kind(), Kind::Argument);
    assert_eq!((engine.resume_all("shop.a")?, engine.stop_all("shop.b")?), (1, 1));
    engine.advance_to(Duration::from_secs(60))?;
    assert!(times(0) > before[0]);
    engine.supply(&Reading { cpu_percent: Some(20.0), ..Default::default() })?;
    let wrong = Reading { latency_ms: Some(-2.0), ..Default::default() };
    assert_eq!(engine.supply(&wrong).unwrap_err().kind(), Kind::Argument);
    engine.add_society(20.0)?;
    assert_eq!(engine.totals()?.loops, 7);
    engine.consolidate()?;
    engine.sync()?;
    assert!(gyre::version().starts_with("0."));
    Ok(())
}

#[test]
fn each_way_to_learn_walks_to_the_end_that_pays() -> Result<()> {
    let walk = |options: LoopOptions| -> Result<f64> {
        let engine = Engine::new(Driver::Virtual)?;
        let (mut at, options) = (0.0, options.sequential().knob("go", &[-1.0, 1.0]));
        let walk = engine.add(options.feature("at", &[0.5, 1.5, 2.5]), move |tick| {
            tick.feature("at", at)?;
            at = f64::max(0.0, at + tick.knob("go")?);
            tick.reward(if at == 3.0 { 1.0 } else { 0.0 })?;
            if at == 3.0 {
                at = 0.0;
                tick.terminated()?;
            }
            Ok(())
        })?;
        engine.start()?;
        engine.advance_to(Duration::from_secs(40))?;
        walk.metrics().map(|m| m.mean_reward)
    };
    let new = || LoopOptions::new("walk", Duration::from_millis(10));
    for (which, options) in [
        new().method(Method::Sweeping).planning(20),
        new().method(Method::QLambda).lambda(0.8).explore(0.1, 0.0, 1000),
        new().method(Method::Sarsa).optimistic().step_power(0.6).explore(0.1, 0.0, 1000),
        new().method(Method::DynaQ).explore_how(ffi::GYRE_EXPLORE_BY_VISITS).explore(1.0, 0.0, 10),
    ]
    .into_iter()
    .enumerate()
    {
        let earned = walk(options)?;
        assert!(earned > 0.3, "{which}: {earned} of 1/3");
    }
    for wrong in [new().lambda(2.0), new().step_power(-1.0), new().explore_how(9)] {
        assert!(walk(wrong).is_err());
    }
    Ok(())
}

#[test]
fn gates_timing_and_parents_are_of_a_loop() -> Result<()> {
    let (engine, second) = (Engine::new(Driver::Virtual)?, Duration::from_secs(1));
    let new = |name: &str| LoopOptions::new(name, second).jitter(0.0);
    let gates = [
        Gate::Cpu { close_at: 50.0, open_at: 40.0 },
        Gate::Memory { close_at: 0.0, open_at: 0.0 },
        Gate::Mode("normal".to_string()),
    ];
    let gated = gates.into_iter().fold(new("gated"), |options, gate| options.gate(gate));
    let gated = engine.add(gated, |_| Ok(()))?;
    let late = new("late").gate(Gate::Latency { close_at: 30.0 });
    let late = engine.add(late, |tick| tick.spend(Duration::from_millis(40)))?;
    let slow = engine.add(new("slow").timeout(second / 2), move |tick| tick.spend(second))?;
    let fails = new("fails").backoff(second * 30, second * 40).missed(Missed::Skip);
    let fails = engine.add(fails, |tick| tick.reward(f64::NAN))?;
    let child = engine.add(new("child").parent("gated").priority(5), |_| Ok(()))?;
    let waits = engine.add(new("waits").paused().deferrable(), |_| Ok(()))?;
    engine.advance_to(second * 10)?;
    assert_eq!((gated.metrics()?.cycles, waits.metrics()?.cycles), (11, 0));
    assert!(late.metrics()?.cycles < 5, "one or two of 11");
    assert!(slow.metrics()?.timeouts > 0);
    assert_eq!(fails.metrics()?.cycles, 1);
    for wrong in [
        Reading { cpu_percent: Some(60.0), ..Default::default() },
        Reading { memory_percent: Some(90.0), ..Default::default() },
        Reading { mode: Some("nightly"), ..Default::default() },
    ] {
        let before = gated.metrics()?.cycles;
        engine.supply(&wrong)?;
        engine.advance_to(engine.now()? + second * 5)?;
        assert_eq!(gated.metrics()?.cycles, before, "{wrong:?}");
        engine.supply(&Reading { cpu_percent: Some(1.0), ..Default::default() })?;
        engine.advance_to(engine.now()? + second * 5)?;
        assert_eq!(gated.metrics()?.cycles, before + 5);
    }
    gated.remove()?;
    assert_eq!(child.metrics().unwrap_err().kind(), Kind::Stale);
    let orphan = engine.add(new("orphan").parent("gated"), |_| Ok(()));
    assert_eq!(orphan.unwrap_err().kind(), Kind::NotFound);
    Ok(())
}

#[test]
fn a_subscription_whose_engine_is_gone_says_so_once_each_time_it_is_read() -> Result<()> {
    let engine = Engine::new(Driver::Virtual)?;
    let mut orders = engine.subscribe("shop.>")?;
    drop(engine);
    for _ in 0..2 {
        let read: Vec<_> = orders.by_ref().take(10).collect();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].as_ref().unwrap_err().kind(), Kind::Stale);
    }
    Ok(())
}
