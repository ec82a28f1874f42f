//! Modules are embedded by their content; a module file that is added must rebuild the crate too.

fn main() {
    println!("cargo::rerun-if-changed=modules");
}
