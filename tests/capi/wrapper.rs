//! wrapper.rs - what the Rust wrapper promises beyond its example.
//! Method: scenarios, a line each; examples.py checks that all end in ": true".
use gyre::{Driver, Engine, Error, LoopOptions, Result, ServeOptions};
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

fn main() -> Result<()> {
    std::panic::set_hook(Box::new(|_| ())); // no backtraces on stderr
    println!("stops at once: {}", stops_at_once()?);
    println!("is freed inside: {}", is_freed_inside()?);
    println!("keeps panics: {}", keeps_panics()?);
    println!("knows NUL: {}", knows_nul()?);
    println!("drops closures: {}", drops_closures()?);
    println!("is served: {}", is_served()?);
    Ok(())
}
