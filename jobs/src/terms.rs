//! Terminologies an operator loads in place of the compiled ones, kept in the data folder.
//!
//! Each is one file, `terms/<name>.terms`, replaced as a whole. Notes are read anew after a change.

use crate::Error;
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

/// Reads every terminology there is, by name.
///
/// # Errors
/// [`Error::Input`] when a file cannot be read.
pub(crate) fn read_all(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut all = Vec::new();
    for path in files(folder)? {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let bytes = std::fs::read(&path)
            .map_err(|source| Error::Input { path: path.display().to_string(), source })?;
        all.push((name, bytes));
    }
    Ok(all)
}

/// What changes when a terminology does; empty when none is loaded.
pub(crate) fn stamp(folder: &Path) -> String {
    let Ok(files) = files(folder) else { return String::new() };
    let mut stamp = String::new();
    for path in files {
        let known = std::fs::metadata(&path).and_then(|meta| Ok((meta.len(), meta.modified()?)));
        // The name only: the same folder may be named by another path.
        stamp.push_str(&format!("{:?}:{known:?};", path.file_name()));
    }
    if stamp.is_empty() { stamp } else { format!("+{:016x}", xxh3_64(stamp.as_bytes())) }
}

/// Puts a terminology in the folder, replacing one of the same name.
///
/// # Errors
/// [`Error::Output`].
pub(crate) fn write(folder: &Path, name: &str, terms: &[u8]) -> Result<(), Error> {
    let path = folder.join(format!("{name}.terms"));
    let failed = |source| Error::Output { path: path.display().to_string(), source };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let beside = path.with_extension("new");
    std::fs::write(&beside, terms).map_err(failed)?;
    std::fs::rename(&beside, &path).map_err(failed)
}

fn files(folder: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    let failed = |source| Error::Input { path: folder.display().to_string(), source };
    let mut files = Vec::new();
    match std::fs::read_dir(folder) {
        Ok(entries) => {
            for entry in entries {
                let path = entry.map_err(failed)?.path();
                if path.extension().is_some_and(|extension| extension == "terms") {
                    files.push(path);
                }
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(source) => return Err(failed(source)),
    }
    files.sort();
    Ok(files)
}
