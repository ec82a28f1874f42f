//! FHIR's interactions: statuses, headers, conditions, outcomes, paging.

use crate::Running;
use crate::client::Answer;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn patient(id: &str, family: &str) -> Value {
    json!({ "resourceType": "Patient", "id": id, "name": [{ "family": family }], "gender": "female" })
}

#[track_caller]
fn outcome(answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    let value = answer.value();
    assert_eq!(value["resourceType"], "OperationOutcome");
    assert_eq!(value["issue"][0]["code"], code, "{value}");
    assert_eq!(answer.header("content-type"), Some("application/fhir+json; charset=utf-8"));
    value
}

#[test]
fn a_resource_lives_through_all_its_versions() {
    let running = Running::start();
    let admin = running.admin();
    let text = r#"{"resourceType":"Observation","id":"ignored","status":"final","code":{"text":"c"},"valueQuantity":{"value":1.50}}"#;
    let created = admin.fhir("POST", &running.r4("/Observation"), text);
    assert_eq!(created.status, 201, "{}", created.text());
    assert_eq!(created.header("etag"), Some("W/\"1\""));
    assert!(created.header("last-modified").is_some_and(|date| date.ends_with(" GMT")));
    let id = created.value()["id"].as_str().expect("an id").to_owned();
    assert_ne!(id, "ignored");
    let path = running.r4(&format!("/Observation/{id}"));
    let location = format!("http://{}{path}/_history/1", running.address);
    assert_eq!(created.header("location"), Some(location.as_str()));

    let read = admin.get(&path);
    assert_eq!((read.status, read.header("etag")), (200, Some("W/\"1\"")));
    assert!(read.text().contains("1.50"), "decimals keep their digits: {}", read.text());
    assert_eq!(read.value()["meta"]["versionId"], "1");
    assert_eq!(admin.with("If-None-Match", "W/\"1\"").get(&path).status, 304);
    assert_eq!(admin.with("If-None-Match", "W/\"2\"").get(&path).status, 200);
    let date = read.header("last-modified").expect("a date").to_owned();
    assert_eq!(admin.with("If-Modified-Since", &date).get(&path).status, 304);

    let changed = text.replace("ignored", &id).replace("final", "amended");
    let updated = admin.fhir("PUT", &path, &changed);
    assert_eq!((updated.status, updated.header("etag")), (200, Some("W/\"2\"")));
    let same = admin.fhir("PUT", &path, &changed);
    assert_eq!(
        (same.status, same.header("etag")),
        (200, Some("W/\"2\"")),
        "equal content makes no version"
    );
    assert_eq!(admin.get(&format!("{path}/_history/1")).value()["status"], "final");
    outcome(&admin.get(&format!("{path}/_history/9")), 404, "not-found");
    outcome(&admin.get(&format!("{path}/_history/x")), 404, "not-found");

    assert_eq!(admin.send("DELETE", &path, b"").status, 204);
    assert_eq!(admin.send("DELETE", &path, b"").status, 204, "deleting twice is no error");
    assert_eq!(admin.send("DELETE", &running.r4("/Observation/never"), b"").status, 204);
    let gone = admin.get(&path);
    outcome(&gone, 410, "deleted");
    assert_eq!(gone.header("etag"), Some("W/\"3\""));
    outcome(&admin.get(&format!("{path}/_history/3")), 410, "deleted");
    outcome(&admin.get(&running.r4("/Observation/never")), 404, "not-found");

    let history = admin.get(&format!("{path}/_history")).value();
    assert_eq!((&history["type"], &history["total"]), (&json!("history"), &json!(3)));
    let methods: Vec<_> = history["entry"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|e| e["request"]["method"].clone())
        .collect();
    assert_eq!(methods[..2], ["DELETE", "PUT"]);
    let page = admin.get(&format!("{path}/_history?_count=2")).value();
    assert_eq!(page["entry"].as_array().map(Vec::len), Some(2));
    let next = page["link"]
        .as_array()
        .expect("links")
        .iter()
        .find(|l| l["relation"] == "next")
        .expect("a next page");
    let next = next["url"].as_str().expect("a URL").split_once("/datastore").expect("a path").1;
    assert_eq!(
        admin.get(&format!("/datastore{next}")).value()["entry"].as_array().map(Vec::len),
        Some(1)
    );

    let back = admin.fhir("PUT", &path, &changed);
    assert_eq!(
        (back.status, back.header("etag")),
        (201, Some("W/\"4\"")),
        "a deleted id comes back"
    );
}

