//! Where the store says no, and what it keeps when a folder is not its own.

use crate::support::{access, clock, open, query, resource, resource_type};
use store::{Error, Settings, Store, Transaction, Write};

#[test]
fn long_texts_are_found_by_their_beginning_their_middle_and_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let long = |end: &str| format!("{}{end}", "a long family name ".repeat(20).trim_end());
    for (id, family) in [("one", long(" Alpha")), ("two", long(" Beta"))] {
        store
            .apply(Transaction::single(Write::Create {
                resource: resource(&format!(
                    r#"{{"resourceType":"Patient","id":"{id}","name":[{{"family":"{family}"}}]}}"#
                )),
            }))
            .expect("a commit");
    }
    let snapshot = store.snapshot(&access());
    let total = |text: &str| snapshot.search(&query("Patient", text)).expect("a page").total;
    assert_eq!(total("family=A LONG family"), Some(2));
    assert_eq!(total(&format!("family={}", long(""))), Some(2));
    assert_eq!(total(&format!("family={}", long(" al"))), Some(1));
    assert_eq!(total("family:contains=name beta"), Some(1));
    assert_eq!(total(&format!("family:exact={}", long(" Alpha"))), Some(1));
    assert_eq!(total(&format!("family:exact={}", long(" alpha"))), Some(0));
}

#[test]
fn a_second_process_is_kept_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let _store = open(folder.path());
    assert!(matches!(
        Store::open(folder.path(), &Settings::default(), clock()),
        Err(Error::Open(_))
    ));
}

