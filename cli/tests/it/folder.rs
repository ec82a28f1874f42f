//! One owner of the data folder: the lock, and the way through a running server.

use crate::house::{House, patient, sample, sample_total};
use serde_json::json;
use std::io::Write;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

#[test]
fn every_command_goes_through_a_running_server() {
    let house = House::new();
    let server = house.serve();
    assert!(server.ready.ends_with(" pg=off flight=off"), "{}", server.ready);
    let store = house.run(&["--json", "store", "create", "ward"]).exits(0).json();
    assert!(
        store["endpoint"].as_str().expect("an endpoint").contains(&server.address()),
        "{store}"
    );
    assert_eq!(store.as_object().expect("an object").len(), 4);
    assert_eq!(house.run(&["--json", "store", "list"]).exits(0).json()[0]["name"], "ward");

    let sample = sample();
    let imported = house
        .run(&["--json", "import", "--store", "ward", sample.to_str().expect("a path")])
        .exits(0)
        .json();
    assert_eq!(imported["created"], sample_total());
    let keys: Vec<&str> =
        imported.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys.len(), 10, "{keys:?}");
    let done = house.run_with_input(&["--json", "import", "--store", "ward", "-"], |stdin| {
        stdin
            .write_all(format!("{}\nnot json\n", patient("from-stdin")).as_bytes())
            .expect("it is read");
    });
    let summary = done.exits(3).json();
    assert_eq!((&summary["created"], &summary["rejected"]), (&json!(1), &json!(1)));

    let query = "SELECT gender FROM patient WHERE id = 'from-stdin'";
    let rows = house.run(&["--json", "sql", "--store", "ward", query]).exits(0).json();
    assert_eq!(rows, json!([{"gender": "female"}]));
    assert!(house.run(&["sql", "--store", "ward", query]).exits(0).out.starts_with("gender\n"));
    let described = house.run(&["--json", "store", "describe", "ward"]).exits(0).json();
    assert_eq!(described["resources"], sample_total() + 1);

    let out = house.path("export");
    let out = out.to_str().expect("a path");
    let exported =
        house.run(&["--json", "export", "--store", "ward", "--out", out]).exits(0).json();
    assert_eq!(exported["resources"], sample_total() + 1);
    let done = house.run(&["export", "--store", "ward", "--out", out]).exits(1);
    assert!(done.err.contains("not empty"), "{}", done.err);

    let key =
        house.run(&["--json", "key", "create", "--role", "sql", "--store", "ward"]).exits(0).json();
    assert_eq!(house.run(&["--json", "key", "list"]).exits(0).json()[0]["key_id"], key["key_id"]);
    house.run(&["key", "delete", key["key_id"].as_str().expect("an id")]).exits(0);
    let done = house.run(&["import", "--store", "wrd", out]).exits(1);
    assert!(done.err.contains("`wrd`"), "{}", done.err);
    let done = house.run(&["sql", "--store", "ward", "SELECT nothing FROM patient"]).exits(1);
    assert!(done.err.starts_with("error: "), "{}", done.err);

    assert_eq!(server.terminate(), Some(0));
    assert!(!house.data().join("server.json").exists());
    let rows = house
        .run(&["--json", "sql", "--store", "ward", "SELECT count(*) AS n FROM patient"])
        .exits(0);
    assert!(rows.json()[0]["n"].as_u64().expect("a number") > 1);
    house.run(&["store", "delete", "ward", "--yes"]).exits(0);
}

#[test]
fn a_second_server_on_the_folder_is_refused_and_a_killed_one_leaves_no_trouble() {
    let house = House::new();
    let mut server = house.serve();
    let done = house.run(&["serve", "--http", "127.0.0.1:0"]).exits(1);
    assert!(
        done.err.contains("already runs") && done.err.contains(&server.address()),
        "{}",
        done.err
    );
    server.child.kill().expect("killed");
    server.child.wait().expect("dead");
    assert!(house.data().join("server.json").exists(), "nobody tidied up");
    house.run(&["store", "create", "ward"]).exits(0);
    assert!(!house.data().join("server.json").exists());
}

#[test]
fn a_folder_another_command_holds_is_an_error_with_its_process() {
    let house = House::new();
    house.run(&["store", "create", "ward"]).exits(0);
    let mut import = house
        .command(&["import", "--store", "ward", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let mut stdin = import.stdin.take().expect("piped");
    stdin.write_all(patient("a").as_bytes()).expect("it is read");
    let lock = house.data().join("lock");
    let pid = import.id().to_string();
    for _ in 0..200 {
        if std::fs::read_to_string(&lock).is_ok_and(|owner| owner.starts_with(&pid)) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let done = house.run(&["store", "list"]).exits(1);
    assert!(done.err.contains(&format!("process {pid} (tarn ")), "{}", done.err);
    drop(stdin);
    assert_eq!(import.wait().expect("it ends").code(), Some(0));
    house.run(&["store", "list"]).exits(0);
}

#[test]
fn addresses_are_checked_before_anything_is_opened() {
    let house = House::new();
    let done = house.run(&["serve", "--http", "0.0.0.0:0"]).exits(1);
    assert!(done.err.contains("--allow-network"), "{}", done.err);
    let done = house.run(&["serve", "--http", "nonsense"]).exits(1);
    assert!(done.err.contains("`nonsense`"), "{}", done.err);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    let done = house.run(&["serve", "--http", &address]).exits(1);
    assert!(done.err.contains(&address) && done.err.contains("hint: "), "{}", done.err);
    let done = house.run(&["demo", "--no-open", "--http", &address]).exits(1);
    assert!(done.err.contains(&address), "{}", done.err);
    for door in ["--pg", "--flight"] {
        let done = house.run(&["serve", door, "127.0.0.1:8471"]).exits(1);
        assert!(done.err.contains("no `"), "{}", done.err);
    }
}
