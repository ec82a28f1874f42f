//! Many writers at once: nobody's write is lost, and commits are numbered without gaps.

use crate::support::{access, open, query, resource, resource_type};
use std::collections::BTreeSet;
use store::{Error, Snapshot, Store, Transaction, Write};

fn counter(store: &Store) -> (u64, u64) {
    let version =
        store.snapshot(&access()).read(resource_type("Basic"), "counter").expect("the counter");
    let text = version.body.expect("it is not deleted").text();
    let value: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    (
        version.version_id,
        value["code"]["text"].as_str().and_then(|text| text.parse().ok()).expect("a number"),
    )
}

fn count_to(number: u64) -> fhir::Resource {
    resource(&format!(r#"{{"resourceType":"Basic","id":"counter","code":{{"text":"{number}"}}}}"#))
}

#[test]
fn no_update_under_if_match_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    store.apply(Transaction::single(Write::Create { resource: count_to(0) })).expect("a commit");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut done = 0;
                while done < 10 {
                    let (version, number) = counter(&store);
                    let write = Write::Update {
                        resource: count_to(number + 1),
                        if_match: Some(version),
                        if_none_match_any: false,
                        create: false,
                    };
                    match store.apply(Transaction::single(write)) {
                        Ok(_) => done += 1,
                        Err(Error::VersionConflict { .. }) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            });
        }
    });
    assert_eq!(counter(&store), (81, 80));
    assert_eq!(store.current_commit(), 81);
}

#[test]
fn writers_chunks_and_readers_do_not_disturb_one_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let numbers = std::sync::Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for thread in 0..6 {
            let (store, numbers) = (&store, &numbers);
            scope.spawn(move || {
                for at in 0..30 {
                    let patient = |id: String| resource(&format!(r#"{{"resourceType":"Patient","id":"{id}","gender":"female","birthDate":"19{:02}-01-01"}}"#, at + 10));
                    let transaction = if thread < 2 {
                        Transaction::bulk((0..40).map(|place| patient(format!("b{thread}-{at}-{place}"))).collect())
                    } else {
                        Transaction::single(Write::Create { resource: patient(format!("s{thread}-{at}")) })
                    };
                    let commit = store.apply(transaction).expect("a commit");
                    assert!(numbers.lock().expect("no panic").insert(commit.number), "each commit has its own number");
                    // Read your writes.
                    let snapshot = store.snapshot(&access());
                    for written in &commit.written {
                        assert_eq!(snapshot.read(written.resource_type, &written.id).expect("what was just written").ordinal, written.ordinal);
                    }
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..60 {
                    let snapshot = store.snapshot(&access());
                    let first = counts(&snapshot);
                    assert_eq!(first.0, first.1);
                    assert_eq!(first.0, first.2);
                    assert_eq!(counts(&snapshot), first, "a snapshot does not change");
                }
            });
        }
    });
    assert_eq!(numbers.into_inner().expect("no panic"), (1..=180).collect());
    assert_eq!(store.snapshot(&access()).count(resource_type("Patient")), 2 * 30 * 40 + 4 * 30);
}

/// All patients: as counted, by a token, by a date.
fn counts(snapshot: &Snapshot) -> (u64, u64, u64) {
    let total =
        |text| snapshot.search(&query("Patient", text)).expect("a page").total.expect("a total");
    (snapshot.count(resource_type("Patient")), total("gender=female"), total("birthdate=gt1900"))
}
