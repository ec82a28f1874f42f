//! SQL, dashboards, imports and the overview.

use crate::Running;
use serde_json::{Value, json};
use std::io::{Read, Write};

fn load(running: &Running) {
    for (id, gender) in [("a", "female"), ("b", "male"), ("c", "female")] {
        running.put(&json!({ "resourceType": "Patient", "id": id, "gender": gender, "birthDate": "1970-01-01" }));
    }
    for (id, day) in [("e1", "2019-04-01"), ("e2", "2020-05-01")] {
        running.put(&json!({
            "resourceType": "Encounter", "id": id, "status": "finished",
            "class": { "code": "AMB" }, "subject": { "reference": "Patient/a" },
            "period": { "start": format!("{day}T10:00:00Z"), "end": format!("{day}T11:00:00Z") }
        }));
    }
}

#[test]
fn a_resource_just_written_is_in_sql() {
    let running = Running::start();
    let sql = running.keyed("sql", None);
    let query = json!({ "store": "first", "query": "SELECT count(*) AS n FROM patient WHERE gender = 'female'" });
    for expected in 1..4 {
        let id = format!("p{expected}");
        let answer =
            running.put(&json!({ "resourceType": "Patient", "id": id, "gender": "female" }));
        assert_eq!(answer.status, 201);
        let rows = sql.json("POST", "/sql", &query);
        assert_eq!(rows.value(), json!([{ "n": expected }]), "{}", rows.text());
        assert!(rows.header("tarn-commit").is_some_and(|commit| commit.parse::<u64>().is_ok()));
    }
    running.admin().send("DELETE", &running.r4("/Patient/p1"), b"");
    assert_eq!(sql.json("POST", "/sql", &query).value(), json!([{ "n": 2 }]));
}

#[test]
fn rows_come_in_the_format_asked_for() {
    let running = Running::start();
    load(&running);
    let sql = running.keyed("sql", Some("first")).with("Content-Type", "text/plain");
    let text = b"SELECT id FROM patient ORDER BY id LIMIT 2";
    let run = |accept: &str| sql.with("Accept", accept).send("POST", "/sql?store=first", text);
    assert_eq!(run("*/*").value(), json!([{ "id": "a" }, { "id": "b" }]));
    let csv = run("text/csv");
    assert_eq!(csv.text().lines().collect::<Vec<_>>(), ["id", "a", "b"]);
    assert_eq!(&run("application/vnd.apache.parquet").body[..4], b"PAR1");
    assert_eq!(run("application/xml").status, 406);
    assert_eq!(sql.send("POST", "/sql", text).status, 400, "no datastore named");
}

