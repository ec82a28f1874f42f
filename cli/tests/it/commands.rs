//! Every command, its result and its exit code.

use crate::house::{House, patient, sample, sample_counts, sample_total};
use serde_json::json;

#[test]
fn every_command_explains_itself_with_examples() {
    let house = House::new();
    for command in [
        &["demo"][..],
        &["serve"],
        &["import"],
        &["export"],
        &["sql"],
        &["store"],
        &["store", "create"],
        &["store", "list"],
        &["store", "describe"],
        &["store", "delete"],
        &["key"],
        &["key", "create"],
        &["key", "list"],
        &["key", "delete"],
        &["settings"],
    ] {
        let done = house.run(&[command, &["--help"]].concat()).exits(0);
        assert!(done.out.contains("Example"), "{command:?}: {}", done.out);
        assert!(done.out.contains("tarn "), "{command:?}: {}", done.out);
    }
    let done = house.run(&["--help"]).exits(0);
    assert!(done.out.contains("Exit codes:"), "{}", done.out);
    assert!(!house.data().exists(), "help makes no folder");
}

#[test]
fn wrong_usage_exits_with_2() {
    let house = House::new();
    house.run(&["import"]).exits(2);
    house.run(&["key", "create", "--role", "king"]).exits(2);
    let done = house.run(&["imprt"]).exits(2);
    assert!(done.err.contains("import"), "the nearest command is named: {}", done.err);
}

#[test]
fn the_sample_imports_and_a_second_time_changes_nothing() {
    let house = House::new();
    let sample = sample();
    let sample = sample.to_str().expect("a path");
    let store = house.run(&["--json", "store", "create", "ward"]).exits(0).json();
    let id = store["datastore_id"].as_str().expect("an id");
    assert!(id.len() == 32 && id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')), "{id}");
    assert_eq!(store["status"], "ACTIVE");
    assert!(store["endpoint"].as_str().expect("an endpoint").contains(id));
    assert_eq!(store.as_object().expect("an object").len(), 4);

    let total = sample_total();
    let first = house.run(&["--json", "import", "--store", "ward", sample]).exits(0).json();
    assert_eq!((&first["created"], &first["rejected"]), (&json!(total), &json!(0)));
    let keys: Vec<&str> =
        first.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "resources",
            "created",
            "updated",
            "unchanged",
            "rejected",
            "bytes",
            "seconds",
            "resources_per_second",
            "error_file",
            "notes"
        ]
    );
    let again = house.run(&["--json", "import", "--store", id, sample]).exits(0).json();
    assert_eq!(
        (&again["created"], &again["updated"], &again["unchanged"]),
        (&json!(0), &json!(0), &json!(total))
    );
    let done = house.run(&["import", "--store", "ward", sample]).exits(0);
    assert!(done.out.contains("nothing changed"), "{}", done.out);

    let described = house.run(&["--json", "store", "describe", "ward"]).exits(0).json();
    assert_eq!(described["resources"], total);
    for (resource_type, count) in sample_counts() {
        let query = format!("SELECT count(*) AS n FROM {}", resource_type.to_lowercase());
        let rows = house.run(&["sql", "--json", "--store", "ward", &query]).exits(0).json();
        assert_eq!(rows, json!([{"n": count}]), "{resource_type}");
    }
}

#[test]
fn sql_answers_as_table_csv_json_and_parquet() {
    let house = House::new();
    let input = house
        .file("Patient.ndjson", [patient("a"), patient("b").replace("female", "male")].join("\n"));
    let input = input.to_str().expect("a path");
    house.run(&["import", "--store", "ward", "--create", input]).exits(0);
    let query = "SELECT id, gender FROM patient ORDER BY id";
    let ask = |more: &[&str]| {
        house.run(&[&["sql", "--store", "ward"], more, &[query]].concat()).exits(0).out
    };
    assert_eq!(ask(&[]), "id  gender\n──  ──────\na   female\nb   male\n");
    assert_eq!(ask(&["--format", "csv"]).replace('\r', ""), "id,gender\na,female\nb,male\n");
    let json: serde_json::Value = serde_json::from_str(&ask(&["--format", "json"])).expect("JSON");
    assert_eq!(json, json!([{"id": "a", "gender": "female"}, {"id": "b", "gender": "male"}]));
    let out = house.path("patients.parquet");
    ask(&["--format", "parquet", "--out", out.to_str().expect("a path")]);
    let bytes = std::fs::read(out).expect("the file");
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    let done = house.run_with_input(&["sql", "--store", "ward", "-"], |stdin| {
        stdin.write_all(query.as_bytes()).expect("the query is read");
    });
    assert!(done.exits(0).out.contains("female"));
}

#[test]
fn wrong_sql_is_an_error_with_a_hint() {
    let house = House::new();
    let input = house.file("Patient.ndjson", patient("a"));
    house.run(&["import", "--store", "ward", "--create", input.to_str().expect("a path")]).exits(0);
    let done = house.run(&["sql", "--store", "ward", "SELECT gendre FROM patient"]).exits(1);
    assert!(done.err.starts_with("error: "), "{}", done.err);
    let done = house.run(&["--json", "sql", "--store", "ward", "SELEC"]).exits(1);
    let error: serde_json::Value = serde_json::from_str(&done.err).expect("JSON");
    assert!(error["error"]["message"].is_string());
}

