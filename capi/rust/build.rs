//! build.rs - links libgyre: from GYRE_LIB_DIR when that is set, else from where the linker looks.

fn main() {
    println!("cargo:rerun-if-env-changed=GYRE_LIB_DIR");
    if let Ok(dir) = std::env::var("GYRE_LIB_DIR") {
        println!("cargo:rustc-link-search=native={}", dir);
    }
    println!("cargo:rustc-link-lib=gyre");
}
