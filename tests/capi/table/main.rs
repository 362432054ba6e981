//! main.rs - two loops for a minute of virtual time, their table and trace, in Rust.
//! Method: one program in six languages; table.py compares what they print.
use gyre::{Driver, Engine, LoopOptions, Times};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

fn main() -> gyre::Result<()> {
    let engine = Engine::with(Driver::Virtual, 7, None)?;
    let levels = [0.0, 1.0, 3.0, 6.0, 9.0];
    let options = LoopOptions::new("ship", Duration::from_millis(20)).knob("level", &levels);
    let ship = engine.add(options, |tick| {
        let level = tick.knob("level")?;
        tick.reward(if level < 6.0 { level } else { 12.0 - level })
    })?;
    let n = AtomicU32::new(0);
    let options = LoopOptions::new("poll", Duration::from_millis(50))
        .knob("batch", &[1.0, 4.0, 16.0])
        .feature("load", &[10.0, 20.0, 30.0]);
    let poll = engine.add(options, move |tick| {
        let i = n.fetch_add(1, Ordering::Relaxed);
        let load = f64::from(i * 7 % 40);
        tick.feature("load", load)?;
        let batch = tick.knob("batch")?;
        if i % 97 == 96 {
            panic!("now and then");
        }
        tick.reward(if load < 20.0 { batch } else { 16.0 - batch })
    })?;
    std::panic::set_hook(Box::new(|_| ())); // a panic is a failed tick; its text is kept there
    engine.advance_to(Duration::from_secs(60))?;
    for each in [&ship, &poll] {
        let m = each.metrics()?;
        let late = each.histogram(Times::Late)?;
        let row = format!("{:<6} {:6} {:4} {:9.3}", m.name, m.cycles, m.errors, m.mean_reward);
        println!("{row} {:6} of {}", late[0].1, late.len());
    }
    println!("trace {}", engine.trace_hash()?);
    Ok(())
}