#[test]
fn wrong_queries_are_explained_and_change_nothing() {
    let running = Running::start();
    load(&running);
    let admin = running.admin();
    let run =
        |query: &str| admin.json("POST", "/sql", &json!({ "store": "first", "query": query }));
    for query in [
        "SELEC 1",
        "SELECT x FROM patient",
        "SELECT 1 FROM patiens",
        "DROP TABLE patient",
        "DELETE FROM patient",
        "INSERT INTO patient VALUES (1)",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "COPY (SELECT 1) TO '/tmp/tarn-should-not-be.csv'",
        "SELECT * FROM '/etc/passwd'",
        "SET datafusion.execution.batch_size = 1",
        "",
    ] {
        let answer = run(query);
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        assert!(answer.value()["error"]["message"].is_string(), "{query}");
    }
    assert!(
        run("SELECT 1 FROM patiens").value()["error"]["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains("patient"))
    );
    assert_eq!(run("SELECT count(*) AS n FROM patient").value(), json!([{ "n": 3 }]));
    assert_eq!(
        admin.json("POST", "/sql", &json!({ "store": "nowhere", "query": "SELECT 1" })).status,
        404
    );
    assert_eq!(admin.json("POST", "/sql", &json!({ "query": "SELECT 1" })).status, 400);
}

#[test]
fn an_answer_past_the_row_limit_is_refused() {
    let running = Running::with(|settings| settings.sql_rows_max = 2);
    load(&running);
    let query = json!({ "store": "first", "query": "SELECT id FROM patient" });
    let answer = running.admin().json("POST", "/sql", &query);
    assert_eq!(answer.status, 400);
    assert!(answer.value()["error"]["hint"].is_string());
}

#[test]
fn a_dashboard_shows_what_is_stored() {
    let running = Running::start();
    load(&running);
    let client = running.keyed("sql", None);
    let list = client.get("/api/dashboards").value();
    assert!(list.as_array().expect("a list").iter().any(|entry| entry["id"] == "population"));
    let definition = client.get("/api/dashboards/population");
    assert!(!definition.text().contains("SELECT"));
    assert_eq!(client.get("/api/dashboards/nothing").status, 404);
    assert_eq!(client.get("/api/dashboards/..%2f..%2fkeys").status, 404);

    let path = format!("/api/stores/{}/dashboards/population/data", running.store);
    let data = |parameters: Value| client.json("POST", &path, &json!({ "parameters": parameters }));
    let all = data(json!({})).value();
    assert_eq!(all["errors"], json!({}), "{all:#}");
    assert_eq!(all["datasets"]["gender"]["rows"], json!([["female", 2], ["male", 1]]));
    assert_eq!(
        all["datasets"]["gender"]["columns"],
        json!([{ "name": "gender", "type": "text" }, { "name": "patients", "type": "number" }])
    );
    assert_eq!(all["datasets"]["encounters"]["rows"][0][0], 2);
    let some = data(
        json!({ "encounters": { "from": "2019-01-01", "to": "2019-12-31" }, "gender": "female" }),
    )
    .value();
    assert_eq!(some["errors"], json!({}), "{some:#}");
    assert_eq!(some["datasets"]["encounters"]["rows"][0][0], 1);
    let none = data(json!({ "gender": "' OR '1'='1" })).value();
    assert_eq!(none["datasets"]["patients"]["rows"][0][0], 0, "{none:#}");
    assert_eq!(data(json!({ "nothing": 1 })).status, 400);
    assert_eq!(data(json!({ "encounters": { "from": "2019" } })).status, 400);
    let one = client.json("POST", &path, &json!({ "datasets": ["gender"] })).value();
    assert_eq!(one["datasets"].as_object().map(serde_json::Map::len), Some(1));
}

#[test]
fn an_import_tells_how_it_goes_and_bad_lines_do_not_stop_it() {
    let running = Running::start();
    let path = format!("/api/stores/{}/import", running.store);
    let body = "{\"resourceType\":\"Patient\",\"id\":\"a\"}\nnot JSON\n{\"resourceType\":\"Patient\",\"id\":\"b\"}\n";
    let writer = running.keyed("write", Some("first"));
    let answer =
        writer.with("Content-Type", "application/fhir+ndjson").send("POST", &path, body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let lines: Vec<Value> =
        answer.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let summary = &lines.last().expect("a last line")["summary"];
    assert_eq!(
        (&summary["resources"], &summary["created"], &summary["rejected"]),
        (&json!(2), &json!(2), &json!(1)),
        "{lines:?}"
    );
    assert_eq!(running.admin().get(&running.r4("/Patient/b")).status, 200);

    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("Patient.ndjson"), body).expect("room");
    let paths = json!({ "paths": [folder.path()] });
    assert_eq!(writer.json("POST", &path, &paths).status, 403, "paths are for admins");
    let again = running.admin().json("POST", &path, &paths);
    let summary: Value =
        serde_json::from_str(again.text().lines().last().expect("a line")).expect("JSON");
    assert_eq!(summary["summary"]["unchanged"], 2, "{}", again.text());
    let missing = running.admin().json("POST", &path, &json!({ "paths": ["/nowhere/at/all"] }));
    assert!(
        missing.text().lines().last().is_some_and(|line| line.starts_with("{\"error\"")),
        "{}",
        missing.text()
    );

    let out = tempfile::tempdir().expect("a folder");
    let path = format!("/api/stores/{}/export", running.store);
    let answer = running.admin().json("POST", &path, &json!({ "out": out.path().join("x") }));
    let last: Value =
        serde_json::from_str(answer.text().lines().last().expect("a line")).expect("JSON");
    assert_eq!(last["summary"]["resources"], 2, "{}", answer.text());
}

#[test]
fn the_overview_counts_and_its_events_follow() {
    let running = Running::start();
    load(&running);
    let client = running.keyed("read", Some("first"));
    let path = format!("/api/stores/{}/overview", running.store);
    let overview = client.get(&path).value();
    assert_eq!(overview["river"]["resources"], json!({ "count": 5, "versions": 5 }));
    assert_eq!(
        overview["types"],
        json!([{ "type": "Encounter", "count": 2 }, { "type": "Patient", "count": 3 }])
    );
    assert_eq!(
        overview["endpoints"]["fhir"],
        format!("http://{}{}", running.address, running.r4("")).as_str()
    );

    let mut stream = client.connect();
    let request = format!(
        "GET /api/stores/{}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        running.store, running.admin
    );
    stream.write_all(request.as_bytes()).expect("connected");
    let mut seen = String::new();
    let mut until = |what: &str| {
        let mut buffer = [0; 4096];
        while !seen.contains(what) {
            let count = stream.read(&mut buffer).expect("an event in time");
            assert_ne!(count, 0, "{seen}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    };
    until("event: overview");
    until("\"resources\":{\"count\":5");
    running.put(&json!({ "resourceType": "Patient", "id": "new" }));
    until("\"resources\":{\"count\":6");
}

#[test]
fn a_deleted_datastore_takes_its_keys_with_it() {
    let running = Running::start();
    let made = running.admin().json("POST", "/api/stores", &json!({ "name": "brief" }));
    assert_eq!(made.status, 201);
    assert!(made.value()["endpoint"].as_str().is_some_and(|url| url.ends_with("/r4/")));
    assert_eq!(
        running.admin().json("POST", "/api/stores", &json!({ "name": "brief" })).status,
        409
    );
    let id = made.value()["datastore_id"].as_str().expect("an id").to_owned();
    let client = running.keyed("read", Some("brief"));
    assert_eq!(client.get(&format!("/datastore/{id}/r4/Patient")).status, 200);
    assert_eq!(running.admin().send("DELETE", &format!("/api/stores/{id}"), b"").status, 204);
    assert_eq!(client.get("/api/session").status, 401);
    assert_eq!(running.admin().get(&format!("/datastore/{id}/r4/Patient")).status, 404);
}
