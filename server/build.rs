//! Makes a console built later part of the next build.

fn main() {
    let console = "../web/dist";
    // Cargo can only watch a folder that is there; an empty one means: not built yet.
    let _ = std::fs::create_dir_all(console);
    println!("cargo::rerun-if-changed={console}");
    println!("cargo::rerun-if-changed=dashboards");
}
