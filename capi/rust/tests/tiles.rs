//! tiles.rs - a learner over tiles, and a learner that is cut off, through the crate.
//! Method: use; what was saved goes on bit for bit, and what is wrong is an error.
use gyre::{ffi, Axis, Dqn, Kind, Learner, Result, Steps, Tiles, Transition};

fn small() -> Result<Tiles> {
    let options = ffi::gyre_tiles_options {
        actions: 2,
        tilings: 4,
        weights: 1024,
        lambda: 0.5,
        discount: 0.125,
        explore_from: 0.25,
        seed: 9,
        ..Default::default()
    };
    let axes = [Axis { low: 0.0, high: 1.0, cuts: 4 }, Axis { low: -1.0, high: 1.0, cuts: 4 }];
    Tiles::with(&options, &axes)
}

fn at(i: u32) -> [f32; 2] {
    [(i * 7 % 32) as f32 / 32.0, (i * 5 % 16) as f32 / 8.0 - 1.0]
}

#[test]
fn tiles_learn_where_to_go_and_go_on_from_what_was_saved() -> Result<()> {
    let (tiles, other) = (small()?, small()?);
    for i in 0..600 {
        let seen = at(i);
        let actions = &tiles.choose(&seen)?[..]; // 1 pays in the right half, 0 in the left
        let rewards = &[if (actions[0] == 1) == (seen[0] >= 0.5) { 1.0 } else { 0.0 }][..];
        let flags = &[u32::from(i % 8 == 7) * ffi::GYRE_TRANSITION_TERMINATED][..];
        tiles.observe(&Steps { seen: &seen, actions, rewards, next: &at(i + 1), flags })?;
    }
    let places: Vec<f32> = (0..32).flat_map(at).collect();
    for (action, seen) in tiles.greedy(&places)?.into_iter().zip(places.chunks(2)) {
        assert_eq!(action == 1, seen[0] >= 0.5, "in {seen:?}");
    }
    let mut into = [9; 32];
    tiles.greedy_into(&places, &mut into)?;
    assert_eq!(into[..], tiles.greedy(&places)?[..]);
    assert_eq!(tiles.choose_into(&places, &mut into[..31]).unwrap_err().kind(), Kind::Argument);
    let saved = tiles.save()?;
    other.load(&saved)?;
    assert_eq!(other.choose(&places)?, tiles.choose(&places)?);
    assert_eq!(other.save()?, tiles.save()?);
    assert_eq!(other.load(&saved[..20]).unwrap_err().kind(), Kind::Corrupt);
    assert_eq!(tiles.choose(&[1.0]).unwrap_err().kind(), Kind::Argument);
    let (seen, next) = (&at(1)[..], &at(2)[..]);
    let wrong = Steps { seen, actions: &[2], rewards: &[0.0], next, flags: &[] };
    assert_eq!(tiles.observe(&wrong).unwrap_err().kind(), Kind::Argument);
    let short = Steps { seen, actions: &[1], rewards: &[], next, flags: &[] };
    assert_eq!(tiles.observe(&short).unwrap_err().kind(), Kind::Argument);
    assert_eq!(Tiles::new(&[], 2, 1).err().unwrap().kind(), Kind::Argument);
    Ok(())
}

#[test]
fn what_was_cut_off_goes_on_being_worth_something() -> Result<()> {
    let options = |discount| ffi::gyre_learner_options {
        states: 2,
        actions: 1,
        discount,
        learning_rate: 0.5,
        method: ffi::GYRE_METHOD_Q_LAMBDA,
        lambda: ffi::GYRE_NONE,
        ..Default::default()
    };
    let step = Transition { state: 0, reward: 1.0, next: 1, ..Default::default() };
    let worth = |last: Transition| -> Result<f32> {
        let learner = Learner::with(&options(0.5))?;
        for _ in 0..60 {
            let (state, next) = (1, 1); // it earns 1 for ever, which is worth 2
            learner.observe(&[Transition { state, next, reward: 1.0, ..Default::default() }])?;
        }
        for _ in 0..60 {
            learner.observe(&[last])?;
        }
        Ok(learner.q()?[0][0])
    };
    assert!((worth(Transition { truncated: true, ..step })? - 2.0).abs() < 0.01);
    assert!((worth(Transition { terminated: true, ..step })? - 1.0).abs() < 0.01);
    Ok(())
}

/// A size that is not the struct's would have the library read what lies behind it.
#[test]
fn options_are_of_their_own_size_whatever_they_say() -> Result<()> {
    let learner =
        ffi::gyre_learner_options { states: 2, actions: 2, size: 1200, ..Default::default() };
    let tiles = ffi::gyre_tiles_options { actions: 2, size: 1200, ..Default::default() };
    let dqn = ffi::gyre_dqn_options { inputs: 1, actions: 2, size: 1200, ..Default::default() };
    let (learner, tiles, dqn) = ([learner; 16], [tiles; 16], [dqn; 16]); // not 0 behind the first
    let axes = [Axis { low: 0.0, high: 1.0, cuts: 4 }];
    assert_eq!(Learner::with(&learner[0])?.metrics()?.states, 2);
    assert_eq!(Tiles::with(&tiles[0], &axes)?.choose(&[0.0])?.len(), 1);
    assert_eq!(Dqn::with(&dqn[0], &[])?.metrics()?.inputs, 1);
    Ok(())
}
