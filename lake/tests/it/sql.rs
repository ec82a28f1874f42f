//! SQL over synthea-2021, against counts made from the lines themselves; and what is refused.

use crate::data::{Loaded, lines, quiet, shared};
use lake::{Error, QueryOptions, Settings};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

fn tally(values: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts
}

fn as_tally(rows: &Value) -> BTreeMap<String, u64> {
    rows.as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            (row["k"].as_str().unwrap_or_default().to_owned(), row["n"].as_u64().expect("a count"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn group_bys_and_joins_over_synthea_2021_agree_with_the_lines() {
    let Some(folder) = shared("synthea-2021") else { return };
    let types = lines(&folder);
    let parsed: BTreeMap<&str, Vec<Value>> = types
        .iter()
        .map(|(resource_type, lines)| {
            let parse = |line: &String| serde_json::from_str(line).expect("JSON");
            (resource_type.name(), lines.iter().map(parse).collect())
        })
        .collect();
    let tables = tempfile::tempdir().expect("a folder");
    let mut loaded = Loaded::open(tables.path(), quiet()).await;
    loaded.put_all(&types, 2_000);
    for where_from in ["memory", "files"] {
        for (name, rows) in &parsed {
            let sql = format!("SELECT count(*) AS n FROM {name}");
            assert_eq!(loaded.json(&sql).await, json!([{"n": rows.len()}]), "{name}, {where_from}");
        }
        let genders =
            loaded.json("SELECT gender AS k, count(*) AS n FROM patient GROUP BY 1").await;
        let expected =
            parsed["Patient"].iter().map(|p| p["gender"].as_str().unwrap_or_default().to_owned());
        assert_eq!(as_tally(&genders), tally(expected));

        let months = loaded
            .json(
                "SELECT to_char(date_trunc('month', period.start_start), '%Y-%m') AS k, \
                 count(*) AS n FROM encounter GROUP BY 1",
            )
            .await;
        assert_eq!(as_tally(&months).values().sum::<u64>(), parsed["Encounter"].len() as u64);

        let codes = loaded
            .json("SELECT code.coding[1].code AS k, count(*) AS n FROM condition GROUP BY 1")
            .await;
        let expected = parsed["Condition"]
            .iter()
            .map(|c| c["code"]["coding"][0]["code"].as_str().unwrap_or_default().to_owned());
        assert_eq!(as_tally(&codes), tally(expected));

        let joined = loaded
            .json(
                "SELECT p.gender AS k, count(*) AS n FROM encounter e \
                 JOIN patient p ON e.subject_id = p.id GROUP BY p.gender",
            )
            .await;
        let gender_of: BTreeMap<&str, &str> = parsed["Patient"]
            .iter()
            .map(|p| {
                (p["id"].as_str().unwrap_or_default(), p["gender"].as_str().unwrap_or_default())
            })
            .collect();
        let expected = parsed["Encounter"].iter().filter_map(|e| {
            let reference = e["subject"]["reference"].as_str()?;
            gender_of.get(reference.strip_prefix("Patient/")?).map(|gender| (*gender).to_owned())
        });
        assert_eq!(as_tally(&joined), tally(expected));

        let unnested = loaded
            .json(
                "SELECT t.c.code AS k, count(*) AS n FROM \
                 (SELECT unnest(code.coding) AS c FROM procedure) t GROUP BY 1",
            )
            .await;
        let expected = parsed["Procedure"].iter().flat_map(|p| {
            let codings = p["code"]["coding"].as_array().cloned().unwrap_or_default();
            codings.into_iter().map(|c| c["code"].as_str().unwrap_or_default().to_owned())
        });
        assert_eq!(as_tally(&unnested), tally(expected));

        let heavy = loaded
            .json(
                "SELECT sum(valuequantity.value) AS s FROM observation \
                 WHERE code.coding[1].code = '29463-7'",
            )
            .await;
        let expected: f64 = parsed["Observation"]
            .iter()
            .filter(|o| o["code"]["coding"][0]["code"] == "29463-7")
            .filter_map(|o| o["valueQuantity"]["value"].as_f64())
            .sum();
        assert!((heavy[0]["s"].as_f64().expect("a sum") - expected).abs() < 1e-6);

        let born = loaded
            .json("SELECT count(*) AS n FROM patient WHERE birthdate::date >= DATE '1980-01-01'")
            .await;
        let expected = parsed["Patient"]
            .iter()
            .filter(|p| p["birthDate"].as_str().is_some_and(|date| date >= "1980"))
            .count();
        assert_eq!(born, json!([{"n": expected}]));
        loaded.lake.flush(true).await.expect("flushed");
    }
}

async fn refused(loaded: &Loaded, sql: &str) -> (String, String) {
    match loaded.lake.query(sql, QueryOptions::default()).await {
        Err(error @ Error::Sql { .. }) => (error.to_string(), error.hint().unwrap_or_default()),
        other => panic!("`{sql}`: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistakes_are_answered_with_the_nearest_right_name() {
    let tables = tempfile::tempdir().expect("a folder");
    let mut loaded = Loaded::open(tables.path(), quiet()).await;
    loaded.put(&[r#"{"resourceType":"Patient","id":"a","gender":"female"}"#], &[]);
    let (message, hint) = refused(&loaded, "SELECT * FROM patients").await;
    assert!(message.contains("`patients`") && hint.contains("`patient`"), "{message} {hint}");
    let (message, hint) = refused(&loaded, "SELECT gendr FROM patient").await;
    assert!(message.contains("gendr") && hint.contains("`gender`"), "{message} {hint}");
    refused(&loaded, "SELEC 1").await;
    refused(&loaded, "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_reading_is_allowed() {
    let tables = tempfile::tempdir().expect("a folder");
    let mut loaded = Loaded::open(tables.path(), quiet()).await;
    loaded.put(&[r#"{"resourceType":"Patient","id":"a"}"#], &[]);
    for sql in [
        "CREATE TABLE t AS SELECT 1",
        "CREATE VIEW v AS SELECT 1",
        "CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION '/etc/passwd'",
        "DROP TABLE patient",
        "INSERT INTO patient (id) VALUES ('x')",
        "DELETE FROM patient",
        "UPDATE patient SET id = 'x'",
        "COPY (SELECT 1) TO '/tmp/x.csv'",
        "SET datafusion.execution.batch_size = 1",
        "SELECT * FROM '/etc/passwd'",
        "SELECT 1; SELECT 2",
    ] {
        refused(&loaded, sql).await;
    }
    for sql in [
        "SELECT 1",
        "SHOW TABLES",
        "SHOW COLUMNS FROM patient",
        "DESCRIBE patient",
        "EXPLAIN SELECT * FROM patient",
        "SELECT table_name FROM information_schema.tables",
        "SELECT p.id FROM tarn.main.patient p",
        "WITH x AS (SELECT id FROM Patient) SELECT * FROM x",
    ] {
        loaded.json(sql).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_type_without_data_is_a_table_without_rows() {
    let tables = tempfile::tempdir().expect("a folder");
    let loaded = Loaded::open(tables.path(), quiet()).await;
    let sql = "SELECT id, code.coding[1].code, subject_id, onsetdatetime_start FROM condition";
    assert_eq!(loaded.json(sql).await, json!([]));
    assert_eq!(loaded.json("SELECT count(*) AS n FROM goal").await, json!([{"n": 0}]));
    for resource_type in fhir::ResourceType::all() {
        let sql = format!("SELECT * FROM {} LIMIT 1", resource_type.table());
        assert_eq!(loaded.json(&sql).await, json!([]), "{}", resource_type.name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_end_a_query_that_asks_too_much() {
    let tables = tempfile::tempdir().expect("a folder");
    let settings = Settings { query_memory_bytes: 8 << 20, answer_bytes_max: 1 << 20, ..quiet() };
    let loaded = Loaded::open(tables.path(), settings).await;
    let query = async |sql: &str, options| loaded.lake.query(sql, options).await;
    let endless = "SELECT count(*) FROM generate_series(1, 100000000000) t";
    let short = QueryOptions { timeout: Some(Duration::from_millis(200)), rows_max: None };
    assert!(matches!(query(endless, short).await, Err(Error::Deadline { .. })));
    let few = QueryOptions { timeout: None, rows_max: Some(10) };
    let sql = "SELECT * FROM generate_series(1, 11) t";
    assert!(matches!(query(sql, few).await, Err(Error::AnswerTooLarge { .. })));
    let sql = "SELECT repeat('x', 1000) FROM generate_series(1, 100000) t";
    let result = query(sql, QueryOptions::default()).await;
    assert!(matches!(result, Err(Error::AnswerTooLarge { .. })), "{result:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_of_thousands_of_terms_is_answered() {
    let tables = tempfile::tempdir().expect("a folder");
    let loaded = Loaded::open(tables.path(), quiet()).await;
    for (head, term) in
        [("1", "+1"), ("1=2", " OR 1=2"), ("1", "::int"), ("1", " UNION ALL SELECT 1")]
    {
        let sql = format!("SELECT {head}{}", term.repeat(2_100));
        // Answered or refused, but answered.
        let _ = loaded.lake.query(&sql, QueryOptions::default()).await;
        let after = loaded.lake.query("SELECT 1 AS one", QueryOptions::default()).await;
        assert!(after.is_ok(), "after many `{term}`");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_cannot_make_more_than_the_bound() {
    let tables = tempfile::tempdir().expect("a folder");
    let loaded = Loaded::open(tables.path(), quiet()).await;
    let query = |sql: &'static str| loaded.lake.query(sql, QueryOptions::default());
    for greedy in [
        "SELECT repeat('x', 2000000000)",
        "SELECT lpad('x', 300000000)",
        "SELECT rpad('x', 300000000, 'yz')",
        "SELECT array_repeat(1, 500000000)",
        "SELECT array_resize([1], 500000000)",
        "SELECT range(1, 10000000000)",
        "SELECT length(replace(repeat('a', 1000000), 'a', repeat('b', 100000)))",
        "SELECT length(array_to_string(array_repeat('', 50000), repeat('b', 1000000)))",
        "SELECT levenshtein(repeat('a', 300000), repeat('b', 300000))",
        "SELECT generate_series(TIMESTAMP '1970-01-01', TIMESTAMP '2020-01-01', INTERVAL '1' SECOND)",
    ] {
        let result = query(greedy).await;
        assert!(matches!(result, Err(Error::Memory { .. })), "`{greedy}`: {result:?}");
    }
    for modest in [
        "SELECT repeat('x', 3) AS x",
        "SELECT lpad('7', 3, '0') AS x",
        "SELECT array_repeat('a', 2) AS x",
        "SELECT concat('a', 'b') || replace('abc', 'b', 'd') AS x",
        "SELECT unnest(generate_series(1, 10)) AS x",
        "SELECT range(DATE '2020-01-01', DATE '2020-03-01', INTERVAL '1' MONTH) AS x",
    ] {
        let answer = query(modest).await;
        assert!(answer.is_ok_and(|answer| answer.rows() > 0), "`{modest}`");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joined_texts_are_held_to_the_bound() {
    let tables = tempfile::tempdir().expect("a folder");
    let loaded = Loaded::open(tables.path(), quiet()).await;
    let long = "SELECT repeat('x', 1000000 + a.value - a.value) AS s FROM generate_series(1, 60) a";
    let thirty = vec!["s"; 30].join(" || ");
    let pairs = vec!["upper(s || '')"; 30].join(" || ");
    for greedy in [
        format!("SELECT sum(length(t)) FROM (SELECT {thirty} AS t FROM ({long}))"),
        format!("SELECT sum(length(t)) FROM (SELECT {pairs} AS t FROM ({long}))"),
        format!("SELECT count(*) FROM ({long}) WHERE length({thirty}) > 1"),
        format!("SELECT sum(length(concat(s, 'a', 'b', s, s))) FROM ({long})"),
        format!("SELECT sum(length(concat_ws('', s, s, s))) FROM ({long})"),
        "SELECT sum(length(s)) FROM (SELECT s || s || s || s AS s FROM (SELECT s || s || s || s AS s \
         FROM (SELECT s || s || s || s AS s FROM (SELECT s || s AS s FROM (SELECT repeat('x', 900000) AS s)))))"
            .to_owned(),
        "SELECT sum(length(repeat('x', 900000) || value)) FROM generate_series(1, 8000)".to_owned(),
        "SELECT sum(length(concat(repeat('x', 900000), value))) FROM generate_series(1, 8000)"
            .to_owned(),
    ] {
        let result = loaded.lake.query(&greedy, QueryOptions::default()).await;
        assert!(matches!(result, Err(Error::Memory { .. })), "`{greedy}`: {result:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joined_texts_are_what_they_were() {
    let tables = tempfile::tempdir().expect("a folder");
    let mut loaded = Loaded::open(tables.path(), quiet()).await;
    loaded.put(
        &[
            r#"{"resourceType":"Patient","id":"a","gender":"female"}"#,
            r#"{"resourceType":"Patient","id":"b"}"#,
        ],
        &[],
    );
    for (sql, expected) in [
        ("SELECT 'a' || 'b' || 'c' AS x", json!([{"x": "abc"}])),
        ("SELECT 'a' || NULL AS x", json!([{"x": null}])),
        ("SELECT 'a' || 1 || 2.5 AS x", json!([{"x": "a12.5"}])),
        ("SELECT 1 || 'a' AS x", json!([{"x": "1a"}])),
        ("SELECT 'a' || ('b' || 'c') AS x", json!([{"x": "abc"}])),
        (
            "SELECT arrow_cast('a', 'Utf8View') || arrow_cast('b', 'LargeUtf8') AS x",
            json!([{"x": "ab"}]),
        ),
        ("SELECT encode(x'01' || x'02', 'hex') AS x", json!([{"x": "0102"}])),
        ("SELECT ARRAY[1, 2] || ARRAY[3] AS x", json!([{"x": [1, 2, 3]}])),
        ("SELECT ARRAY['a'] || 'b' AS x", json!([{"x": ["a", "b"]}])),
        ("SELECT 'a' || ARRAY['b'] AS x", json!([{"x": ["a", "b"]}])),
        (
            "SELECT id || ':' || gender AS x FROM patient ORDER BY id",
            json!([{"x": "a:female"}, {"x": null}]),
        ),
        (
            "SELECT id || gender, count(*) AS n FROM patient GROUP BY id || gender ORDER BY 1",
            json!([
                {"patient.id || patient.gender": "afemale", "n": 1},
                {"patient.id || patient.gender": null, "n": 1},
            ]),
        ),
        (
            "SELECT id || '!' AS x, count(*) AS n FROM patient \
             GROUP BY GROUPING SETS ((id || '!'), ()) ORDER BY x",
            json!([{"x": "a!", "n": 1}, {"x": "b!", "n": 1}, {"x": null, "n": 2}]),
        ),
        (
            "SELECT string_agg(id || '-', '' ORDER BY id || 'z' DESC) AS x FROM patient",
            json!([{"x": "b-a-"}]),
        ),
        (
            "SELECT p.id FROM patient p JOIN patient q ON p.id || 'x' = q.id || 'x' \
             WHERE p.id || 'y' LIKE 'a%'",
            json!([{"id": "a"}]),
        ),
        (
            "SELECT id FROM patient p WHERE EXISTS \
             (SELECT 1 FROM patient q WHERE q.id || q.gender = p.id || 'female')",
            json!([{"id": "a"}]),
        ),
    ] {
        assert_eq!(loaded.json(sql).await, expected, "`{sql}`");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_level_of_nested_selects_is_computed() {
    let tables = tempfile::tempdir().expect("a folder");
    let mut loaded = Loaded::open(tables.path(), quiet()).await;
    loaded.put(
        &[
            r#"{"resourceType":"Patient","id":"a","gender":"female"}"#,
            r#"{"resourceType":"Patient","id":"b","gender":"male"}"#,
        ],
        &[],
    );
    let one = "(SELECT 1 AS n)";
    let two = format!("(SELECT n+1 AS n FROM {one})");
    let three = format!("(SELECT n+1 AS n FROM {two})");
    let four = format!("(SELECT n+1 AS n FROM {three})");
    for (sql, expected) in [
        (format!("SELECT n FROM {three}"), json!(3)),
        (format!("SELECT n+1 AS n FROM {three}"), json!(4)),
        (format!("SELECT n+1 AS n FROM {four}"), json!(5)),
        (format!("SELECT * FROM (SELECT * FROM {four})"), json!(4)),
        (format!("SELECT n FROM ({three})"), json!(3)),
        (format!("SELECT n+1 AS n FROM {three} WHERE n > 0"), json!(4)),
        (format!("SELECT n+1 AS n FROM {three} ORDER BY n LIMIT 1"), json!(4)),
        (format!("WITH a AS {three} SELECT n+1 AS n FROM a"), json!(4)),
        (
            "WITH a AS (SELECT 1 AS n), b AS (SELECT n+1 AS n FROM a), c AS (SELECT n+1 AS n FROM b) \
             SELECT n+1 AS n FROM c"
                .to_owned(),
            json!(4),
        ),
        (format!("SELECT n+1 AS n FROM (SELECT n+1 AS n FROM {two} AS x) AS x"), json!(4)),
        (format!("SELECT (SELECT max(n) FROM {four}) AS n"), json!(4)),
        (format!("SELECT 7 AS n WHERE 3 IN {three}"), json!(7)),
        (format!("SELECT sum(n) AS n FROM (SELECT n FROM {three} UNION ALL SELECT n FROM {four})"), json!(7)),
        (
            format!("SELECT n+1 AS n FROM (SELECT n+1 AS n FROM {one} UNION ALL SELECT n+1 AS n FROM {one} WHERE false)"),
            json!(3),
        ),
        (format!("SELECT n + m AS n FROM {three} JOIN (SELECT m+1 AS m FROM (SELECT m+1 AS m FROM (SELECT 1 AS m))) ON n = m"), json!(6)),
        (
            "SELECT a AS n FROM (SELECT b AS a, a AS b FROM (SELECT b AS a, a AS b FROM (SELECT 1 AS a, 2 AS b)))".to_owned(),
            json!(1),
        ),
        (
            "SELECT s AS n FROM (SELECT s||s||s||s AS s FROM (SELECT s||s||s||s AS s FROM (SELECT 'ab' AS s)))".to_owned(),
            json!("ab".repeat(16)),
        ),
        (
            "SELECT max(s) AS n FROM (SELECT s||s AS s FROM (SELECT s||s AS s FROM (SELECT id AS s FROM patient)))".to_owned(),
            json!("bbbb"),
        ),
        ("SELECT derived_1.n FROM (SELECT 1 AS n) derived_1 JOIN (SELECT 2 AS m) ON true".to_owned(), json!(1)),
        (
            "SELECT patient.id AS n FROM (SELECT id, gender FROM patient) WHERE gender = 'male'".to_owned(),
            json!("b"),
        ),
        (
            "SELECT count(*) AS n FROM (SELECT p.id, q.id FROM patient p JOIN patient q ON p.id = q.id)".to_owned(),
            json!(2),
        ),
    ] {
        assert_eq!(loaded.json(&sql).await, json!([{"n": expected}]), "`{sql}`");
    }
    loaded.json("EXPLAIN SELECT maritalstatus.coding[1].code FROM patient").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_into_memory_goes_to_a_bounded_folder_of_the_lake() {
    let tables = tempfile::tempdir().expect("a folder");
    let spill = tables.path().join(".spill");
    std::fs::create_dir_all(spill.join("left")).expect("a folder of a crash");
    let sql = "SELECT max(r) AS n FROM (SELECT row_number() OVER (ORDER BY s) AS r FROM \
               (SELECT md5(value::text) || repeat('x', 200) AS s FROM generate_series(1, 500000)))";
    for (spill_bytes_max, fits) in [(1 << 20, false), (1 << 30, true)] {
        let settings =
            Settings { query_memory_bytes: 64 << 20, spill_bytes_max, partitions: 1, ..quiet() };
        let loaded = Loaded::open(tables.path(), settings).await;
        assert!(spill.is_dir() && !spill.join("left").exists());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&spill).expect("a folder").permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        let result = loaded.lake.query(sql, QueryOptions::default()).await;
        match result {
            Ok(answer) => assert!(fits && answer.rows() == 1),
            Err(Error::Memory { .. }) if !fits => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_renders_as_csv_text_and_parquet() {
    let tables = tempfile::tempdir().expect("a folder");
    let mut loaded = Loaded::open(tables.path(), quiet()).await;
    loaded.put(
        &[r#"{"resourceType":"Patient","id":"a","birthDate":"2000","name":[{"family":"O\"Neil, Jr"}]}"#],
        &[],
    );
    let sql = "SELECT id, birthdate_start, name[1].family AS family, name, gender FROM patient";
    let answer = loaded.lake.query(sql, QueryOptions::default()).await.expect("an answer");
    assert_eq!(answer.commit, 1);
    let csv = String::from_utf8(lake::render_csv(&answer).expect("CSV")).expect("UTF-8");
    assert_eq!(
        csv,
        "id,birthdate_start,family,name,gender\r\n\
         a,2000-01-01T00:00:00Z,\"O\"\"Neil, Jr\",\"[{\"\"family\"\":\"\"O\\\"\"Neil, Jr\"\"}]\",\r\n"
    );
    let text = lake::render_text(&answer).expect("text");
    assert!(text.contains("| id ") && text.ends_with("(1 row)\n"), "{text}");
    let parquet = lake::render_parquet(&answer).expect("Parquet");
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
}