#[test]
fn conditions_of_a_write_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let patient = || resource(r#"{"resourceType":"Patient","id":"a"}"#);
    let changed = || resource(r#"{"resourceType":"Patient","id":"a","active":true}"#);
    let update = |resource, if_match, if_none_match_any, create| {
        Transaction::single(Write::Update { resource, if_match, if_none_match_any, create })
    };
    assert!(matches!(
        store.apply(update(patient(), None, false, false)),
        Err(Error::NotFound { .. })
    ));
    assert!(matches!(
        store.apply(update(patient(), Some(1), false, true)),
        Err(Error::VersionConflict { found: 0, .. })
    ));
    store.apply(update(patient(), None, true, true)).expect("it is new");
    assert!(matches!(store.apply(update(changed(), None, true, true)), Err(Error::Exists { .. })));
    assert!(matches!(
        store.apply(Transaction::single(Write::Create { resource: patient() })),
        Err(Error::Exists { .. })
    ));
    store.apply(update(changed(), Some(1), false, false)).expect("version 1 is current");
    let delete = |if_match| {
        Transaction::single(Write::Delete {
            resource_type: resource_type("Patient"),
            id: "a".to_owned(),
            if_match,
        })
    };
    assert!(matches!(
        store.apply(delete(Some(1))),
        Err(Error::VersionConflict { expected: 1, found: 2, .. })
    ));
    store.apply(delete(Some(2))).expect("version 2 is current");
    assert!(matches!(
        store.apply(update(patient(), None, false, false)),
        Err(Error::Deleted { version: 3, .. })
    ));
    let without_id = resource(r#"{"resourceType":"Patient"}"#);
    assert!(matches!(
        store.apply(Transaction::bulk(vec![patient(), without_id])),
        Err(Error::NoId { index: 1, .. })
    ));
    assert_eq!(store.current_commit(), 3);
}

#[test]
fn a_transaction_that_is_too_large_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = Settings { transaction_bytes_max: 60, ..Settings::default() };
    let store = Store::open(folder.path(), &settings, clock()).expect("a new store");
    let one = || resource(r#"{"resourceType":"Patient","id":"a"}"#);
    assert!(store.apply(Transaction::bulk(vec![one()])).is_ok());
    assert!(matches!(
        store.apply(Transaction::bulk(vec![one(), one()])),
        Err(Error::TooLarge { limit: 60, .. })
    ));
}

#[test]
fn included_resources_come_once_and_as_far_as_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let texts = [
        r#"{"resourceType":"Organization","id":"o1"}"#,
        r#"{"resourceType":"Patient","id":"p1","managingOrganization":{"reference":"Organization/o1"}}"#,
        r#"{"resourceType":"Patient","id":"p2"}"#,
        r#"{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"}}"#,
        r#"{"resourceType":"Condition","id":"c2","subject":{"reference":"Patient/p1"}}"#,
        r#"{"resourceType":"Condition","id":"c3","subject":{"reference":"Patient/gone"}}"#,
    ];
    store
        .apply(Transaction::bulk(texts.iter().map(|text| resource(text)).collect()))
        .expect("a commit");
    let snapshot = store.snapshot(&access());
    let names = |type_name: &str, text: &str| {
        let query = query(type_name, text);
        let page = snapshot.search(&query).expect("a page");
        let included = snapshot.included(&query, &page.ordinals).expect("what is included");
        let mut names: Vec<String> = included
            .into_iter()
            .map(|(kind, ordinal)| snapshot.body(kind, ordinal).expect("a version").id)
            .collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(names("Condition", "_include=Condition:subject"), "p1");
    assert_eq!(
        names("Condition", "_include=Condition:subject&_include:iterate=Patient:organization"),
        "o1 p1"
    );
    assert_eq!(names("Condition", "_include=*"), "p1");
    assert_eq!(names("Patient", "_revinclude=Condition:subject"), "c1 c2");
    assert_eq!(names("Patient", "_id=p2&_revinclude=Condition:subject"), "");
    assert_eq!(
        names(
            "Organization",
            "_revinclude=Patient:organization&_revinclude:iterate=Condition:patient"
        ),
        "c1 c2 p1"
    );
}

#[test]
fn a_page_of_a_history_reads_its_own_bodies_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let mut times = Vec::new();
    for version in 0..40_u64 {
        let family = format!("{version} {}", "long ".repeat(40_000));
        let text = format!(
            r#"{{"resourceType":"Patient","id":"a","name":[{{"family":"{}"}}]}}"#,
            family.trim_end()
        );
        let resource = resource(&text);
        let write =
            Write::Update { resource, if_match: None, if_none_match_any: false, create: true };
        store.apply(Transaction::single(write)).expect("a commit");
        let snapshot = store.snapshot(&access());
        times.push(snapshot.read(resource_type("Patient"), "a").expect("it").last_updated_us);
    }
    let snapshot = store.snapshot(&access());
    let history = || snapshot.history(resource_type("Patient"), "a").expect("a known resource");
    let versions = |history: store::History<'_>, offset, count| -> Vec<u64> {
        let page = history.page(offset, count);
        page.map(|version| version.expect("a version").version_id).collect()
    };
    assert_eq!(history().len(), 40);
    assert_eq!(versions(history(), 0, 1), [40]);
    assert_eq!(versions(history(), 38, 5), [2, 1]);
    assert_eq!(versions(history(), 40, 5), [0; 0]);
    for (version, time) in times.iter().enumerate() {
        assert_eq!(history().since(*time).expect("times").len(), 40 - version);
        assert_eq!(history().since(time + 1).expect("times").len(), 39 - version);
    }
}

#[test]
fn a_chunk_that_names_an_id_twice_changes_nothing_the_second_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let patient = |gender: &str| {
        resource(&format!(r#"{{"resourceType":"Patient","id":"a","gender":"{gender}"}}"#))
    };
    let chunk = || Transaction::bulk(vec![patient("male"), patient("female")]);
    let kinds = |commit: &store::Commit| -> Vec<store::WrittenKind> {
        commit.written.iter().map(|written| written.kind).collect()
    };
    use store::WrittenKind::{Created, Unchanged, Updated};
    let first = store.apply(chunk()).expect("a commit");
    assert_eq!(kinds(&first), [Created, Updated]);
    let again = store.apply(chunk()).expect("a commit");
    assert_eq!((kinds(&again), again.number), (vec![Unchanged, Unchanged], first.number));
    let back = store.apply(Transaction::bulk(vec![patient("female"), patient("male")]));
    assert_eq!(kinds(&back.expect("a commit")), [Unchanged, Updated]);
}
