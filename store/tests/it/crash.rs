//! Killed at any moment: every acknowledged write is there, found by search, and there once.
//!
//! The test runs itself again as a child that writes bulk chunks and single resources and prints
//! each acknowledgement; the parent kills it, opens the folder and looks. The same folder goes
//! through all rounds. `TARN_CRASH_ROUNDS` asks for more than the default.

use crate::support::{Random, access, query, resource, resource_type};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};
use store::{Settings, Store, SystemClock, Transaction, Write, WrittenKind};

const FOLDER: &str = "TARN_CRASH_FOLDER";
const ROUND: &str = "TARN_CRASH_ROUND";

fn open(folder: &Path) -> Store {
    Store::open(folder, &Settings::default(), Arc::new(SystemClock)).expect("the store opens")
}

fn text(id: &str, number: u64) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","identifier":[{{"system":"urn:crash","value":"{id}"}}],"status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"8867-4"}}]}},"effectiveDateTime":"2024-01-01T00:00:00Z","valueQuantity":{{"value":{number}}}}}"#
    )
}

/// Not a test: what the parent starts and kills.
#[test]
#[ignore = "started by the crash test"]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let round = std::env::var(ROUND).expect("a round");
    let store = open(folder.as_ref());
    let say = |commit: &store::Commit| {
        let mut lines = String::new();
        for written in &commit.written {
            lines += &format!(
                "ack {} {} {} {}\n",
                commit.number, written.id, written.version_id, written.ordinal
            );
        }
        let mut out = std::io::stdout().lock();
        out.write_all(lines.as_bytes()).and_then(|()| out.flush()).expect("the parent listens");
    };
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let (store, round, say) = (&store, &round, &say);
            scope.spawn(move || {
                let mut random = Random::new(round.parse::<u64>().expect("a number") * 10 + thread);
                for at in 0u64.. {
                    if thread == 0 {
                        // New resources, and new versions of what other rounds and threads wrote.
                        let mut one = |place| {
                            let id = if place % 10 == 0 {
                                format!("shared-{}", random.below(50))
                            } else {
                                format!("b{round}-{at}-{place}")
                            };
                            resource(&text(&id, random.below(1000)))
                        };
                        let chunk = (0..300).map(&mut one).collect();
                        say(&store.apply(Transaction::bulk(chunk)).expect("a commit"));
                    } else {
                        let id = if random.one_in(3) {
                            format!("shared-{}", random.below(50))
                        } else {
                            format!("s{round}-{thread}-{at}")
                        };
                        let write = Write::Update {
                            resource: resource(&text(&id, at)),
                            if_match: None,
                            if_none_match_any: false,
                            create: true,
                        };
                        say(&store.apply(Transaction::single(write)).expect("a commit"));
                    }
                }
            });
        }
    });
}

#[test]
fn every_acknowledged_write_survives_being_killed() {
    let rounds =
        std::env::var("TARN_CRASH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = Random::new(rounds);
    // By id: the versions acknowledged and their ordinals.
    let mut acknowledged: BTreeMap<String, BTreeMap<u64, u32>> = BTreeMap::new();
    let mut newest = 0;
    let mut total = 0;
    for round in 1..=rounds {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "crash::child", "--ignored", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a child");
        let out = BufReader::new(child.stdout.take().expect("its output"));
        let reader = std::thread::spawn(move || {
            let mut lines = Vec::new();
            for line in out.split(b'\n') {
                let Ok(line) = line else { break };
                lines.push(String::from_utf8_lossy(&line).into_owned());
            }
            // What was cut off in mid-line was not read as an acknowledgement; dropping one is harmless.
            lines.pop();
            lines
        });
        std::thread::sleep(Duration::from_millis(30 + random.below(600)));
        child.kill().expect("it was running");
        child.wait().expect("it ends");
        for line in reader.join().expect("no panic") {
            let Some(("ack", rest)) = line.rsplit_once("ack ").map(|(_, rest)| ("ack", rest))
            else {
                continue;
            };
            let mut words = rest.split(' ');
            let mut word = || words.next().expect("four words");
            let (commit, id, version, ordinal): (u64, String, u64, u32) = (
                word().parse().expect("a number"),
                word().to_owned(),
                word().parse().expect("a number"),
                word().parse().expect("a number"),
            );
            newest = newest.max(commit);
            let before = acknowledged.entry(id.clone()).or_default().insert(version, ordinal);
            assert!(
                before.is_none_or(|before| before == ordinal),
                "version {version} of {id} was given out twice"
            );
            total += 1;
        }
        check(folder.path(), &acknowledged, newest);
    }
    println!("{total} acknowledgements in {rounds} rounds");
    assert!(total > 0, "the children wrote something");
}

fn check(folder: &Path, acknowledged: &BTreeMap<String, BTreeMap<u64, u32>>, newest: u64) {
    let store = open(folder);
    assert!(store.current_commit() >= newest, "an acknowledged commit is gone");
    let observation = resource_type("Observation");
    let snapshot = store.snapshot(&access());

    // What the log says is current.
    let mut live: BTreeMap<String, (u64, u32)> = BTreeMap::new();
    let mut ordinals = BTreeSet::new();
    let mut after = 0;
    loop {
        let commits = store.changes(after, 5_000).expect("the log");
        let Some(last) = commits.last() else { break };
        for (at, commit) in commits.iter().enumerate() {
            assert_eq!(commit.commit, after + 1 + at as u64, "a gap in the log");
            for change in &commit.changes {
                assert!(
                    ordinals.insert(change.ordinal),
                    "ordinal {} was given out twice",
                    change.ordinal
                );
                let before = live.insert(change.id.clone(), (change.version_id, change.ordinal));
                assert_eq!(change.replaced, before.map(|before| before.1));
                assert_eq!(
                    change.version_id,
                    before.map_or(1, |before| before.0 + 1),
                    "versions of {} have a gap",
                    change.id
                );
            }
        }
        after = last.commit;
    }

    let total = |text: &str| {
        snapshot.search(&query("Observation", text)).expect("a page").total.expect("a total")
    };
    assert_eq!(snapshot.count(observation), live.len() as u64);
    for text in [
        "status=final",
        "code=8867-4",
        "code=http://loinc.org|",
        "date=2024-01-01",
        "identifier:missing=false",
        "value-quantity=ge0",
    ] {
        assert_eq!(total(text), live.len() as u64, "{text}");
    }
    for (id, versions) in acknowledged {
        let (&version, &ordinal) = versions.last_key_value().expect("at least one");
        let read = snapshot.read(observation, id).expect("an acknowledged resource");
        assert!(read.version_id >= version, "{id} went back");
        assert_eq!(live[id], (read.version_id, read.ordinal));
        assert_eq!(
            snapshot.vread(observation, id, version).expect("an acknowledged version").ordinal,
            ordinal
        );
        let page = snapshot
            .search(&query("Observation", &format!("identifier=urn:crash|{id}")))
            .expect("a page");
        assert_eq!(page.ordinals, [read.ordinal], "{id} by its identifier");
        let body = read.body.expect("it is not deleted").text();
        assert!(String::from_utf8_lossy(&body).contains(&format!(r#""id":"{id}""#)));
    }
    // A write of the same content is still recognised.
    if let Some(id) = live.keys().next() {
        let body =
            snapshot.read(observation, id).expect("it is current").body.expect("it is not deleted");
        let again = fhir::Resource::parse(body.text()).expect("a resource");
        let commit = store.apply(Transaction::bulk(vec![again])).expect("a commit");
        assert_eq!(commit.written[0].kind, WrittenKind::Unchanged);
    }
}