#[test]
fn export_gives_back_what_was_imported() {
    let house = House::new();
    let sample = sample();
    house
        .run(&["import", "--store", "ward", "--create", sample.to_str().expect("a path")])
        .exits(0);
    let out = house.path("export");
    let out = out.to_str().expect("a path");
    let summary =
        house.run(&["--json", "export", "--store", "ward", "--out", out, "--gzip"]).exits(0).json();
    assert_eq!(summary["resources"], sample_total());
    let done = house.run(&["export", "--store", "ward", "--out", out]).exits(1);
    assert!(done.err.contains("not empty") && done.err.contains("--force"), "{}", done.err);
    house.run(&["export", "--store", "ward", "--out", out, "--gzip", "--force"]).exits(0);
    let again = house.run(&["--json", "import", "--store", "ward", out]).exits(0).json();
    assert_eq!(again["unchanged"], sample_total());
}

#[test]
fn a_store_that_is_not_there_is_an_error_naming_the_nearest() {
    let house = House::new();
    house.run(&["store", "create", "ward"]).exits(0);
    let input = house.file("Patient.ndjson", patient("a"));
    let done = house.run(&["import", "--store", "wrd", input.to_str().expect("a path")]).exits(1);
    assert!(
        done.err.contains("`wrd`") && done.err.contains("`ward`") && done.err.contains("--create"),
        "{}",
        done.err
    );
    let done = house.run(&["sql", "--store", "wrd", "SELECT 1"]).exits(1);
    assert!(done.err.contains("did you mean `ward`?"), "{}", done.err);
    let done = house.run(&["store", "create", "ward"]).exits(1);
    assert!(done.err.contains("exists already"), "{}", done.err);
    let done = house.run(&["store", "delete", "ward"]).exits(1);
    assert!(done.err.contains("--yes"), "{}", done.err);
    house.run(&["store", "delete", "ward", "--yes"]).exits(0);
    assert_eq!(house.run(&["--json", "store", "list"]).exits(0).json(), json!([]));
}

#[test]
fn keys_are_made_listed_and_deleted() {
    let house = House::new();
    house.run(&["store", "create", "ward"]).exits(0);
    let made = house
        .run(&["--json", "key", "create", "--role", "read", "--store", "ward"])
        .exits(0)
        .json();
    let keys: Vec<&str> = made.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, ["key_id", "secret", "bearer"]);
    let listed = house.run(&["--json", "key", "list"]).exits(0);
    assert_eq!(listed.json()[0]["key_id"], made["key_id"]);
    assert_eq!(listed.json()[0]["role"], "read");
    assert!(!listed.out.contains(made["secret"].as_str().expect("a secret")));
    let id = made["key_id"].as_str().expect("an id");
    house.run(&["key", "delete", id]).exits(0);
    house.run(&["key", "delete", id]).exits(1);
    house.run(&["key", "create", "--role", "read", "--store", "nowhere"]).exits(1);
}

#[test]
fn settings_are_printed_and_can_be_read_back() {
    let house = House::new();
    let printed = house.run(&["settings"]).exits(0).out;
    let file = house.file("tarn.toml", &printed);
    let file = file.to_str().expect("a path");
    assert_eq!(house.run(&["--config", file, "settings"]).exits(0).out, printed);
    let wrong = house.file("wrong.toml", "[import]\nworker = 2\n");
    let done = house.run(&["--config", wrong.to_str().expect("a path"), "settings"]).exits(1);
    assert!(done.err.contains("did you mean `import.workers`?"), "{}", done.err);
    let done = house.run(&["--config", "nowhere.toml", "settings"]).exits(1);
    assert!(done.err.contains("nowhere.toml"), "{}", done.err);
}

#[test]
fn the_demo_generates_its_population_and_says_how_to_go_on() {
    let house = House::new();
    let demo = ["demo", "--patients", "12", "--no-open", "--exit", "--http", "127.0.0.1:0"];
    let done = house.run(&demo).exits(0);
    for expected in [
        "/console/#sign-in=",
        "AWS_ACCESS_KEY_ID=",
        "AWS_SECRET_ACCESS_KEY=",
        "curl ",
        "sql --store demo",
    ] {
        assert!(done.out.contains(expected), "`{expected}` in {}", done.out);
    }
    let json = house.run(&[&["--json"], &demo[..]].concat()).exits(0).json();
    assert_eq!(json["generated"]["patients"], 12);
    assert!(json["generated"]["resources"].as_u64() > Some(1_000), "{json}");
    assert_eq!(json["import"]["unchanged"], json["generated"]["resources"]);
    let keys = house.run(&["--json", "key", "list"]).exits(0).json();
    assert_eq!(keys.as_array().map(Vec::len), Some(1), "the last demo's key is gone: {keys}");
    assert_eq!(keys[0]["key_id"], json["key"]["key_id"]);
    let done = house.run(&["demo", "--patients", "10", "--from", "x"]).exits(2);
    assert!(done.err.contains("--from"), "{}", done.err);
    let done = house.run(&["demo", "--from", "nowhere"]).exits(1);
    assert!(done.err.contains("`nowhere`"), "{}", done.err);
}

#[test]
fn commands_that_only_look_make_no_data_folder() {
    let house = House::new();
    for command in [
        &["sql", "--store", "ward", "SELECT 1"][..],
        &["store", "list"],
        &["store", "describe", "ward"],
        &["store", "delete", "ward", "--yes"],
        &["export", "--store", "ward", "--out", "out"],
        &["key", "list"],
        &["key", "delete", "TARNX"],
    ] {
        let done = house.run(command).exits(1);
        assert!(
            done.err.contains("no data folder") && done.err.contains("hint: "),
            "{command:?}: {}",
            done.err
        );
        assert!(!house.data().exists(), "{command:?}");
    }
    house.run(&["key", "create", "--role", "admin"]).exits(0);
    assert!(house.data().exists());
}
