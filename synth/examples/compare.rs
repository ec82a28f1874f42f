//! Compares two folders of FHIR NDJSON, plain or gzipped:
//! `cargo run --release -p synth --example compare -- DIR_A DIR_B [LIMIT | --json]`

use flate2::read::MultiGzDecoder;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use synth::compare::{Comparison, Side};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [a, b, rest @ ..] = arguments.as_slice() else {
        return Err("two folders are wanted".into());
    };
    let comparison = Comparison::of(&side(a)?, &side(b)?);
    match rest.first().map(String::as_str) {
        Some("--json") => println!("{}", serde_json::to_string_pretty(&comparison)?),
        Some(limit) => print!("{}", comparison.to_text(limit.parse()?)),
        None => print!("{}", comparison.to_text(30)),
    }
    Ok(())
}

fn side(folder: &str) -> Result<Side, Box<dyn Error>> {
    let mut side = Side::new(folder);
    let mut files: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    files.sort_by_key(fs::DirEntry::path);
    for file in files {
        let path = file.path();
        let name = file.file_name().to_string_lossy().into_owned();
        let Some((resource_type, _)) = name.split_once(".ndjson") else { continue };
        let mut lines = BufReader::with_capacity(1 << 20, open(&path)?);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            // Counted by the side, and told in the table.
            let _ = side.line(resource_type, &line);
            line.clear();
        }
    }
    Ok(side)
}

fn open(path: &Path) -> Result<Box<dyn Read>, std::io::Error> {
    let file = File::open(path)?;
    if path.extension().is_some_and(|extension| extension == "gz") {
        return Ok(Box::new(MultiGzDecoder::new(file)));
    }
    Ok(Box::new(file))
}
