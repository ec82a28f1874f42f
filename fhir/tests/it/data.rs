//! Where published data lies, and how its lines are read.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// The shared data folder beside the workspace, if this machine has it.
pub fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("TARN_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from)
        .join("data/fhir");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no shared data folder; set TARN_SHARED to run this test");
    None
}

/// One line of a data set.
pub struct Line {
    /// `folder/file:line`.
    pub place: String,
    /// The JSON text.
    pub text: Vec<u8>,
}

/// Calls `each` with every line of the NDJSON files of a folder.
pub fn each_line(folder: &str, mut each: impl FnMut(Line)) -> usize {
    let Some(shared) = shared() else { return 0 };
    let mut files: Vec<PathBuf> = std::fs::read_dir(shared.join(folder))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let mut count = 0;
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("log.") || !name.contains(".ndjson") {
            continue;
        }
        let opened = std::fs::File::open(&file).expect("a file");
        let reader: Box<dyn Read> = if name.ends_with(".gz") {
            Box::new(flate2::read::GzDecoder::new(opened))
        } else {
            Box::new(opened)
        };
        for (number, line) in BufReader::new(reader).split(b'\n').enumerate() {
            let text = line.expect("a line");
            if !text.is_empty() {
                count += 1;
                each(Line { place: format!("{folder}/{name}:{}", number + 1), text });
            }
        }
    }
    count
}
