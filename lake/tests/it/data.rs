//! Published data, and a lake to put it in.

use fhir::{Resource, ResourceType};
use flate2::read::MultiGzDecoder;
use lake::{Lake, Part, QueryOptions, Settings, Stamp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A folder of the shared data; `None`, with a word about it, where it is absent.
pub fn shared(name: &str) -> Option<PathBuf> {
    let base = std::env::var_os("TARN_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let folder = base.join("data/fhir").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: the shared data set `{name}` is not here");
    None
}

/// The lines of all NDJSON files in a folder, by type.
pub fn lines(folder: &Path) -> BTreeMap<ResourceType, Vec<String>> {
    let mut types: BTreeMap<ResourceType, Vec<String>> = BTreeMap::new();
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.contains(".ndjson") {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        let mut text = String::new();
        if name.ends_with(".gz") {
            MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("gzip");
        } else {
            text = String::from_utf8(bytes).expect("UTF-8");
        }
        for line in text.lines().filter(|line| !line.is_empty()) {
            let start = line.find("\"resourceType\":\"").expect("a type") + 16;
            let end = start + line[start..].find('"').expect("a type");
            let resource_type = ResourceType::parse(&line[start..end]).expect("a type");
            types.entry(resource_type).or_default().push(line.to_owned());
        }
    }
    types
}

pub fn parse(line: &str) -> Resource {
    Resource::parse(line.to_owned()).unwrap_or_else(|outcome| panic!("not a resource: {outcome}"))
}

/// Settings under which only the tests flush.
pub fn quiet() -> Settings {
    Settings { flush_after_ms: u64::MAX, ..Settings::default() }
}

/// A lake with a running count of ordinals and commits.
pub struct Loaded {
    pub lake: Lake,
    pub commit: u64,
    next: BTreeMap<ResourceType, u32>,
}

impl Loaded {
    pub async fn open(folder: &Path, settings: Settings) -> Self {
        let lake = Lake::open(folder, settings).await.expect("a lake");
        Self { commit: lake.durable(), lake, next: BTreeMap::new() }
    }

    /// The rows of one commit; returns the ordinals given.
    pub fn put(&mut self, lines: &[&str], dead: &[u32]) -> Vec<u32> {
        let resources: Vec<Resource> = lines.iter().map(|line| parse(line)).collect();
        let resource_type = resources[0].resource_type();
        let next = self.next.entry(resource_type).or_default();
        let ordinals: Vec<u32> = (*next..).take(resources.len()).collect();
        *next += u32::try_from(resources.len()).expect("few");
        let rows = Lake::shred(resource_type, &resources).expect("rows");
        let stamps =
            ordinals.iter().map(|ordinal| Stamp { ordinal: *ordinal, version_id: 1 }).collect();
        self.commit += 1;
        let part = Part { resource_type, rows: Some(rows), stamps, dead: dead.to_vec() };
        let time_us = 1_700_000_000_000_000 + i64::try_from(self.commit).expect("few");
        assert!(self.lake.apply(self.commit, time_us, vec![part]).expect("applied"));
        ordinals
    }

    /// A commit that only takes rows away; a delete has an ordinal of its own.
    pub fn delete(&mut self, name: &str, dead: &[u32]) {
        let resource_type = ResourceType::parse(name).expect("a type");
        *self.next.entry(resource_type).or_default() += 1;
        self.commit += 1;
        let part = Part { resource_type, rows: None, stamps: Vec::new(), dead: dead.to_vec() };
        assert!(self.lake.apply(self.commit, 0, vec![part]).expect("applied"));
    }

    pub fn put_all(&mut self, types: &BTreeMap<ResourceType, Vec<String>>, chunk: usize) {
        for lines in types.values() {
            for lines in lines.chunks(chunk) {
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                self.put(&lines, &[]);
            }
        }
    }

    pub async fn json(&self, sql: &str) -> Value {
        json(&self.lake, sql).await
    }
}

pub async fn json(lake: &Lake, sql: &str) -> Value {
    let answer = lake
        .query(sql, QueryOptions::default())
        .await
        .unwrap_or_else(|error| panic!("`{sql}`: {error:?}"));
    let text = lake::render_json(&answer).expect("JSON");
    serde_json::from_slice(&text).expect("JSON")
}
