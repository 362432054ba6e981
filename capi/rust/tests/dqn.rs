//! dqn.rs - a learner by a network, through the crate.
//! Method: use; what was saved goes on bit for bit, and what is wrong is an error.
use gyre::{ffi, Dqn, Kind, Result, Steps};

fn small() -> Result<Dqn> {
    let options = ffi::gyre_dqn_options {
        inputs: 2,
        actions: 3,
        discount: ffi::GYRE_NONE,
        explore_over: 300.0,
        batch: 16,
        warmup: 16,
        capacity: 300,
        ..Default::default()
    };
    Dqn::with(&options, &[8, 8])
}

fn learn(dqn: &Dqn, times: u32) -> Result<()> {
    for i in 0..times {
        let seen = [(i % 2) as f32, 1.0];
        let actions = dqn.act(&seen)?;
        let rewards = [if actions[0] == i % 2 + 1 { 1.0 } else { 0.0 }];
        let flags = [ffi::GYRE_TRANSITION_TERMINATED];
        let (actions, rewards, flags) = (&actions[..], &rewards[..], &flags[..]);
        dqn.observe(&Steps { seen: &seen, actions, rewards, next: &seen, flags })?;
    }
    Ok(())
}

#[test]
fn a_dqn_finds_the_better_action_and_goes_on_from_what_was_saved() -> Result<()> {
    let (dqn, other) = (small()?, small()?);
    learn(&dqn, 600)?;
    let worth = dqn.worth(&[0.0, 1.0, 1.0, 1.0])?;
    assert!(worth[1] > worth[0] && worth[1] > worth[2]);
    assert!(worth[5] > worth[3] && worth[5] > worth[4]);
    let mut into = [0.0; 6];
    dqn.worth_into(&[0.0, 1.0, 1.0, 1.0], &mut into)?;
    assert_eq!(into[..], worth[..]);
    assert_eq!(dqn.act_into(&[0.0, 1.0], &mut []).unwrap_err().kind(), Kind::Argument);
    let mut saved = dqn.save()?;
    other.load(&saved)?;
    for each in [&dqn, &other] {
        learn(each, 50)?;
        each.train(2)?;
    }
    assert_eq!(other.save()?, dqn.save()?);
    *saved.last_mut().unwrap() ^= 1;
    assert!(other.load(&saved).is_err());
    assert_eq!(other.save()?, dqn.save()?);
    assert_eq!(dqn.act(&[1.0]).unwrap_err().kind(), Kind::Argument);
    let seen = [0.0, 1.0];
    let wrong = Steps { seen: &seen, actions: &[3], rewards: &[0.0], next: &seen, flags: &[] };
    assert_eq!(dqn.observe(&wrong).unwrap_err().kind(), Kind::Argument);
    assert_eq!(Dqn::new(0, 1, 1).err().unwrap().kind(), Kind::Argument);
    Ok(())
}
