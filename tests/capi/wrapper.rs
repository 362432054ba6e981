//! wrapper.rs - what the Rust wrapper promises beyond its example.
//! Method: scenarios, a line each; examples.py checks that all end in ": true".
use gyre::{Driver, Engine, Error, Feature, Knob, LoopOptions, Mode, Result, ServeOptions};
use gyre::{Tuner, Tuning};
use std::sync::mpsc::{channel, Sender};
use std::sync::Arc;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(60);

/// Says that it was dropped.
struct Told(Sender<()>);
impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// A panic's value that panics once more as it is dropped.
struct Bomb;
impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("as it is dropped");
    }
}

/// Panics with a bomb as it is dropped.
struct Mine;
impl Drop for Mine {
    fn drop(&mut self) {
        std::panic::panic_any(Bomb);
    }
}

/// No time is no time, not the header's default of 5 s; the error names who did not end.
fn stops_at_once() -> Result<bool> {
    let engine = Engine::new(Driver::Workers)?;
    let (entered, inside) = channel();
    let (release, held) = channel::<()>();
    engine.add(LoopOptions::new("holds", SOON), move |_| {
        let _ = entered.send(());
        let _ = held.recv();
        Ok(())
    })?;
    engine.start()?;
    inside.recv().expect("it ticks");
    let begin = Instant::now();
    let stopped = engine.stop(Duration::ZERO);
    let at_once = begin.elapsed() < Duration::from_secs(3);
    drop(release);
    Ok(at_once && stopped.map_or_else(|error| error.text.contains("holds"), |_| false))
}

/// An engine whose last owner is one of its own closures is freed, and that closure with it.
fn is_freed_inside() -> Result<bool> {
    let engine = Arc::new(Engine::new(Driver::Workers)?);
    let (told, freed) = channel();
    let (go, may) = channel::<()>();
    let (mut own, told) = (Some(Arc::clone(&engine)), Told(told));
    engine.add(LoopOptions::new("owns", SOON), move |_| {
        let _whole = &told; // captured, so dropped with the closure
        if let Some(engine) = own.take() {
            let _ = may.recv();
            drop(engine);
        }
        Ok(())
    })?;
    engine.start()?;
    drop(engine);
    let _ = go.send(());
    Ok(freed.recv_timeout(LONG).is_ok())
}

/// Panics with values that panic as they are dropped stay on this side of C.
fn keeps_panics() -> Result<bool> {
    let engine = Engine::new(Driver::Virtual)?;
    let mine = Mine;
    engine.add(LoopOptions::new("bombs", SOON), move |_| {
        let _whole = &mine;
        std::panic::panic_any(Bomb)
    })?;
    engine.advance_to(Duration::from_millis(5))?;
    let errors = engine.totals()?.errors;
    drop(engine);
    Ok(errors > 0)
}

/// A text with a NUL is refused as a name and kept as a reason.
fn knows_nul() -> Result<bool> {
    let engine = Engine::new(Driver::Virtual)?;
    let refused = engine.add(LoopOptions::new("a\0b", SOON), |_| Ok(())).is_err();
    engine.add(LoopOptions::new("fails", SOON), |_| {
        Err(Error { code: -99, text: "before\0after".to_string() })
    })?;
    engine.advance_to(Duration::from_millis(5))?;
    let kept = engine.snapshot_json()?;
    Ok(refused && kept.contains("before") && kept.contains("after"))
}

/// A removed loop's closure is dropped, at the latest as its last tick returns.
fn drops_closures() -> Result<bool> {
    let engine = Engine::new(Driver::Virtual)?;
    let (told, freed) = channel();
    let told = Told(told);
    let added = engine.add(LoopOptions::new("goes", SOON), move |_| {
        let _whole = &told;
        Ok(())
    })?;
    engine.advance_to(Duration::from_millis(5))?;
    let before = freed.try_recv().is_err();
    added.remove()?;
    Ok(before && freed.try_recv().is_ok())
}

/// The address that it returns opens, and no more once it has ended; or it says what is missing.
fn is_served() -> Result<bool> {
    use std::io::{Read, Write};
    let engine = Engine::new(Driver::Virtual)?;
    let options = ServeOptions { port: gyre::ffi::GYRE_SERVE_ANY_PORT, ..Default::default() };
    let url = match engine.serve(&options) {
        Ok(url) => url,
        Err(error) => return Ok(error.text.contains("cpp-httplib")),
    };
    let (host, path) = url.trim_start_matches("http://").split_once('/').expect("an address");
    let mut stream = std::net::TcpStream::connect(host).expect("it listens");
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("it takes a request");
    let mut said = String::new();
    stream.read_to_string(&mut said).expect("it answers");
    let twice = engine.serve(&options).is_err();
    engine.stop_serving()?;
    let ended = std::net::TcpStream::connect(host).is_err();
    Ok(said.starts_with("HTTP/1.1 200") && said.contains("data-served") && twice && ended)
}

