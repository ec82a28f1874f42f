//! Measures the extraction of index values by resource type.
//!
//! ```text
//! cargo run --release -p fhir --example bench_extract [FOLDER] [ROUNDS]
//! ```
//!
//! `FOLDER` holds NDJSON files (plain or gzip); without it the shared `synthea-2021` is used.

use bytes::Bytes;
use fhir::Resource;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).map_or_else(
        || {
            std::env::var_os("TARN_SHARED")
                .map_or_else(
                    || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
                    PathBuf::from,
                )
                .join("data/fhir/synthea-2021")
        },
        PathBuf::from,
    );
    let rounds: usize = std::env::args().nth(2).map_or(Ok(5), |text| text.parse())?;
    println!("{:<26}{:>9}{:>12}{:>10}", "type", "count", "values each", "us each");

    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.sort();
    let (mut all_count, mut all_values, mut all_time) = (0, 0, Duration::ZERO);
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.contains(".ndjson") || name.starts_with("log.") {
            continue;
        }
        let mut text = Vec::new();
        let opened = std::fs::File::open(&file)?;
        if name.ends_with(".gz") {
            flate2::read::GzDecoder::new(opened).read_to_end(&mut text)?;
        } else {
            std::io::BufReader::new(opened).read_to_end(&mut text)?;
        }
        let text = Bytes::from(text);
        let lines: Vec<Bytes> = text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| text.slice_ref(line))
            .collect();
        let (mut best, mut count, mut values) = (Duration::MAX, 0, 0);
        for _ in 0..rounds {
            let mut time = Duration::ZERO;
            (count, values) = (0, 0);
            // In chunks, as import does it: what was parsed is used while it is in the cache.
            for chunk in lines.chunks(256) {
                let parsed: Vec<_> =
                    chunk.iter().filter_map(|line| Resource::parse(line.clone()).ok()).collect();
                count += parsed.len();
                let start = Instant::now();
                for resource in &parsed {
                    fhir::search::extract(resource, &mut |parameter, value| {
                        std::hint::black_box((parameter, &value));
                        values += 1;
                    });
                }
                time += start.elapsed();
            }
            best = best.min(time);
        }
        print(name.split('.').next().unwrap_or_default(), count, values, best);
        all_count += count;
        all_values += values;
        all_time += best;
    }
    print("all", all_count, all_values, all_time);
    Ok(())
}

fn print(name: &str, count: usize, values: usize, time: Duration) {
    let each = |total: f64| total / count.max(1) as f64;
    let us = each(time.as_secs_f64() * 1e6);
    println!("{name:<26}{count:>9}{:>12.1}{us:>10.2}", each(values as f64));
}
