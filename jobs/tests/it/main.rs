//! Import, export and the tables on published data: real stores and lakes in temporary folders.

use jobs::import::{Phase, Progress, Request, Source, Summary};
use jobs::{Room, Rooms, Settings, export, import, tables};
use serde_json::Value;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A data folder with one datastore, and a runtime to work in.
struct House {
    runtime: tokio::runtime::Runtime,
    data: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        Self { runtime, data: tempfile::tempdir().expect("a folder") }
    }

    /// Opens the folder, does the work, closes.
    fn open<T>(&self, settings: Settings, work: impl AsyncFnOnce(Arc<Room>) -> T) -> T {
        self.runtime.block_on(async {
            let rooms = Rooms::open(self.data.path(), settings).expect("a data folder");
            if rooms.find("ward").is_err() {
                rooms.create("ward").expect("a datastore");
            }
            let room = rooms.datastore("ward").await.expect("the datastore");
            let result = work(room).await;
            rooms.close().await.expect("flushed");
            result
        })
    }

    /// Imports in a fresh opening.
    fn import(&self, settings: Settings, request: Request) -> Summary {
        self.open(settings, async |room| import(room, request).await.expect("an import"))
    }
}

async fn import(room: Arc<Room>, request: Request) -> Result<Summary, jobs::Error> {
    import::run(room, request, Arc::new(|_| ())).await
}

fn text(name: &str, text: impl Into<Vec<u8>>) -> Request {
    Request {
        sources: vec![Source::from((name, bytes::Bytes::from(text.into())))],
        stop: Arc::default(),
    }
}

/// Small chunks, so that little data makes many.
fn small() -> Settings {
    let import = import::Settings {
        chunk_bytes: 16 << 10,
        chunk_lines_max: 20,
        bytes_in_flight_max: 64 << 10,
        line_bytes_max: 64 << 10,
        workers: 3,
    };
    Settings { import, ..Settings::default() }
}

/// The shared data's folder, if it is here.
fn shared(folder: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("TARN_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let path = shared.join("data/fhir").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: `{}` is not here; set TARN_SHARED", path.display());
    None
}

async fn count(room: &Room, sql: &str) -> i64 {
    let answer = room.lake.query(sql, lake::QueryOptions::default()).await.expect("an answer");
    let rows: Value =
        serde_json::from_slice(&lake::render_json(&answer).expect("JSON")).expect("JSON");
    let row = rows[0].as_object().expect("a row");
    row.values().next().and_then(Value::as_i64).expect("a number")
}

