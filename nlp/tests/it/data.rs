//! Where published data lies.

use std::path::{Path, PathBuf};

/// The shared data folder beside the workspace, if this machine has it.
pub fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("TARN_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from)
        .join("data");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no shared data folder; set TARN_SHARED to run this test");
    None
}
