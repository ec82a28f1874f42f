//! What several examples need.

use std::path::Path;
use synth::gmf::Files;

/// Adds the modules and tables of a folder.
pub fn read(root: &Path, folder: &Path, files: &mut Files) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(root, &path, files)?;
        } else if let Ok(below) = path.strip_prefix(root) {
            let name = below.to_string_lossy().into_owned();
            if name.ends_with(".json") || name.ends_with(".csv") {
                files.add(&name, std::fs::read(&path)?);
            }
        }
    }
    Ok(())
}
