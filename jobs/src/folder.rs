//! Files of a folder and of the folders in it.

use crate::Error;
use std::collections::HashSet;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

/// How deep folders may lie in the folder given.
const DEPTH_MAX: usize = 16;

/// Something in a folder that is not a folder itself; perhaps a pipe or a device.
pub(crate) struct Found {
    /// Its path below the folder given, with `/`.
    pub inside: String,
    /// Its path.
    pub path: PathBuf,
    /// What the system says about it.
    pub about: Metadata,
}

/// What lies below a folder and has a name that is wanted, by name. Names that begin with a dot are
/// left out; a folder that links lead to more than once, such as a loop, is read once.
///
/// # Errors
/// [`Error::Input`]: what could not be read, and folders too deep in one another.
pub(crate) fn files(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    descend(folder, "", &wanted, &mut HashSet::new(), &mut found)?;
    Ok(found)
}

fn descend(
    folder: &Path,
    above: &str,
    wanted: &impl Fn(&str) -> bool,
    seen: &mut HashSet<PathBuf>,
    found: &mut Vec<Found>,
) -> Result<(), Error> {
    let failed = |path: &Path, source| Error::Input { path: path.display().to_string(), source };
    let real = std::fs::canonicalize(folder).map_err(|source| failed(folder, source))?;
    if !seen.insert(real) {
        return Ok(());
    }
    if above.matches('/').count() > DEPTH_MAX {
        let source =
            std::io::Error::other(format!("folders lie more than {DEPTH_MAX} deep in one another"));
        return Err(failed(folder, source));
    }
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|e| e.file_name())).collect())
        .map_err(|source| failed(folder, source))?;
    names.sort();
    for name in names {
        let path = folder.join(&name);
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        let about = match std::fs::metadata(&path) {
            Ok(about) => about,
            // A link to nowhere, say, that nobody would read.
            Err(_) if !wanted(name) => continue,
            Err(source) => return Err(failed(&path, source)),
        };
        let inside = format!("{above}{name}");
        if about.is_dir() {
            descend(&path, &format!("{inside}/"), wanted, seen, found)?;
        } else if wanted(name) {
            found.push(Found { inside, path, about });
        }
    }
    Ok(())
}
