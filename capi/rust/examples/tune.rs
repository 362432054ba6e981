//! tune.rs - a loop that tunes two settings of its work, then 120 loops on worker threads.
use gyre::{Driver, Engine, LoopOptions, Result};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

/// The work: what a level and a block size earn on a link of that speed.
fn earned(level: f64, block_kib: f64, mb_per_s: f64) -> f64 {
    let best_level = if mb_per_s < 100.0 { 9.0 } else { 1.0 }; // a slow link pays for compression
    let miss = (level - best_level) / 9.0;
    10.0 - 8.0 * miss * miss + block_kib / 64.0
}

fn options(name: &str, interval_ms: u64) -> LoopOptions {
    LoopOptions::new(name, Duration::from_millis(interval_ms))
        .feature("mb_per_s", &[100.0])
        .knob("level", &[6.0, 0.0, 1.0, 3.0, 9.0])
        .knob("block_kib", &[16.0, 4.0, 64.0])
}

/// One loop on a virtual clock: 4,000 ticks to learn, then 1,000 to see what came of it.
fn one_loop() -> Result<()> {
    let engine = Engine::new(Driver::Virtual)?;
    let milli_sum = Arc::new(AtomicU64::new(0));
    let (sum, mut ticks) = (Arc::clone(&milli_sum), 0u32);
    let learning = options("tune", 10).average(0.002).explore(1.0, 0.0, 4000);
    engine.add(learning, move |tick| {
        let mb_per_s = if ticks % 2 == 0 { 1000.0 } else { 10.0 };
        tick.feature("mb_per_s", mb_per_s)?;
        let reward = earned(tick.knob("level")?, tick.knob("block_kib")?, mb_per_s);
        ticks += 1;
        sum.fetch_add((reward * 1e3) as u64, Ordering::Relaxed);
        tick.reward(reward)
    })?;
    engine.start()?;
    engine.advance_to(Duration::from_secs(40))?;
    milli_sum.store(0, Ordering::Relaxed);
    let before = engine.totals()?.ticks;
    engine.advance_to(Duration::from_secs(50))?;
    let count = engine.totals()?.ticks - before;
    let learned = milli_sum.load(Ordering::Relaxed) as f64 / 1e3 / count as f64;
    let usual = (earned(6.0, 16.0, 10.0) + earned(6.0, 16.0, 1000.0)) / 2.0;
    println!("learned {:.2} default {:.2} over {} ticks", learned, usual, count);
    Ok(())
}

/// 120 loops of one group, so of one learner, on the engine's own threads.
fn many_loops() -> Result<()> {
    let engine = Engine::new(Driver::Workers)?;
    for i in 0..120 {
        engine.add(options(&format!("ship-{:03}", i), 50).group("ship"), move |tick| {
            let mb_per_s = if i % 2 == 0 { 10.0 } else { 1000.0 };
            tick.feature("mb_per_s", mb_per_s)?;
            tick.reward(earned(tick.knob("level")?, tick.knob("block_kib")?, mb_per_s))
        })?;
    }
    engine.start()?;
    while engine.totals()?.ticks < 2000 {
        std::thread::sleep(Duration::from_millis(20));
    }
    engine.stop(Duration::from_secs(5))?;
    let totals = engine.totals()?;
    println!("{} loops {} ticks {} errors", totals.loops, totals.ticks, totals.errors);
    Ok(())
}

/// A closure that panics is a failed tick with the panic's text; the engine goes on.
fn one_panic() -> Result<()> {
    std::panic::set_hook(Box::new(|_| ())); // no backtrace on stderr
    let engine = Engine::new(Driver::Virtual)?;
    engine.add(LoopOptions::new("panics", Duration::from_millis(10)), |_| panic!("on purpose"))?;
    engine.start()?;
    engine.advance_to(Duration::from_secs(10))?;
    let kept = engine.snapshot_json()?.contains("panic: on purpose");
    println!("a panic is an error: {}, its text is kept: {}", engine.totals()?.errors > 0, kept);
    Ok(())
}

fn main() -> Result<()> {
    one_loop()?;
    many_loops()?;
    one_panic()
}