/// What "zlib" or "none" earns for a read (0) or a write (1), a little apart from call to call.
fn earned(request: f64, codec: f64, call: u32) -> f64 {
    let noise = f64::from(call * 7919 % 101) / 50.0;
    10.0 - if request == codec { 4.0 } else { 0.0 } + noise
}

/// A tuner by itself learns, refuses in words, and goes on from what it saved.
fn tunes_alone() -> Result<bool> {
    let level = Knob::new("level", &gyre::linear(0.0, 4.0, 5)?);
    let knobs = [level, Knob::named("codec", &["zlib", "none"])];
    let seen = [Feature::named("request", &["read", "write"])];
    let rails = Tuning { forbidden: vec![vec![("level".to_string(), 4.0)]], ..Default::default() };
    let tuner = Tuner::new(&knobs, &seen, &rails, 3)?;
    for call in 0..400 {
        let request = f64::from(call % 2);
        let state = tuner.state(&[request])?;
        let action = tuner.choose(state, &[])?.action;
        let values = tuner.values(action)?;
        if values[0] == 4.0 {
            return Ok(false);
        }
        tuner.observe(state, action, earned(request, values[1], call) + values[0])?;
    }
    let found = [tuner.report(0)?, tuner.report(1)?].map(|r| tuner.values(r.best));
    let [read, write] = found;
    let refused = tuner.observe(9, 0, 1.0).is_err() && tuner.choose(0, &[77]).is_err();
    let other = Tuner::new(&knobs, &seen, &rails, 3)?;
    other.load(&tuner.save()?)?;
    let same = (0..20).all(|_| tuner.choose(0, &[]) == other.choose(0, &[]));
    let learned = tuner.learned()?;
    let counted = learned.observations == 400 && learned.refused == 1 && learned.actions == 10;
    let log = gyre::Decisions {
        states: vec![0, 0, 0, 0, 9],
        actions: vec![0, 1, 1, 0, 0],
        propensities: vec![0.5, 0.5, 0.25, 0.75, 1.0],
        rewards: vec![1.0, 3.0, 5.0, 1.0, 0.0],
    };
    let what = gyre::what_if(&log, 1, 2, 1)?;
    if what.rows != 4 || what.refused != 1 || (what.ips.value - 6.5).abs() > 1e-9
        || (what.as_seen.value - 4.0).abs() > 1e-9 || gyre::what_if(&log, 1, 2, 2).is_ok()
    {
        return Ok(false);
    }
    let bad = Tuning { baseline: vec![("level".to_string(), 9.0)], ..Default::default() };
    let refusal = Tuner::new(&knobs, &seen, &bad, 3);
    let told = refusal.map_or_else(|e| e.text.contains("level"), |_| false);
    Ok(read? == [3.0, 1.0] && write? == [3.0, 0.0] && refused && same && counted && told)
}

/// A loop's rails, modes and what it learned are those of its options.
fn tunes_in_a_loop() -> Result<bool> {
    let engine = Engine::new(Driver::Virtual)?;
    let rails = Tuning {
        baseline: vec![("codec".to_string(), 0.0)],
        mode: Mode::Observe,
        ..Default::default()
    };
    let options = LoopOptions::new("tuned", Duration::from_millis(10))
        .with_knob(Knob::named("codec", &["zlib", "none"]))
        .with_feature(Feature::named("request", &["read", "write"]))
        .tuning(rails);
    let mut call = 0;
    let tuned = engine.add(options, move |tick| {
        call += 1;
        let request = f64::from(call % 2);
        tick.feature("request", request)?;
        tick.cost(20.0 - earned(request, tick.knob("codec")?, call))
    })?;
    engine.start()?;
    engine.advance_to(Duration::from_secs(1))?;
    let watched = tuned.learned()?.cells_tried == 2;
    tuned.set_mode(Mode::Tune)?;
    engine.advance_to(Duration::from_secs(9))?;
    let (read, write) = (tuned.report(0)?, tuned.report(1)?);
    let found = tuned.values(read.best)? == [1.0] && tuned.values(write.best)? == [0.0];
    let told = read.baseline.map_or(false, |b| b < read.low) && read.high < 0.0;
    Ok(watched && found && told && engine.snapshot_json()?.contains("\"zlib\""))
}

fn main() -> Result<()> {
    std::panic::set_hook(Box::new(|_| ())); // no backtraces on stderr
    println!("stops at once: {}", stops_at_once()?);
    println!("is freed inside: {}", is_freed_inside()?);
    println!("keeps panics: {}", keeps_panics()?);
    println!("knows NUL: {}", knows_nul()?);
    println!("drops closures: {}", drops_closures()?);
    println!("is served: {}", is_served()?);
    println!("tunes alone: {}", tunes_alone()?);
    println!("tunes in a loop: {}", tunes_in_a_loop()?);
    Ok(())
}
