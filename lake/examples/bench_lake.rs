//! What tables and SQL cost: `cargo run --release -p lake --example bench_lake -- FOLDER [TIMES]`
//! with a folder of NDJSON, read `TIMES` times over (ids made new). One thread but for queries.

use fhir::{Resource, ResourceType};
use lake::{Lake, Part, QueryOptions, Settings, Stamp};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const CHUNK: usize = 4_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("name a folder of NDJSON files")?);
    let times: usize = arguments
        .next()
        .and_then(|times| times.to_str().and_then(|times| times.parse().ok()))
        .unwrap_or(1);
    let mut texts: Vec<(String, String)> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.contains(".ndjson") {
            continue;
        }
        let bytes = std::fs::read(&path)?;
        let mut text = String::new();
        if name.ends_with(".gz") {
            flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text)?;
        } else {
            text = String::from_utf8(bytes)?;
        }
        texts.push((name, text));
    }
    texts.sort();

    let tables = tempfile::tempdir()?;
    let lake = Lake::open(tables.path(), Settings::default()).await?;
    let mut shredding: BTreeMap<ResourceType, (usize, Duration, usize)> = BTreeMap::new();
    let mut next: BTreeMap<ResourceType, u32> = BTreeMap::new();
    let (mut parsing, mut applying, mut resources, mut commit) =
        (Duration::ZERO, Duration::ZERO, 0, 0);
    for round in 0..times {
        for (_, text) in &texts {
            let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
            for lines in lines.chunks(CHUNK) {
                let started = Instant::now();
                let mut parsed: Vec<Resource> = Vec::with_capacity(lines.len());
                for line in lines {
                    let resource = Resource::parse(line.to_string())?;
                    let id = format!("{}-{round}", resource.id().unwrap_or_default());
                    parsed.push(if round > 0 { resource.with_id(&id) } else { resource });
                }
                parsing += started.elapsed();
                let resource_type = parsed[0].resource_type();
                let bytes: usize = parsed.iter().map(|resource| resource.text().len()).sum();
                let started = Instant::now();
                let rows = Lake::shred(resource_type, &parsed)?;
                let took = shredding.entry(resource_type).or_default();
                took.0 += parsed.len();
                took.1 += started.elapsed();
                took.2 += bytes;
                resources += parsed.len();
                let first = next.entry(resource_type).or_default();
                let stamps: Vec<Stamp> = (*first..)
                    .take(parsed.len())
                    .map(|ordinal| Stamp { ordinal, version_id: 1 })
                    .collect();
                *first += u32::try_from(parsed.len())?;
                commit += 1;
                let started = Instant::now();
                let part = Part { resource_type, rows: Some(rows), stamps, dead: Vec::new() };
                lake.apply(commit, 1_700_000_000_000_000, vec![part])?;
                applying += started.elapsed();
            }
        }
    }
    println!("{resources} resources; parse {parsing:.2?}, apply {applying:.2?} (waits included)");
    println!("\n{:24} {:>9} {:>12} {:>9}", "shred", "rows", "rows/s", "MB/s");
    let mut total = (0, Duration::ZERO);
    for (resource_type, (rows, took, bytes)) in &shredding {
        let seconds = took.as_secs_f64();
        total = (total.0 + rows, total.1 + *took);
        println!(
            "{:24} {rows:>9} {:>12.0} {:>9.0}",
            resource_type.name(),
            *rows as f64 / seconds,
            *bytes as f64 / seconds / 1e6
        );
    }
    println!("{:24} {:>9} {:>12.0}", "all", total.0, total.0 as f64 / total.1.as_secs_f64());

    let started = Instant::now();
    lake.flush(true).await?;
    let (files, bytes) =
        lake.tables().iter().fold((0, 0), |sum, info| (sum.0 + info.files, sum.1 + info.bytes));
    println!(
        "\nlast flush {:.2?}; {files} files, {:.1} MB, {} bytes a row",
        started.elapsed(),
        bytes as f64 / 1e6,
        bytes / u64::try_from(resources.max(1))?
    );

    println!("\n{:>10} {:>10}  query", "first", "best of 5");
    for sql in [
        "SELECT 1",
        "SELECT count(*) FROM observation",
        "SELECT gender, count(*) FROM patient GROUP BY gender",
        "SELECT code.coding[1].code, count(*), avg(valuequantity.value) FROM observation GROUP BY 1 ORDER BY 2 DESC LIMIT 10",
        "SELECT date_trunc('month', effectivedatetime_start), count(*) FROM observation GROUP BY 1",
        "SELECT p.gender, count(*), avg(o.valuequantity.value) FROM observation o JOIN patient p ON o.subject_id = p.id GROUP BY 1",
        "SELECT e.class.code, c.code.coding[1].display, count(*) FROM condition c JOIN encounter e ON c.encounter_id = e.id GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 10",
        "SELECT * FROM observation WHERE subject_id = 'nobody'",
    ] {
        let mut took = Vec::new();
        for _ in 0..6 {
            let started = Instant::now();
            lake.query(sql, QueryOptions::default()).await?;
            took.push(started.elapsed());
        }
        let best = took[1..].iter().min().ok_or("no run")?;
        println!("{:>10.1?} {best:>10.1?}  {sql}", took[0]);
    }
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
        println!("\n{peak}");
    }
    Ok(())
}
