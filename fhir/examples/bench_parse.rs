//! Measures parsing and validation by resource type.
//!
//! ```text
//! cargo run --release -p fhir --example bench_parse [FOLDER] [ROUNDS]
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
    let start = Instant::now();
    fhir::ResourceType::parse("Patient");
    println!("definitions read in {:.2} ms", start.elapsed().as_secs_f64() * 1e3);
    println!(
        "{:<26}{:>9}{:>9}{:>9}{:>10}{:>9}{:>10}",
        "type", "count", "bytes", "nodes", "us each", "MB/s", "body us"
    );

    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let mut total = Row::default();
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
        let mut best = Row { parse: Duration::MAX, body: Duration::MAX, ..Row::default() };
        for _ in 0..rounds {
            let mut row = Row { count: lines.len(), bytes: text.len(), ..Row::default() };
            // In chunks, as import does it: what was parsed is used while it is in the cache.
            for chunk in lines.chunks(256) {
                let start = Instant::now();
                let parsed: Vec<_> =
                    chunk.iter().filter_map(|line| Resource::parse(line.clone()).ok()).collect();
                row.parse += start.elapsed();
                let start = Instant::now();
                for resource in &parsed {
                    std::hint::black_box(resource.body());
                }
                row.body += start.elapsed();
                row.nodes += parsed.iter().map(Resource::node_count).sum::<usize>();
            }
            best = Row { parse: best.parse.min(row.parse), body: best.body.min(row.body), ..row };
        }
        best.print(name.split('.').next().unwrap_or_default());
        total.add(&best);
    }
    total.print("all");
    Ok(())
}

#[derive(Default)]
struct Row {
    count: usize,
    bytes: usize,
    nodes: usize,
    parse: Duration,
    body: Duration,
}

impl Row {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.bytes += other.bytes;
        self.nodes += other.nodes;
        self.parse += other.parse;
        self.body += other.body;
    }

    fn print(&self, name: &str) {
        let count = self.count as f64;
        println!(
            "{name:<26}{:>9}{:>9.0}{:>9.0}{:>10.2}{:>9.0}{:>10.2}",
            self.count,
            self.bytes as f64 / count,
            self.nodes as f64 / count,
            self.parse.as_secs_f64() * 1e6 / count,
            self.bytes as f64 / 1e6 / self.parse.as_secs_f64(),
            self.body.as_secs_f64() * 1e6 / count,
        );
    }
}
