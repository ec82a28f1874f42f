//! Measures the store on its own: bulk import by part, disk, searches, reads, durable single writes.
//!
//! ```text
//! cargo run --release -p store --example bench_store -- DATA-FOLDER [RESOURCES] [WORK-FOLDER]
//! ```
//!
//! `DATA-FOLDER` holds NDJSON, plain or gzip. It is repeated under other ids until `RESOURCES`
//! (default 200,000) are imported. Parts are CPU time of the one thread that imports, so that other
//! work on the machine does not count; what the engine merges in the background is not in them.

use fhir::{Resource, ResourceType, search::Query};
use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use store::{Access, Role, Settings, Store, SystemClock, Transaction, Write};

const CHUNK: usize = 4096;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let data = PathBuf::from(arguments.next().ok_or("name a folder of NDJSON")?);
    let wanted: usize =
        arguments.next().and_then(|text| text.to_str()?.parse().ok()).unwrap_or(200_000);
    let temporary = tempfile::tempdir()?;
    let folder = arguments.next().map_or_else(|| temporary.path().join("store"), PathBuf::from);
    let open = || Store::open(&folder, &Settings::default(), Arc::new(SystemClock));
    let store = open()?;
    let access = Access { key_id: "bench".to_owned(), role: Role::Admin };

    let mut files: Vec<PathBuf> = std::fs::read_dir(&data)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().contains(".ndjson"))
        .collect();
    files.sort();
    let mut resources = 0;
    let mut bytes = 0;
    let mut parts = Parts::default();
    let mut copy = 0;
    let process = process_cpu();
    while resources < wanted {
        for file in &files {
            let mut chunk = Vec::with_capacity(CHUNK);
            for line in lines(file)?.lines() {
                let started = cpu();
                let resource = Resource::parse(line?.into_bytes())?;
                let resource = match (copy, resource.id()) {
                    (1.., Some(id)) => {
                        resource.with_id(&format!("{}-{copy}", &id[..id.len().min(50)]))
                    }
                    _ => resource,
                };
                parts.parse += cpu() - started;
                bytes += resource.text().len();
                chunk.push(resource);
                resources += 1;
                if chunk.len() == CHUNK {
                    parts.write(&store, std::mem::take(&mut chunk))?;
                }
            }
            if !chunk.is_empty() {
                parts.write(&store, chunk)?;
            }
        }
        copy += 1;
    }
    let process = process_cpu() - process;
    let each = |time: Duration| time.as_secs_f64() * 1e6 / resources as f64;
    println!("| part | CPU µs/resource |\n|---|---|");
    for (name, time) in [
        ("parse (not in the rate)", parts.parse),
        ("extract", parts.extract),
        ("body", parts.body),
        ("prepare in all", parts.prepare),
        ("apply", parts.apply),
        ("apply, with waiting for the disk", parts.apply_waiting),
        ("all threads, merging and parsing too", process),
    ] {
        println!("| {name} | {:.2} |", each(time));
    }
    let busy = parts.prepare + parts.apply;
    println!(
        "\n{resources} resources, {:.0} bytes each, {:.0}/s prepared and applied on one thread",
        bytes as f64 / resources as f64,
        resources as f64 / busy.as_secs_f64()
    );
    let size = |store: &Store| {
        let statistics = store.statistics();
        let parts: Vec<String> = statistics
            .disk_parts
            .iter()
            .map(|(name, bytes)| format!("{name} {:.0}", *bytes as f64 / resources as f64))
            .collect();
        format!(
            "{:.0} B/resource ({})",
            statistics.disk_bytes as f64 / resources as f64,
            parts.join(", ")
        )
    };
    println!("disk before compaction: {}", size(&store));
    let started = Instant::now();
    store.compact()?;
    println!(
        "disk after compaction: {}, in {:.1} s",
        size(&store),
        started.elapsed().as_secs_f64()
    );

    drop(store);
    let started = Instant::now();
    let store = open()?;
    println!("open: {:.0} ms\n", started.elapsed().as_secs_f64() * 1e3);

    println!("| search | hits | p50 ms | p99 ms |\n|---|---|---|---|");
    let patient = first_id(&store, &access, "Patient").unwrap_or_default();
    for (name, text) in [
        ("Observation", String::new()),
        ("Observation", "code=8867-4".to_owned()),
        ("Observation", "code=http://loinc.org|8867-4&status=final".to_owned()),
        ("Observation", "category=vital-signs&status=final&_summary=count".to_owned()),
        ("Observation", format!("subject=Patient/{patient}&date=ge2010&_sort=-date")),
        ("Observation", "date=2019-03&_summary=count".to_owned()),
        ("Observation", "code=8867-4&date=2019&_sort=-date".to_owned()),
        ("Observation", "_sort=-date".to_owned()),
        ("Observation", "code=29463-7&value-quantity=gt80".to_owned()),
        ("Patient", "family=s&_sort=family".to_owned()),
        ("Patient", "gender=female&birthdate=lt1970".to_owned()),
        ("Encounter", "_sort=-_lastUpdated".to_owned()),
        ("Condition", "_sort=code".to_owned()),
    ] {
        let kind = ResourceType::parse(name).ok_or("an R4 type")?;
        let pairs: Vec<(String, String)> = text
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let (query, _) = Query::parse(kind, &pairs, false)?;
        let mut hits = 0;
        let times = repeat(200, || {
            let snapshot = store.snapshot(&access);
            let page = snapshot.search(&query)?;
            hits = page.total.unwrap_or(0);
            snapshot.bodies(kind, &page.ordinals).map(drop)
        })?;
        println!("| {name}?{text} | {hits} | {:.3} | {:.3} |", at(&times, 50), at(&times, 99));
    }

    let kind = ResourceType::parse("Observation").ok_or("an R4 type")?;
    let snapshot = store.snapshot(&access);
    let limit = snapshot.count(kind).max(1) as u32;
    let ids: Vec<String> = (0..2000u32)
        .filter_map(|at| snapshot.body(kind, (at.wrapping_mul(2_654_435_761)) % limit).ok())
        .map(|version| version.id)
        .collect();
    let mut place = 0;
    let times = repeat(ids.len(), || {
        place += 1;
        snapshot.read(kind, &ids[place - 1]).map(drop)
    })?;
    println!("\nread by id, at random: p50 {:.3} ms, p99 {:.3} ms", at(&times, 50), at(&times, 99));

    let mut searching = Vec::new();
    let store = &store;
    for threads in [1, 64] {
        let done = AtomicU64::new(0);
        let before = store.current_commit();
        let started = Instant::now();
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let done = &done;
                scope.spawn(move || {
                    let mut number = 0;
                    while started.elapsed() < Duration::from_secs(3) {
                        number += 1;
                        let text = format!(r#"{{"resourceType":"Basic","id":"w{threads}-{thread}-{number}","code":{{"text":"{number}"}},"created":"2024-01-01"}}"#);
                        let write = Resource::parse(text.into_bytes()).map(|resource| Transaction::single(Write::Create { resource }));
                        if write.is_ok_and(|write| store.apply(write).is_ok()) {
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let rate = done.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64();
        println!(
            "durable single writes, {threads} threads: {rate:.0}/s ({} commits)",
            store.current_commit() - before
        );
    }
    // What was just written lies in memory, one merge operand a write.
    let kind = ResourceType::parse("Basic").ok_or("an R4 type")?;
    for text in ["", "created=2024", "created=2024&_sort=-created", "created:missing=false"] {
        let pairs: Vec<(String, String)> = text
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let (query, _) = Query::parse(kind, &pairs, false)?;
        let mut number = 0;
        let times = repeat(50, || -> Result<(), Box<dyn std::error::Error>> {
            number += 1;
            let text = format!(
                r#"{{"resourceType":"Basic","id":"x{number}","code":{{"text":"{number}"}},"created":"2024-01-01"}}"#
            );
            store.apply(Transaction::single(Write::Update {
                resource: Resource::parse(text.into_bytes())?,
                if_match: None,
                if_none_match_any: false,
                create: true,
            }))?;
            let started = Instant::now();
            store.snapshot(&access).search(&query)?;
            searching.push(started.elapsed().as_secs_f64() * 1e3);
            Ok(())
        })?;
        searching.sort_by(f64::total_cmp);
        println!(
            "Basic?{text} right after a write: p50 {:.3} ms (with the write {:.3})",
            at(&searching, 50),
            at(&times, 50)
        );
        searching.clear();
    }
    println!("peak memory: {}", peak_memory().unwrap_or_default());
    Ok(())
}

#[derive(Default)]
struct Parts {
    parse: Duration,
    extract: Duration,
    body: Duration,
    prepare: Duration,
    apply: Duration,
    apply_waiting: Duration,
}

impl Parts {
    fn write(&mut self, store: &Store, chunk: Vec<Resource>) -> Result<(), store::Error> {
        let started = cpu();
        let mut values = 0;
        for resource in &chunk {
            fhir::search::extract(resource, &mut |_, _| values += 1);
        }
        self.extract += cpu() - started;
        let started = cpu();
        let bodies: usize = chunk.iter().map(|resource| resource.body().as_bytes().len()).sum();
        self.body += cpu() - started;
        std::hint::black_box((values, bodies));
        let started = cpu();
        let transaction = Transaction::bulk(chunk);
        self.prepare += cpu() - started;
        let (started, begun) = (cpu(), Instant::now());
        store.apply(transaction)?;
        self.apply_waiting += begun.elapsed();
        self.apply += cpu() - started;
        Ok(())
    }
}

fn lines(file: &Path) -> std::io::Result<Box<dyn BufRead>> {
    let open = std::fs::File::open(file)?;
    let read: Box<dyn Read> = if file.extension().is_some_and(|extension| extension == "gz") {
        Box::new(flate2::read::MultiGzDecoder::new(open))
    } else {
        Box::new(open)
    };
    Ok(Box::new(BufReader::with_capacity(1 << 20, read)))
}

/// CPU time this thread has used.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// CPU time all threads have used, to a hundredth of a second.
fn process_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks: u64 =
        after_name.split(' ').skip(12).take(2).filter_map(|text| text.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn first_id(store: &Store, access: &Access, name: &str) -> Option<String> {
    let versions = store.snapshot(access).scan(ResourceType::parse(name)?, None, 1).ok()?;
    versions.into_iter().next().map(|version| version.id)
}

fn repeat<E>(times: usize, mut act: impl FnMut() -> Result<(), E>) -> Result<Vec<f64>, E> {
    let mut taken = Vec::with_capacity(times);
    for _ in 0..times {
        let started = Instant::now();
        act()?;
        taken.push(started.elapsed().as_secs_f64() * 1e3);
    }
    taken.sort_by(f64::total_cmp);
    Ok(taken)
}

fn at(sorted: &[f64], percent: usize) -> f64 {
    sorted.get(sorted.len() * percent / 100).copied().unwrap_or(0.0)
}

fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:").map(|rest| rest.trim().to_owned()))
}
