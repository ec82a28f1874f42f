//! Updates, deletes, restarts and merges: a table always holds the current rows, once.

use crate::data::{Loaded, quiet};
use lake::{Error, Lake, Settings};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

fn patient(id: usize, family: &str) -> String {
    format!(r#"{{"resourceType":"Patient","id":"p{id}","name":[{{"family":"{family}"}}]}}"#)
}

fn put(loaded: &mut Loaded, patients: &[String], dead: &[u32]) -> Vec<u32> {
    let lines: Vec<&str> = patients.iter().map(String::as_str).collect();
    loaded.put(&lines, dead)
}

async fn families(loaded: &Loaded) -> Value {
    loaded.json("SELECT id, name[1].family AS family FROM patient ORDER BY id").await
}

async fn count(loaded: &Loaded) -> u64 {
    let rows = loaded.json("SELECT count(*) AS n FROM patient").await;
    rows[0]["n"].as_u64().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_replaces_and_a_delete_removes_in_memory_in_files_and_after_a_restart() {
    for flush_between in [false, true] {
        let tables = tempfile::tempdir().expect("a folder");
        let mut loaded = Loaded::open(tables.path(), quiet()).await;
        let all: Vec<String> = (0..5).map(|id| patient(id, "Old")).collect();
        put(&mut loaded, &all, &[]);
        if flush_between {
            loaded.lake.flush(true).await.expect("flushed");
        }
        let new = put(&mut loaded, &[patient(1, "New")], &[1]);
        loaded.delete("Patient", &[3]);
        let expected = json!([
            {"id": "p0", "family": "Old"},
            {"id": "p1", "family": "New"},
            {"id": "p2", "family": "Old"},
            {"id": "p4", "family": "Old"},
        ]);
        assert_eq!(families(&loaded).await, expected);
        assert_eq!(count(&loaded).await, 4);
        loaded.lake.flush(true).await.expect("flushed");
        assert_eq!(families(&loaded).await, expected);
        assert_eq!(count(&loaded).await, 4);

        // Once more, now that a file hides rows already and ordinals have gaps.
        put(&mut loaded, &[patient(1, "Newest")], &new);
        put(&mut loaded, &[patient(0, "New")], &[0]);
        let expected = json!([
            {"id": "p0", "family": "New"},
            {"id": "p1", "family": "Newest"},
            {"id": "p2", "family": "Old"},
            {"id": "p4", "family": "Old"},
        ]);
        assert_eq!(families(&loaded).await, expected);
        loaded.lake.flush(true).await.expect("flushed");
        assert_eq!(families(&loaded).await, expected);
        assert_eq!(count(&loaded).await, 4);
        assert_eq!(loaded.lake.durable(), loaded.commit);
        let info = loaded.lake.tables();
        assert_eq!((info.len(), info[0].rows), (1, 4));
        drop(loaded);

        let loaded = Loaded::open(tables.path(), quiet()).await;
        assert_eq!(families(&loaded).await, expected);
        assert_eq!(count(&loaded).await, 4);
        assert_eq!(loaded.lake.tables()[0].rows, 4);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_is_found_again_in_a_reopened_file_with_gaps() {
    let tables = tempfile::tempdir().expect("a folder");
    let mut loaded = Loaded::open(tables.path(), quiet()).await;
    let all: Vec<String> = (0..1_000).map(|id| patient(id, "Old")).collect();
    let ordinals = put(&mut loaded, &all, &[]);
    // Gone before they ever reach a file.
    let gone: Vec<u32> = ordinals.iter().copied().filter(|ordinal| ordinal % 7 == 0).collect();
    loaded.delete("Patient", &gone);
    loaded.lake.flush(true).await.expect("flushed");
    drop(loaded);
    let mut loaded = Loaded::open(tables.path(), quiet()).await;
    let more: Vec<u32> =
        ordinals.iter().copied().filter(|ordinal| ordinal % 5 == 0 && ordinal % 7 != 0).collect();
    loaded.delete("Patient", &more);
    let left = ordinals.iter().filter(|ordinal| *ordinal % 7 != 0 && *ordinal % 5 != 0).count();
    for _ in 0..2 {
        assert_eq!(count(&loaded).await, left as u64);
        let sql = "SELECT count(*) AS n FROM patient WHERE _ordinal % 5 = 0 OR _ordinal % 7 = 0";
        assert_eq!(loaded.json(sql).await, json!([{"n": 0}]));
        loaded.lake.flush(true).await.expect("flushed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_applied_again_change_nothing() {
    let tables = tempfile::tempdir().expect("a folder");
    let mut loaded = Loaded::open(tables.path(), quiet()).await;
    put(&mut loaded, &[patient(0, "One")], &[]);
    assert!(!loaded.lake.apply(1, 0, Vec::new()).expect("known"));
    loaded.lake.flush(true).await.expect("flushed");
    drop(loaded);
    let loaded = Loaded::open(tables.path(), quiet()).await;
    assert_eq!((loaded.lake.durable(), loaded.lake.reflected()), (1, 1));
    assert!(loaded.lake.has(1) && !loaded.lake.has(2));
    assert!(!loaded.lake.apply(1, 0, Vec::new()).expect("known"));
    assert_eq!(count(&loaded).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_is_visible_only_when_all_before_it_are() {
    let tables = tempfile::tempdir().expect("a folder");
    let mut loaded = Loaded::open(tables.path(), quiet()).await;
    loaded.commit = 1; // commit 2 comes first
    put(&mut loaded, &[patient(0, "Late")], &[]);
    assert!(loaded.lake.has(2));
    assert_eq!(loaded.lake.reflected(), 0);
    assert_eq!(count(&loaded).await, 0);
    loaded.lake.flush(true).await.expect("flushed");
    assert_eq!(loaded.lake.durable(), 0);
    assert!(loaded.lake.apply(1, 0, Vec::new()).expect("applied"));
    assert_eq!(loaded.lake.reflected(), 2);
    assert_eq!(count(&loaded).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_small_files_become_one_without_the_hidden_rows() {
    let tables = tempfile::tempdir().expect("a folder");
    let settings = Settings { merge_files_min: 4, ..quiet() };
    let mut loaded = Loaded::open(tables.path(), settings.clone()).await;
    let mut last = Vec::new();
    for round in 0..9 {
        let patients = [patient(0, &format!("Round{round}")), patient(round + 1, "Other")];
        last = put(&mut loaded, &patients, &last[..last.len().min(1)]);
        loaded.lake.flush(true).await.expect("flushed");
        loaded.lake.merge().await.expect("merged");
        assert_eq!(count(&loaded).await, round as u64 + 2);
        assert!(loaded.lake.tables()[0].files <= 4);
    }
    let sql = "SELECT name[1].family AS family FROM patient WHERE id = 'p0'";
    assert_eq!(loaded.json(sql).await, json!([{"family": "Round8"}]));
    drop(loaded);
    let loaded = Loaded::open(tables.path(), settings).await;
    assert_eq!(count(&loaded).await, 10);
    assert_eq!(loaded.json(sql).await, json!([{"family": "Round8"}]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_reach_files_by_themselves() {
    let tables = tempfile::tempdir().expect("a folder");
    let settings = Settings { flush_after_ms: 50, ..Settings::default() };
    let mut loaded = Loaded::open(tables.path(), settings).await;
    put(&mut loaded, &[patient(0, "One")], &[]);
    for _ in 0..100 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        if loaded.lake.durable() == 1 {
            return;
        }
    }
    panic!("the writer did not flush within five seconds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_commits_leave_a_checkpoint_that_opens() {
    let tables = tempfile::tempdir().expect("a folder");
    let settings = Settings { merge_files_min: 0, ..quiet() };
    let mut loaded = Loaded::open(tables.path(), settings.clone()).await;
    for id in 0..60 {
        let dead: &[u32] = if id == 30 { &[3] } else { &[] };
        put(&mut loaded, &[patient(id, "One")], dead);
        loaded.lake.flush(true).await.expect("flushed");
    }
    let log = tables.path().join("patient/_delta_log");
    assert!(log.join("_last_checkpoint").is_file(), "a checkpoint was written");
    drop(loaded);
    let loaded = Loaded::open(tables.path(), settings).await;
    assert_eq!(count(&loaded).await, 59);
    assert_eq!(loaded.lake.durable(), 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_engines_read_the_same_rows() {
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers.py");
    let python = std::env::var("TARN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let tables = tempfile::tempdir().expect("a folder");
    let settings = Settings { merge_files_min: 0, ..quiet() };
    let mut loaded = Loaded::open(tables.path(), settings.clone()).await;
    let all: Vec<String> = (0..2_000).map(|id| patient(id, "Old")).collect();
    let ordinals = put(&mut loaded, &all, &[]);
    loaded.lake.flush(true).await.expect("flushed");
    for round in 0..3 {
        let again: Vec<String> = (0..50).map(|id| patient(id * 7 + round, "New")).collect();
        let dead: Vec<u32> = (0..50).map(|id| ordinals[id * 7 + round]).collect();
        put(&mut loaded, &again, &dead);
        loaded.delete("Patient", &[ordinals[1_000 + round]]);
        loaded.lake.flush(true).await.expect("flushed");
    }
    let sql = "SELECT name[1].family AS family, count(*) AS n FROM patient GROUP BY 1 ORDER BY 1";
    let expected = loaded.json(sql).await;
    assert_eq!(expected, json!([{"family": "New", "n": 150}, {"family": "Old", "n": 1_847}]));
    let output = std::process::Command::new(python)
        .arg(script)
        .arg(tables.path().join("patient"))
        .arg(expected.to_string())
        .output();
    match output {
        Ok(output) if output.status.code() == Some(77) => {
            println!("skipped: {}", String::from_utf8_lossy(&output.stdout).trim());
        }
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
            println!("{}", String::from_utf8_lossy(&said));
        }
        Err(error) => println!("skipped: no Python ({error})"),
    }
}

/// The files of table `patient` that end in `suffix`.
fn names(tables: &Path, suffix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(tables.join("patient")).expect("a table");
    let paths = entries.flatten().map(|entry| entry.path());
    paths.filter(|path| path.to_string_lossy().ends_with(suffix)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replaced_vector_of_hidden_rows_is_kept_from_then_on() {
    let tables = tempfile::tempdir().expect("a folder");
    let settings = Settings { merge_files_min: 0, ..quiet() };
    let mut loaded = Loaded::open(tables.path(), settings.clone()).await;
    let all: Vec<String> = (0..5).map(|id| patient(id, "Old")).collect();
    put(&mut loaded, &all, &[]);
    loaded.lake.flush(true).await.expect("flushed");
    loaded.delete("Patient", &[1]);
    loaded.lake.flush(true).await.expect("flushed");
    let first = names(tables.path(), ".bin");
    assert_eq!(first.len(), 1);
    // It has been in use for long when it is replaced.
    let long_ago = SystemTime::now() - Duration::from_secs(7_200);
    let file = std::fs::File::options().append(true).open(&first[0]).expect("a vector");
    file.set_modified(long_ago).expect("a time");
    loaded.delete("Patient", &[2]);
    loaded.lake.flush(true).await.expect("flushed");
    drop(loaded);
    let loaded = Loaded::open(tables.path(), settings).await;
    assert!(first[0].exists(), "other engines may still read the state before");
    assert_eq!((names(tables.path(), ".bin").len(), count(&loaded).await), (2, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_lost_what_was_safe_on_disk_is_not_opened() {
    for lost in ["patient", "patient/_delta_log", "patient/_delta_log/00000000000000000001.json"] {
        let tables = tempfile::tempdir().expect("a folder");
        let mut loaded = Loaded::open(tables.path(), quiet()).await;
        for id in 0..2 {
            put(&mut loaded, &[patient(id, "One")], &[]);
            loaded.lake.flush(true).await.expect("flushed");
        }
        drop(loaded);
        // A table whose first flush never came to its log is no loss.
        std::fs::create_dir_all(tables.path().join("goal/_delta_log")).expect("a folder");
        drop(Lake::open(tables.path(), quiet()).await.expect("a lake"));
        let path = tables.path().join(lost);
        if path.is_dir() {
            std::fs::remove_dir_all(path).expect("removed");
        } else {
            std::fs::remove_file(path).expect("removed");
        }
        match Lake::open(tables.path(), quiet()).await {
            Err(Error::Lost { table }) => assert_eq!(table, "patient"),
            Err(error) => panic!("`{lost}`: {error:?}"),
            Ok(_) => panic!("`{lost}`: opened"),
        }
    }
}