fn errors(summary: &Summary) -> Vec<Value> {
    let file = summary.error_file.as_deref().expect("an error file");
    let text = std::fs::read_to_string(file).expect("the error file");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn patient(id: &str) -> String {
    format!(r#"{{"resourceType":"Patient","id":"{id}","gender":"female"}}"#)
}

#[test]
fn importing_twice_changes_nothing_and_the_tables_hold_every_resource() {
    let Some(tiny) = shared("synthea-tiny") else { return };
    let house = House::new();
    let first = house.import(small(), Request::of_paths([tiny.clone()]));
    assert_eq!((first.created, first.updated, first.unchanged, first.rejected), (1_442, 0, 0, 0));
    assert_eq!(first.bytes, 2_175_335);
    let again = house.import(Settings::default(), Request::of_paths([tiny]));
    assert_eq!((again.created, again.updated, again.unchanged, again.rejected), (0, 0, 1_442, 0));
    house.open(Settings::default(), async |room| {
        assert_eq!(count(&room, "SELECT count(*) AS n FROM observation").await, 646);
        assert_eq!(count(&room, "SELECT count(*) AS n FROM patient").await, 5);
        assert_eq!(room.lake.reflected(), room.store.current_commit());
    });
}

#[test]
fn the_lake_can_be_deleted_and_is_rebuilt_from_the_log() {
    let Some(tiny) = shared("synthea-tiny") else { return };
    let house = House::new();
    house.import(small(), Request::of_paths([tiny]));
    std::fs::remove_dir_all(house.data.path().join("lake")).expect("a lake");
    house.open(Settings::default(), async |room| {
        assert_eq!(count(&room, "SELECT count(*) AS n FROM observation").await, 646);
        assert_eq!(count(&room, "SELECT count(*) AS n FROM encounter").await, 87);
    });
}

#[test]
fn a_table_deleted_by_hand_is_rebuilt_with_the_rest() {
    let house = House::new();
    let line = |id: &str| patient(id) + "\n";
    house.import(small(), text("a.ndjson", line("a") + &line("b")));
    let lakes = std::fs::read_dir(house.data.path().join("lake")).expect("lakes");
    let lake = lakes.flatten().next().expect("a lake").path();
    for lost in ["patient/_delta_log", "patient"] {
        std::fs::remove_dir_all(lake.join(lost)).expect("a table");
        house.open(Settings::default(), async |room| {
            assert_eq!(count(&room, "SELECT count(*) AS n FROM patient").await, 2, "{lost}");
        });
    }
}

#[test]
fn single_writes_reach_the_tables_by_catching_up() {
    let house = House::new();
    house.open(Settings::default(), async |room| {
        let write = |transaction| room.store.apply(transaction).expect("a commit").number;
        let resource = |text: String| fhir::Resource::parse(text).expect("a resource");
        write(store::Transaction::single(store::Write::Update {
            resource: resource(patient("a")),
            if_match: None,
            if_none_match_any: false,
            create: true,
        }));
        let commit = write(store::Transaction::single(store::Write::Update {
            resource: resource(patient("b")),
            if_match: None,
            if_none_match_any: false,
            create: true,
        }));
        tables::catch_up(&room, commit).await.expect("caught up");
        assert_eq!(count(&room, "SELECT count(*) AS n FROM patient").await, 2);
        let resource_type = fhir::ResourceType::parse("Patient").expect("a type");
        let commit = write(store::Transaction::single(store::Write::Delete {
            resource_type,
            id: "a".into(),
            if_match: None,
        }));
        let commit = commit.max(write(store::Transaction::single(store::Write::Update {
            resource: resource(patient("b").replace("female", "male")),
            if_match: None,
            if_none_match_any: false,
            create: false,
        })));
        tables::catch_up(&room, commit).await.expect("caught up");
        assert_eq!(count(&room, "SELECT count(*) AS n FROM patient").await, 1);
        assert_eq!(
            count(&room, "SELECT count(*) AS n FROM patient WHERE gender = 'male'").await,
            1
        );
    });
}

#[test]
fn bad_lines_are_listed_with_file_and_number_and_the_rest_carry_on() {
    let house = House::new();
    let mut lines: Vec<Vec<u8>> = vec![
        patient("good-1").into(),
        Vec::new(),
        br#"{"resourceType":"Patient","gender":"female"}"#.to_vec(),
        br#"{"resourceType":"Pationt","id":"x"}"#.to_vec(),
        b"{\"resourceType\":\"Patient\",\"id\":\"\xff\xfe\"}".to_vec(),
        "[".repeat(100_000 / 2).into(),
        br#"{"resourceType":"Patient","id":"dup","gender":"male","gender":"female"}"#.to_vec(),
        br#"{"exportId":"export-10","eventId":"kickoff"}"#.to_vec(),
        b"not json at all".to_vec(),
        [patient("good-2").into_bytes(), b"\r".to_vec()].concat(),
    ];
    lines.push(patient("good-3").into());
    let input = [b"\xef\xbb\xbf".to_vec(), lines.join(&b"\n"[..])].concat();
    let summary = house.import(small(), text("Patient.ndjson", input));
    assert_eq!((summary.created, summary.rejected), (3, 7));
    let errors = errors(&summary);
    let lines: Vec<i64> = errors
        .iter()
        .map(|outcome| {
            outcome["issue"][0]["extension"][1]["valueInteger"].as_i64().expect("a line")
        })
        .collect();
    assert_eq!(lines, [3, 4, 5, 6, 7, 8, 9]);
    for outcome in &errors {
        assert_eq!(outcome["resourceType"], "OperationOutcome");
        let issue = &outcome["issue"][0];
        assert_eq!(issue["extension"][0]["valueString"], "Patient.ndjson");
        let diagnostics = issue["diagnostics"].as_str().expect("diagnostics");
        assert!(diagnostics.starts_with("Patient.ndjson:"), "{diagnostics}");
        assert!(!diagnostics.contains("female"), "values stay out: {diagnostics}");
        fhir::Resource::parse(outcome.to_string()).expect("itself a valid resource");
    }
}

#[test]
fn a_line_too_long_is_skipped_and_its_neighbours_are_not() {
    let house = House::new();
    for (before, after) in [(0, 1), (1, 0), (30, 30)] {
        let name = |i: usize| patient(&format!("p{before}-{after}-{i}"));
        let mut lines: Vec<String> = (0..before).map(name).collect();
        lines.push("x".repeat(700_000));
        lines.extend((before..before + after).map(name));
        let summary = house.import(small(), text("long.ndjson", lines.join("\n")));
        assert_eq!((summary.created as usize, summary.rejected), (before + after, 1));
        let outcome = &errors(&summary)[0]["issue"][0];
        assert_eq!(outcome["code"], "too-long");
        assert_eq!(outcome["extension"][1]["valueInteger"], before + 1);
    }
}

#[test]
fn a_gzip_that_breaks_off_gives_every_whole_line_before_the_break() {
    let house = House::new();
    let lines: String = (0..5_000).map(|i| patient(&format!("p{i}")) + "\n").collect();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(lines.as_bytes()).expect("memory");
    let whole = encoder.finish().expect("memory");
    let cut = &whole[..whole.len() / 2];
    let mut there = Vec::new();
    flate2::read::MultiGzDecoder::new(cut).read_to_end(&mut there).expect_err("cut off");
    let expected = there.iter().filter(|byte| **byte == b'\n').count() as u64;
    let summary = house.import(small(), text("cut.ndjson.gz", cut));
    assert!(expected > 0);
    assert_eq!((summary.created, summary.rejected), (expected, 1));
    let outcome = &errors(&summary)[0]["issue"][0];
    assert_eq!(outcome["code"], "incomplete");
    assert_eq!(outcome["extension"][1]["valueInteger"], expected + 1);
    let summary = house.import(small(), text("whole.ndjson.gz", whole));
    assert_eq!((summary.created, summary.unchanged), (5_000 - expected, expected));
}

#[test]
fn the_same_id_twice_makes_two_versions_the_first_time_and_none_again() {
    let house = House::new();
    let lines: Vec<String> = (0..20)
        .map(|i| patient("same").replace("female", if i % 2 == 0 { "male" } else { "female" }))
        .collect();
    let file = lines.join("\n");
    let summary = house.import(small(), text("Patient.ndjson", file.clone()));
    assert_eq!((summary.created, summary.updated, summary.unchanged), (1, 19, 0));
    let again = house.import(small(), text("Patient.ndjson", file));
    assert_eq!((again.created, again.updated, again.unchanged), (0, 0, 20));
    house.open(Settings::default(), async |room| {
        assert_eq!(count(&room, "SELECT count(*) AS n FROM patient").await, 1);
        assert_eq!(
            count(&room, "SELECT count(*) AS n FROM patient WHERE gender = 'female'").await,
            1
        );
    });
}

#[test]
fn one_document_in_a_json_file_may_span_lines() {
    let house = House::new();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("one.json"),
        "{\n  \"resourceType\": \"Patient\",\n  \"id\": \"one\"\n}\n",
    )
    .expect("room");
    std::fs::write(folder.path().join("more.jsonl"), patient("two")).expect("room");
    std::fs::write(folder.path().join("notes.txt"), "not for us").expect("room");
    std::fs::write(folder.path().join("manifest.json"), "{}").expect("room");
    let summary = house.import(small(), Request::of_paths([folder.path().to_owned()]));
    assert_eq!((summary.created, summary.rejected), (2, 0));
}

#[test]
fn a_folder_with_nothing_to_import_is_an_error() {
    let house = House::new();
    let folder = tempfile::tempdir().expect("a folder");
    house.open(small(), async |room| {
        let request = Request::of_paths([folder.path().to_owned()]);
        let error = import(room, request).await.expect_err("nothing there");
        assert!(matches!(error, jobs::Error::NothingToImport { .. }), "{error}");
    });
}

#[test]
fn progress_ends_with_done_and_never_goes_back() {
    let Some(tiny) = shared("synthea-tiny") else { return };
    let house = House::new();
    let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
    house.open(small(), async |room| {
        let told = Arc::clone(&told);
        let tell = move |progress| told.lock().expect("not poisoned").push(progress);
        import::run(room, Request::of_paths([tiny]), Arc::new(tell)).await.expect("an import");
    });
    let told = told.lock().expect("not poisoned");
    let last = told.last().expect("some progress");
    assert_eq!((last.phase, last.resources, last.files_done), (Phase::Done, 1_442, 20));
    assert_eq!(last.bytes_done, last.bytes_total);
    assert!(told.is_sorted_by_key(|progress| (progress.resources, progress.bytes_done)));
}

#[test]
fn what_is_exported_imports_into_the_same_and_exports_to_the_same_bytes() {
    let Some(tiny) = shared("synthea-tiny") else { return };
    let house = House::new();
    house.import(small(), Request::of_paths([tiny.clone()]));
    let folder = tempfile::tempdir().expect("a folder");
    let out = |name: &str| folder.path().join(name);
    let export = async |room: &Arc<Room>, name: &str, gzip, force| {
        let request = export::Request { out: out(name), gzip, force, stop: Arc::default() };
        export::run(Arc::clone(room), request, Arc::new(|_| ())).await
    };
    house.open(Settings::default(), async |room| {
        let summary = export(&room, "a", false, false).await.expect("an export");
        assert_eq!((summary.resources, summary.files), (1_442, 20));
        export(&room, "b", false, false).await.expect("an export");
        export(&room, "c", true, false).await.expect("an export");
        let error = export(&room, "a", false, false).await.expect_err("not empty");
        assert!(matches!(error, jobs::Error::OutputNotEmpty { .. }), "{error}");
        export(&room, "a", false, true).await.expect("forced");
    });
    for entry in std::fs::read_dir(out("a")).expect("the export") {
        let name = entry.expect("an entry").file_name();
        let [a, b] =
            ["a", "b"].map(|folder| std::fs::read(out(folder).join(&name)).expect("both have it"));
        assert_eq!(a, b, "{}", name.display());
    }
    let exported = std::fs::read_to_string(out("a").join("Patient.ndjson")).expect("patients");
    let given = std::fs::read_to_string(tiny.join("Patient.ndjson")).expect("patients");
    for (exported, given) in exported.lines().zip(given.lines()) {
        let mut exported: Value = serde_json::from_str(exported).expect("JSON");
        assert_eq!(exported["meta"]["versionId"], "1");
        let mut given: Value = serde_json::from_str(given).expect("JSON");
        for value in [&mut exported, &mut given] {
            value.as_object_mut().expect("an object").remove("meta");
        }
        assert_eq!(exported, given);
    }
    let again = house.import(Settings::default(), Request::of_paths([out("c")]));
    assert_eq!((again.unchanged, again.created + again.updated), (1_442, 0));
}

#[test]
fn a_stopped_import_keeps_what_is_committed_and_the_next_one_completes_it() {
    let Some(tiny) = shared("synthea-tiny") else { return };
    let house = House::new();
    let kept = house.open(small(), async |room| {
        let request = Request::of_paths([tiny.clone()]);
        let stop = Arc::clone(&request.stop);
        let tell = move |progress: Progress| {
            if progress.resources > 0 || progress.bytes_done > 0 {
                stop.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        };
        let result = import::run(Arc::clone(&room), request, Arc::new(tell)).await;
        assert!(matches!(result, Err(jobs::Error::Stopped) | Ok(_)));
        room.store.statistics().types.iter().map(|t| t.resources).sum::<u64>()
    });
    let summary = house.import(small(), Request::of_paths([tiny]));
    assert_eq!(summary.unchanged, kept);
    assert_eq!(summary.created + kept, 1_442);
    house.open(small(), async |room| {
        assert_eq!(count(&room, "SELECT count(*) AS n FROM observation").await, 646);
    });
}

#[test]
fn a_deleted_datastore_stays_gone_while_somebody_holds_its_room() {
    let house = House::new();
    let mut settings = Settings::default();
    settings.lake.flush_after_ms = 1;
    let data = house.data.path();
    house.runtime.block_on(async {
        let rooms = Rooms::open(data, settings).expect("a data folder");
        let id = rooms.create("ward").expect("a datastore").datastore_id;
        let held = rooms.datastore("ward").await.expect("the datastore");
        let write = |id: &str| {
            held.store.apply(store::Transaction::single(store::Write::Update {
                resource: fhir::Resource::parse(patient(id)).expect("a resource"),
                if_match: None,
                if_none_match_any: false,
                create: true,
            }))
        };
        let commit = write("a").expect("a commit").number;
        tables::catch_up(&held, commit).await.expect("caught up");
        rooms.delete("ward").await.expect("deleted");
        // Whoever holds the room may still try: what they write is nowhere.
        let _ = write("b");
        let folders = ["stores", "lake"].map(|folder| data.join(folder).join(&id));
        for _ in 0..15 {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            for folder in &folders {
                assert!(!folder.exists(), "{}", folder.display());
            }
        }
        assert!(matches!(held.lake.flush(true).await, Err(lake::Error::Closed)));
        let error = import(Arc::clone(&held), text("Patient.ndjson", patient("c"))).await;
        assert!(matches!(error, Err(jobs::Error::NoDatastore { .. })), "{error:?}");
        assert!(folders.iter().all(|folder| !folder.exists()));
        assert!(!data.join("notes").join(format!("{id}.json")).exists());
    });
}

#[test]
fn what_an_interrupted_deletion_left_goes_at_the_next_opening() {
    let house = House::new();
    house.import(small(), text("Patient.ndjson", patient("a")));
    let stray = "0123456789abcdef0123456789abcdef";
    let paths = ["stores", "lake"].map(|folder| house.data.path().join(folder).join(stray));
    for path in &paths {
        std::fs::create_dir_all(path.join("patient")).expect("room");
    }
    std::fs::write(paths[0].join("deleting"), "").expect("room");
    let notes = house.data.path().join("notes");
    std::fs::create_dir_all(&notes).expect("room");
    let place = notes.join(format!("{stray}.json"));
    std::fs::write(&place, "{}").expect("room");
    house.open(Settings::default(), async |room| {
        assert_eq!(count(&room, "SELECT count(*) AS n FROM patient").await, 1);
    });
    for path in paths.iter().chain([&place]) {
        assert!(!path.exists(), "{}", path.display());
    }
}

#[test]
fn subfolders_are_read_too_each_once_and_named_from_the_folder_given() {
    let house = House::new();
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("room");
        std::fs::write(path, text).expect("room");
    };
    write("Patient.ndjson", patient("top"));
    write("2024/march/Patient.ndjson", format!("{}\nnot json\n", patient("deep")));
    write("2023/Patient.json", patient("older"));
    write(".hidden/Patient.ndjson", patient("hidden"));
    #[cfg(unix)]
    for (name, target) in [("2024/again", ".."), ("2024/march/loop", "."), ("gone", "nowhere")] {
        std::os::unix::fs::symlink(target, folder.path().join(name)).expect("a link");
    }
    let summary = house.import(small(), Request::of_paths([folder.path().to_owned()]));
    assert_eq!((summary.created, summary.rejected), (3, 1));
    let issue = &errors(&summary)[0]["issue"][0];
    assert_eq!(issue["extension"][0]["valueString"], "2024/march/Patient.ndjson");

    write(&format!("{}Patient.ndjson", "d/".repeat(17)), patient("deepest"));
    house.open(small(), async |room| {
        let request = Request::of_paths([folder.path().to_owned()]);
        let error = import(room, request).await.expect_err("too deep");
        assert!(error.to_string().contains("16"), "{error}");
    });
}
