//! build.rs - links libgyre: from GYRE_LIB_DIR when that is set, else as pkg-config says, else,
//! with the feature `bundled`, compiled here. Without that it is left to the linker.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What pkg-config says of libgyre; false where it knows none.
fn pkg_config() -> bool {
    let asked = Command::new("pkg-config").args(["--libs", "--cflags", "libgyre"]).output();
    let said = match asked {
        Ok(said) if said.status.success() => said.stdout,
        _ => return false,
    };
    for word in String::from_utf8_lossy(&said).split_whitespace() {
        match (word.strip_prefix("-L"), word.strip_prefix("-l"), word.strip_prefix("-I")) {
            (Some(folder), _, _) => println!("cargo:rustc-link-search=native={}", folder),
            (_, Some(library), _) => println!("cargo:rustc-link-lib={}", library),
            (_, _, Some(folder)) => println!("cargo:include={}", folder),
            _ => {}
        }
    }
    true
}

/// The source in this package, where `tools/dist --crates` puts it; else that of the tree this lies
/// in.
fn source() -> (PathBuf, Vec<PathBuf>) {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap());
    let single = here.join("bundled").join("gyre_c.cpp");
    if single.exists() {
        return (single, Vec::new());
    }
    let capi = here.join("../..");
    (capi.join("gyre.cpp"), vec![capi.join("../include"), capi])
}

fn run(command: &mut Command) {
    let done = command.status();
    assert!(matches!(done, Ok(status) if status.success()), "{:?}: {:?}", command, done);
}

/// The source and its headers, from the rule for make that the compiler wrote beside its object;
/// nothing where it wrote none.
fn reads(rule: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(rule).unwrap_or_default();
    let text = text.replace("\\\n", " ").replace("\\ ", "\0");
    let files = text.split_whitespace().skip(1); // the first is what is made
    files.map(|file| file.replace('\0', " ")).collect()
}

/// libgyre.a, compiled here.
fn bundled() {
    let (source, includes) = source();
    let out = PathBuf::from(env::var("OUT_DIR").unwrap());
    let (object, archive) = (out.join("gyre.o"), out.join("libgyre.a"));
    let compiler = env::var("CXX").unwrap_or_else(|_| "c++".to_string());
    let level = env::var("OPT_LEVEL").unwrap_or_else(|_| "2".to_string());
    let mut command = Command::new(compiler);
    command.args(["-std=c++20", "-fPIC", "-ffp-contract=off", "-pthread", "-MMD", "-c"]);
    command.arg(format!("-O{}", level)).arg(&source).arg("-o").arg(&object);
    for folder in &includes {
        command.arg("-I").arg(folder);
    }
    run(&mut command);
    let _ = std::fs::remove_file(&archive);
    run(Command::new(env::var("AR").unwrap_or_else(|_| "ar".to_string()))
        .arg("crs")
        .args([&archive, &object]));
    println!("cargo:rerun-if-changed={}", source.display());
    for file in reads(&out.join("gyre.d")) {
        println!("cargo:rerun-if-changed={}", file);
    }
    println!("cargo:rustc-link-search=native={}", out.display());
    println!("cargo:rustc-link-lib=static=gyre");
    let apple = Path::new("/System/Library").exists();
    for library in ["z", if apple { "c++" } else { "stdc++" }] {
        println!("cargo:rustc-link-lib={}", library);
    }
}

fn main() {
    for name in ["GYRE_LIB_DIR", "PKG_CONFIG_PATH", "CXX", "AR"] {
        println!("cargo:rerun-if-env-changed={}", name);
    }
    println!("cargo:rerun-if-changed=build.rs");
    if let Ok(folder) = env::var("GYRE_LIB_DIR") {
        println!("cargo:rustc-link-search=native={}", folder);
        println!("cargo:rustc-link-lib=gyre");
    } else if !pkg_config() {
        if env::var_os("CARGO_FEATURE_BUNDLED").is_some() {
            bundled();
        } else {
            println!(
                "cargo:warning=pkg-config finds no libgyre: `make install`, or the feature bundled"
            );
            println!("cargo:rustc-link-lib=gyre");
        }
    }
}
