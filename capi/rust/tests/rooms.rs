//! rooms.rs - what the crate gives beyond loops.
//! Method: scenarios on a virtual clock, or on the test's own.
use gyre::{
    Driver, Engine, Field, Kind, Learner, LoopOptions, Method, Replay, ReplayOptions, Result,
    Transition,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// A host that keeps its loop beside its engine.
struct Host {
    engine: Engine,
    work: gyre::Loop<'static>,
}

#[test]
fn a_loop_is_kept_beside_its_engine() -> Result<()> {
    let engine = Engine::new(Driver::Virtual)?;
    let work = engine.add(LoopOptions::new("work", SECOND).knob("level", &[3.0]), |tick| {
        tick.reward(tick.knob("level")?)
    })?;
    let work = work.unbound();
    let host = Host { engine, work };
    host.engine.advance_to(SECOND * 10)?;
    let metrics = host.work.metrics()?;
    assert_eq!((metrics.name.as_str(), metrics.errors), ("work", 0));
    assert!(metrics.cycles >= 9 && metrics.mean_reward == 3.0);
    assert_eq!(host.work.knob("level")?, 3.0);
    assert_eq!(host.engine.find("work")?, host.work);
    assert_eq!(host.engine.find("other").unwrap_err().kind(), Kind::NotFound);
    drop(host.engine);
    assert_eq!(host.work.metrics().unwrap_err().kind(), Kind::Stale);
    Ok(())
}

#[test]
fn a_closure_may_fail_with_any_error() -> Result<()> {
    let engine = Engine::new(Driver::Virtual)?;
    let parses = engine.add_any(LoopOptions::new("parses", SECOND), |tick| {
        tick.reward("x7".parse::<f64>()?)?;
        Ok(())
    })?;
    engine.advance_to(SECOND * 3)?;
    assert!(parses.metrics()?.errors > 0);
    assert!(engine.snapshot_json()?.contains("invalid float literal"));
    Ok(())
}

#[test]
fn one_seed_has_one_hash() -> Result<()> {
    let mut hashes = Vec::new();
    for seed in [1, 1, 2] {
        let engine = Engine::with(Driver::Virtual, seed, None)?;
        engine.add(LoopOptions::new("a", SECOND).knob("k", &[1.0, 2.0]), |tick| {
            tick.reward(tick.knob("k")?)
        })?;
        engine.advance_to(SECOND * 60)?;
        hashes.push(engine.trace_hash()?);
    }
    assert_eq!(hashes[0].len(), 16);
    assert!(hashes[0] == hashes[1] && hashes[0] != hashes[2]);
    Ok(())
}

#[test]
fn a_host_polls_when_it_is_told_to() -> Result<()> {
    let engine = Engine::new(Driver::Host)?;
    let seen = Arc::new(Mutex::new(0));
    let count = Arc::clone(&seen);
    engine.add(LoopOptions::new("a", SECOND), move |_| {
        *count.lock().unwrap() += 1;
        Ok(())
    })?;
    let mut now = Duration::ZERO;
    while now < SECOND * 20 {
        now = engine.poll(now)?.expect("a loop is planned");
    }
    assert!(*seen.lock().unwrap() >= 18);
    Ok(())
}

#[test]
fn what_is_remembered_is_recalled() -> Result<()> {
    let engine = Engine::new(Driver::Virtual)?;
    engine.remember("a river", &["water"])?;
    engine.remember("a hill", &[])?;
    let found = engine.recall_json("river", 10)?;
    assert!(found.contains("a river") && found.contains("water") && !found.contains("hill"));
    assert_eq!(engine.score()?, 1.0);
    assert_eq!(engine.connect("a", "b", 0.5).unwrap_err().kind(), Kind::NotFound);
    Ok(())
}

#[test]
fn an_engine_goes_on_from_what_another_saved() -> Result<()> {
    let (first, second) = (Engine::new(Driver::Virtual)?, Engine::new(Driver::Virtual)?);
    let options = || LoopOptions::new("a", SECOND).knob("k", &[1.0, 2.0]);
    first.add(options(), |tick| tick.reward(tick.knob("k")?))?;
    first.remember("a river", &[])?;
    first.advance_to(SECOND * 60)?;
    let saved = first.save()?;
    assert_eq!(second.load(&saved[1..]).unwrap_err().kind(), Kind::Corrupt);
    assert_eq!(second.load(&saved)?, 1); // there is no such loop yet
    second.add(options(), |tick| tick.reward(tick.knob("k")?))?;
    assert_eq!(second.load(&saved)?, 0);
    assert_eq!(second.save()?, saved);
    assert!(second.recall_json("river", 1)?.contains("a river"));
    Ok(())
}

#[test]
fn rows_come_back_as_they_were() -> Result<()> {
    let replay = Replay::<(u32, f32)>::new(4, 1)?;
    assert!(replay.is_empty()?);
    assert_eq!(replay.sample(1).unwrap_err().kind(), Kind::State);
    replay.push(&[(1, 0.5), (2, 1.0), (3, 1.5), (4, 2.0), (5, 2.5)])?;
    let mut rows = replay.sample(4)?;
    rows.sort_by_key(|row| row.0);
    assert_eq!(rows, [(2, 1.0), (3, 1.5), (4, 2.0), (5, 2.5)]);
    assert_eq!(replay.sample_with_replacement(50)?.len(), 50);
    Ok(())
}

#[test]
fn a_method_plans_and_goes_on_after_load() -> Result<()> {
    let learner = Learner::sequential(3, 2, Method::Sweeping, 1)?;
    let again = Learner::sequential(3, 2, Method::Sweeping, 1)?;
    for _ in 0..200 {
        for state in 0..2 {
            let action = learner.choose(&[state])?[0];
            let next = if action == 1 { state + 1 } else { state };
            let reward = if next == 2 { 1.0 } else { 0.0 };
            let terminated = next == 2;
            let seen = Transition { state, action, reward, next, terminated, truncated: false };
            learner.observe(&[seen])?;
        }
    }
    learner.train()?;
    assert_eq!(learner.greedy(&[0, 1])?, [1, 1]);
    let mut into = [0; 2];
    learner.greedy_into(&[0, 1], &mut into)?;
    assert_eq!(into, [1, 1]);
    assert_eq!(learner.choose_into(&[0, 1, 0], &mut into).unwrap_err().kind(), Kind::Argument);
    assert!((learner.q()?[0][1] - 0.95).abs() < 1e-6);
    again.load(&learner.save()?)?;
    assert_eq!(again.save()?, learner.save()?);
    assert_eq!(again.choose(&[0, 1, 0])?, learner.choose(&[0, 1, 0])?);
    assert!(again.load(&[1, 2, 3]).is_err());
    Ok(())
}

#[test]
fn priorities_returns_and_episodes_of_rows() -> Result<()> {
    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Step {
        number: u32,
        reward: f32,
        terminated: u32,
    }
    const NUMBER: Field = Field { offset: 0, bytes: 4 };
    let how = ReplayOptions {
        columns: &[NUMBER],
        capacity: 8,
        prioritized: true,
        alpha: 1.0,
        reward: Some(Field { offset: 4, bytes: 4 }),
        terminated: Some(Field { offset: 8, bytes: 4 }),
        ..Default::default()
    };
    let replay = Replay::<Step>::with(how)?;
    for number in 0..10 {
        let terminated = u32::from(number == 5);
        replay.push(&[Step { number, reward: number as f32, terminated }])?;
    }
    let drawn = replay.draw_places(8)?;
    assert_eq!(drawn.weights, [1.0; 8]); // all are alike: each once
    let rows = replay.rows(&drawn.slots)?;
    let mut same = vec![Step { number: 0, reward: 0.0, terminated: 0 }; 8];
    replay.rows_into(&drawn.slots, &mut same)?;
    assert_eq!(same, rows);
    let short = replay.rows_into(&drawn.slots, &mut same[..7]);
    assert_eq!(short.unwrap_err().kind(), Kind::Argument);
    let returns = replay.n_step(&drawn.slots, 2, 0.5)?;
    for (row, got) in rows.iter().zip(&returns) {
        let more = row.number != 5 && row.number != 9;
        assert_eq!(got.steps, 1 + u32::from(more));
        let next = if more { 0.5 * f64::from(row.number + 1) } else { 0.0 };
        assert_eq!(got.reward, f64::from(row.number) + next);
        assert_eq!(got.bootstrap == 0.0, row.number == 4 || row.number == 5);
    }
    assert_eq!(replay.draw_runs(1, 0).unwrap_err().kind(), Kind::State); // its beginning is gone
    replay.end_episode()?;
    assert_eq!(replay.draw_runs(2, 0)?, [(6, 4); 2]);
    let saved = replay.save()?;
    replay.push(&[Step { number: 10, reward: 0.0, terminated: 0 }])?;
    assert_eq!(replay.update(&drawn, &[3.0; 8])?, 1); // of the row that was replaced
    // SAFETY: a buffer of the same rows has saved it.
    unsafe { replay.load(&saved)? };
    assert_eq!(replay.update(&drawn, &[3.0; 8])?, 0);
    assert!(replay.stats(&drawn.slots)?.iter().all(|row| row.priority >= 3.0 && row.age < 8));
    let mut numbers = [0_u32; 8];
    replay.column(NUMBER, &drawn.slots, &mut numbers)?;
    assert!(numbers.iter().zip(&rows).all(|(&number, row)| number == row.number));
    for refused in [
        replay.column(NUMBER, &drawn.slots, &mut numbers[..7]),
        replay.column(NUMBER, &drawn.slots, &mut [0_u64; 8]),
        replay.column(Field { offset: 0, bytes: 8 }, &drawn.slots, &mut numbers),
    ] {
        assert_eq!(refused.unwrap_err().kind(), Kind::Argument);
    }
    let mut all = replay.draw_places_uniformly(8, false)?.slots;
    all.sort_unstable();
    assert_eq!(all, (0..8).collect::<Vec<u32>>());
    assert_eq!(replay.draw_places_uniformly(20, true)?.probabilities.len(), 20);
    assert_eq!(replay.metrics()?.stale_updates, 0); // as it was when it was saved
    replay.resize(3)?;
    assert_eq!(replay.len()?, 3);
    replay.check()
}

#[test]
fn a_learner_finds_the_better_action() -> Result<()> {
    let learner = Learner::new(2, 3, 0.0, 1)?;
    for _ in 0..400 {
        for (state, &action) in (0..).zip(&learner.choose(&[0, 1])?) {
            let reward = if action == state + 1 { 1.0 } else { 0.0 };
            let next = state;
            let seen = Transition { state, action, reward, next, ..Default::default() };
            learner.observe(&[seen])?;
        }
    }
    let q = learner.q()?;
    assert!(q[0][1] > q[0][0] && q[1][2] > q[1][0]);
    let wrong = Transition { state: 9, ..Default::default() };
    assert_eq!(learner.observe(&[wrong]).unwrap_err().kind(), Kind::Argument);
    let both = Transition { terminated: true, truncated: true, ..Default::default() };
    assert_eq!(learner.observe(&[both]).unwrap_err().kind(), Kind::Argument);
    Ok(())
}