#[test]
fn conditions_keep_writers_apart() {
    let running = Running::start();
    let admin = running.admin();
    let path = running.r4("/Patient/p");
    let put = |header: Option<(&str, &str)>, family: &str| {
        let client = header.map_or(admin.clone(), |(name, value)| admin.with(name, value));
        client.fhir("PUT", &path, &patient("p", family).to_string())
    };
    outcome(&put(Some(("If-Match", "W/\"1\"")), "a"), 412, "conflict");
    assert_eq!(put(Some(("If-None-Match", "*")), "a").status, 201);
    outcome(&put(Some(("If-None-Match", "*")), "b"), 412, "duplicate");
    assert_eq!(put(Some(("If-Match", "W/\"1\"")), "b").status, 200);
    outcome(&put(Some(("If-Match", "W/\"1\"")), "c"), 412, "conflict");
    outcome(&put(Some(("If-Match", "1")), "c"), 400, "value");
    let delete = |etag: &str| admin.with("If-Match", etag).send("DELETE", &path, b"").status;
    assert_eq!(delete("W/\"1\""), 412);
    assert_eq!(delete("W/\"2\""), 204);
}

#[test]
fn wrong_requests_are_told_what_is_wrong() {
    let running = Running::start();
    let admin = running.admin();
    let post = |body: &str| admin.fhir("POST", &running.r4("/Patient"), body);
    let put = |body: &str| admin.fhir("PUT", &running.r4("/Patient/p"), body);
    outcome(&post(""), 400, "structure");
    outcome(&post("{"), 400, "structure");
    outcome(&post("[]"), 400, "structure");
    outcome(
        &post(r#"{"resourceType":"Observation","status":"final","code":{"text":"x"}}"#),
        400,
        "invalid",
    );
    let value = outcome(
        &post(r#"{"resourceType":"Patient","birthDate":"yesterday, said Ms Jones"}"#),
        400,
        "value",
    );
    assert_eq!(value["issue"][0]["expression"][0], "Patient.birthDate");
    assert!(!value.to_string().contains("Jones"));
    let value = outcome(&post(r#"{"resourceType":"Patient","colour":"red"}"#), 400, "structure");
    assert!(
        value["issue"][0]["expression"][0].as_str().is_some_and(|path| path.starts_with("Patient")),
        "{value}"
    );
    let value = outcome(&put(&patient("q", "a").to_string()), 400, "value");
    assert_eq!(value["issue"][0]["expression"][0], "Patient.id");
    outcome(&put(r#"{"resourceType":"Patient"}"#), 400, "required");

    let xml = admin.with("Content-Type", "application/fhir+xml").send(
        "POST",
        &running.r4("/Patient"),
        b"<Patient/>",
    );
    outcome(&xml, 415, "not-supported");
    outcome(&admin.send("POST", &running.r4("/Patient"), b"{}"), 415, "not-supported");
    outcome(
        &admin.with("Accept", "application/fhir+xml").get(&running.r4("/Patient")),
        406,
        "not-supported",
    );
    outcome(&admin.get(&running.r4("/Patient?_format=xml")), 406, "not-supported");
    assert_eq!(admin.get(&running.r4("/Patient?_format=json&_pretty=true")).status, 200);

    let value = outcome(&admin.get(&running.r4("/patient")), 404, "not-supported");
    assert!(
        value["issue"][0]["diagnostics"].as_str().is_some_and(|text| text.contains("`Patient`")),
        "{value}"
    );
    outcome(&admin.get(&running.r4("/Patient/a_b")), 400, "value");
    outcome(&admin.get(&running.r4(&format!("/Patient/{}", "a".repeat(65)))), 400, "value");
    outcome(&admin.get(&running.r4("/Patient/$everything")), 404, "not-supported");
    outcome(&admin.get(&running.r4("/Patient/p/Observation")), 404, "not-found");
    outcome(
        &admin.fhir("POST", &running.r4(""), r#"{"resourceType":"Bundle","type":"batch"}"#),
        501,
        "not-supported",
    );
    outcome(
        &admin.with("If-None-Exist", "name=a").fhir(
            "POST",
            &running.r4("/Patient"),
            r#"{"resourceType":"Patient"}"#,
        ),
        501,
        "not-supported",
    );
    let patch = admin.send("PATCH", &running.r4("/Patient/p"), b"[]");
    outcome(&patch, 405, "not-supported");
    let allow: BTreeSet<&str> =
        patch.header("allow").expect("Allow").split(',').map(str::trim).collect();
    assert_eq!(allow, BTreeSet::from(["DELETE", "GET", "HEAD", "PUT"]));
}

#[test]
fn the_answer_to_a_write_is_what_the_client_prefers() {
    let running = Running::start();
    let post = |prefer: &str| {
        running.admin().with("Prefer", prefer).fhir(
            "POST",
            &running.r4("/Patient"),
            r#"{"resourceType":"Patient"}"#,
        )
    };
    let minimal = post("return=minimal");
    assert_eq!((minimal.status, minimal.body.len()), (201, 0));
    assert!(minimal.header("location").is_some() && minimal.header("etag").is_some());
    assert_eq!(post("return=representation").value()["resourceType"], "Patient");
    assert_eq!(post("return=OperationOutcome").value()["issue"][0]["severity"], "information");
}

#[test]
fn pages_show_what_the_first_page_saw() {
    let running = Running::start();
    let admin = running.admin();
    for number in 0..5 {
        running.put(&patient(&format!("p{number}"), "Page"));
    }
    let relation = |bundle: &Value, relation: &str| {
        let link = bundle["link"].as_array()?.iter().find(|link| link["relation"] == relation)?;
        let url = link["url"].as_str()?.strip_prefix(&format!("http://{}", running.address))?;
        Some(url.to_owned())
    };
    let ids = |bundle: &Value| -> Vec<String> {
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .map(|entry| entry["resource"]["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    let first = admin.get(&running.r4("/Patient?family=Page&_count=2&_sort=_id")).value();
    assert_eq!((&first["type"], &first["total"]), (&json!("searchset"), &json!(5)));
    assert_eq!(first["entry"][0]["search"]["mode"], "match");
    assert_eq!(
        first["entry"][0]["fullUrl"],
        format!("http://{}{}", running.address, running.r4("/Patient/p0")).as_str()
    );
    running.put(&patient("p00", "Page"));
    admin.send("DELETE", &running.r4("/Patient/p3"), b"");
    let second = admin.get(&relation(&first, "next").expect("a second page")).value();
    let third = admin.get(&relation(&second, "next").expect("a third page")).value();
    assert_eq!(relation(&third, "next"), None);
    assert_eq!([ids(&first), ids(&second), ids(&third)].concat(), ["p0", "p1", "p2", "p3", "p4"]);
    assert_eq!(
        ids(&admin.get(&relation(&third, "previous").expect("a page before")).value()),
        ids(&second)
    );
    assert_eq!(
        ids(&admin.get(&relation(&third, "first").expect("a first page")).value()),
        ids(&first)
    );
    let again = admin.get(&relation(&first, "self").expect("itself")).value();
    assert_eq!(ids(&again), ["p0", "p00"], "the self link asks anew");
    outcome(&admin.get(&running.r4("/Patient?_commit=999999")), 400, "value");
}

#[test]
fn a_search_answers_in_the_form_asked_for() {
    let running = Running::start();
    let admin = running.admin();
    running.put(&patient("p1", "Shown"));
    running.put(&json!({
        "resourceType": "Observation", "id": "o1", "status": "final", "code": { "text": "c" },
        "subject": { "reference": "Patient/p1" }
    }));
    let search = |path: &str| admin.get(&running.r4(path));
    let count = search("/Patient?_summary=count").value();
    assert_eq!((&count["total"], count.get("entry")), (&json!(1), None));
    let posted = admin.with("Content-Type", "application/x-www-form-urlencoded").send(
        "POST",
        &running.r4("/Patient/_search"),
        b"family=shown",
    );
    assert_eq!(posted.value()["total"], 1, "{}", posted.text());
    let part = search("/Patient?_elements=gender").value();
    assert_eq!(part["entry"][0]["resource"].get("name"), None);
    assert_eq!(part["entry"][0]["resource"]["meta"]["tag"][0]["code"], "SUBSETTED");
    assert_eq!(search("/Patient/p1?_elements=gender").value().get("name"), None);

    let unknown = outcome(&search("/Patient?familie=x"), 400, "not-supported");
    assert!(
        unknown["issue"][0]["diagnostics"].as_str().is_some_and(|text| text.contains("family")),
        "{unknown}"
    );
    let lenient =
        admin.with("Prefer", "handling=lenient").get(&running.r4("/Patient?familie=x")).value();
    assert_eq!(lenient["total"], 1);
    let modes: Vec<_> = lenient["entry"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|e| e["search"]["mode"].clone())
        .collect();
    assert_eq!(modes, ["match", "outcome"]);

    let included = search("/Observation?_include=Observation:subject").value();
    let modes: Vec<_> = included["entry"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|e| e["search"]["mode"].clone())
        .collect();
    assert_eq!((modes, &included["total"]), (vec![json!("match"), json!("include")], &json!(1)));
    let reverse = search("/Patient?_revinclude=Observation:subject").value();
    assert_eq!(reverse["entry"][1]["resource"]["resourceType"], "Observation");
}

#[test]
fn the_capability_statement_names_this_endpoint_and_promises_no_batch() {
    let running = Running::start();
    let statement = running.keyed("sql", None).get(&running.r4("/metadata")).value();
    assert_eq!(statement["resourceType"], "CapabilityStatement");
    assert_eq!(
        statement["implementation"]["url"],
        format!("http://{}{}", running.address, running.r4("")).as_str()
    );
    assert_eq!(statement["rest"][0].get("interaction"), None);
}

#[test]
fn of_writers_with_the_same_version_one_wins() {
    let running = Running::start();
    running.put(&patient("p", "v1"));
    for round in 1..=5 {
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8)
                .map(|writer| {
                    let running = &running;
                    scope.spawn(move || {
                        let body = patient("p", &format!("v{round}-{writer}")).to_string();
                        let client = running.admin().with("If-Match", &format!("W/\"{round}\""));
                        client.fhir("PUT", &running.r4("/Patient/p"), &body).status
                    })
                })
                .collect();
            writers.into_iter().map(|writer| writer.join().expect("no panic")).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 7, "{statuses:?}");
    }
}

#[test]
fn what_was_acknowledged_is_found_at_once_by_everybody() {
    let running = Running::start();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let running = &running;
            scope.spawn(move || {
                for number in 0..10 {
                    let id = format!("w{writer}-{number}");
                    running.put(&patient(&id, "Once"));
                    let found = running
                        .admin()
                        .get(&running.r4(&format!("/Patient?_id={id}&family=once")))
                        .value();
                    assert_eq!(found["total"], 1, "{found}");
                }
            });
        }
    });
    let total = running.admin().get(&running.r4("/Patient?_summary=count")).value();
    assert_eq!(total["total"], 80);
}

#[test]
fn a_format_may_come_unescaped_and_in_a_form() {
    let running = Running::start();
    running.put(&patient("a", "Abel"));
    let admin = running.admin();
    let path = running.r4("/Patient/a?_format=application/fhir+json");
    assert_eq!(admin.get(&path).status, 200);
    let search = |query: &str, form: &str| {
        admin.with("Content-Type", "application/x-www-form-urlencoded").send(
            "POST",
            &running.r4(&format!("/Patient/_search{query}")),
            form.as_bytes(),
        )
    };
    assert_eq!(search("", "_format=application/fhir+json&name=abel").value()["total"], 1);
    outcome(&search("", "_format=xml"), 406, "not-supported");
    outcome(&search("?_format=json", "_format=application%2Ffhir%2Bxml"), 406, "not-supported");
    assert_eq!(search("?_format=xml", "_format=json").status, 200, "the form comes last");
}

#[test]
fn a_reference_by_our_own_address_finds_what_a_relative_one_does() {
    let running = Running::start();
    running.put(&patient("a", "Abel"));
    running.put(&json!({
        "resourceType": "Observation", "id": "o", "status": "final", "code": { "text": "c" },
        "subject": { "reference": "Patient/a" },
    }));
    let admin = running.admin();
    let total = |query: &str| {
        let answer = admin.get(&running.r4(&format!("/Observation?{query}")));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.value()["total"].clone()
    };
    let own = format!("http://{}{}", running.address, running.r4("/Patient/a"));
    assert_eq!(total("subject=Patient/a"), 1);
    assert_eq!(total(&format!("subject={own}")), 1);
    assert_eq!(total(&format!("patient={own}")), 1);
    assert_eq!(total(&format!("subject:Patient={own}")), 1);
    assert_eq!(total(&format!("subject=Patient/b,{own}")), 1);
    assert_eq!(total(&format!("subject={}", own.replace(&running.store, "first"))), 1);
    assert_eq!(total(&format!("subject={}", own.replace(&running.store, "other"))), 0);
}

#[test]
fn a_history_since_a_time_leaves_earlier_versions_out() {
    let running = Running::start();
    let admin = running.admin();
    let mut times = Vec::new();
    for family in ["a", "b", "c"] {
        running.put(&patient("p", family));
        let read = admin.get(&running.r4("/Patient/p")).value();
        times.push(read["meta"]["lastUpdated"].as_str().expect("an instant").to_owned());
    }
    for (time, expected) in times.iter().zip([3, 2, 1]) {
        let time = time.replace('+', "%2B");
        let path = running.r4(&format!("/Patient/p/_history?_count=1&_since={time}"));
        let page = admin.get(&path).value();
        assert_eq!(page["total"], expected, "{time}");
        assert_eq!(page["entry"].as_array().map(Vec::len), Some(1));
        assert_eq!(page["entry"][0]["resource"]["name"][0]["family"], "c");
    }
}
