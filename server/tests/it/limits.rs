//! What the server does not put up with.

use crate::Running;
use crate::client::Answer;
use serde_json::json;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

#[test]
fn a_body_past_the_limit_is_refused_declared_or_not() {
    let running = Running::with(|settings| settings.body_bytes_max = 10_000);
    let big = json!({ "resourceType": "Patient", "name": [{ "family": "x".repeat(20_000) }] })
        .to_string();
    let answer = running.admin().fhir("POST", &running.r4("/Patient"), &big);
    assert_eq!(answer.status, 413);
    assert_eq!(answer.value()["issue"][0]["code"], "too-long");

    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/fhir+json\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{big}\r\n0\r\n\r\n",
        running.r4("/Patient"),
        running.admin,
        big.len()
    );
    assert_eq!(running.stranger().raw(head.as_bytes()).status, 413);
    let lie = head.replace("Transfer-Encoding: chunked", "Content-Length: 99999999999");
    assert_eq!(running.stranger().raw(lie.as_bytes()).status, 413);
}

#[test]
fn slow_senders_are_cut_off() {
    let running = Running::with(|settings| {
        settings.header_seconds = 1;
        settings.body_seconds = 1;
    });
    let started = Instant::now();
    let mut stream = running.stranger().connect();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ").expect("connected");
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    assert!(started.elapsed() < Duration::from_secs(5), "headers: {:?}", started.elapsed());

    let started = Instant::now();
    let mut stream = running.stranger().connect();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/fhir+json\r\nAuthorization: Bearer {}\r\nContent-Length: 1000\r\n\r\n{{",
        running.r4("/Patient"),
        running.admin
    );
    stream.write_all(head.as_bytes()).expect("connected");
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    assert!(started.elapsed() < Duration::from_secs(5), "body: {:?}", started.elapsed());
    assert_eq!(Answer::parse(&all).status, 408);
    assert_eq!(running.stranger().get("/health").status, 200, "others are served meanwhile");
}

#[test]
fn broken_requests_do_no_harm() {
    let running = Running::start();
    let admin = running.admin();
    for body in [
        "{\"store\":",
        "[]",
        "{\"store\":1}",
        "nonsense",
        "{\"store\":\"a\",\"query\":\"b\",\"more\":1}",
    ] {
        let answer =
            admin.with("Content-Type", "application/json").send("POST", "/sql", body.as_bytes());
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.value()["error"]["message"].is_string());
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep = format!(r#"{{"resourceType":"Patient","name":{deep}}}"#);
    assert_eq!(admin.fhir("POST", &running.r4("/Patient"), &deep).status, 400);
    assert_eq!(
        admin.with("Content-Type", "application/json").send("POST", "/sql", deep.as_bytes()).status,
        400
    );
    let invalid =
        [br#"{"resourceType":"Patient","language":""#.as_slice(), b"\xff\xfe\"}"].concat();
    assert_eq!(
        admin
            .with("Content-Type", "application/fhir+json")
            .send("POST", &running.r4("/Patient"), &invalid)
            .status,
        400
    );
    assert_eq!(admin.get(&running.r4("/Patient?name=%FF")).status, 400);
    for raw in [
        "GARBAGE\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ] {
        assert_eq!(running.stranger().raw(raw.as_bytes()).status, 400, "{raw:?}");
    }
    assert_eq!(running.stranger().get("/health").status, 200);
}

#[test]
fn nothing_a_client_sends_becomes_a_header_or_a_foreign_link() {
    let running = Running::start();
    let admin = running.admin();
    for path in [
        "/Patient/a%0d%0aX-Injected:%201",
        "/Patient%0d%0aX-Injected:%201",
        "/Patient?name=%0d%0aX-Injected:%201",
    ] {
        let answer = admin.get(&running.r4(path));
        assert_eq!(answer.header("x-injected"), None, "{path}");
    }
    let answer = admin.with("X-Request-Id", "a\"b<script>").get("/health");
    assert!(
        answer
            .header("x-request-id")
            .is_some_and(|id| id.bytes().all(|b| b.is_ascii_alphanumeric()))
    );
    assert_eq!(
        admin.with("X-Request-Id", "trace-1").get("/health").header("x-request-id"),
        Some("trace-1")
    );
    let body = r#"{"resourceType":"Patient"}"#;
    let answer =
        admin.with("Host", "evil.example/\"<x>").fhir("POST", &running.r4("/Patient"), body);
    let location = answer.header("location").unwrap_or_default();
    assert!(answer.status == 400 || !location.contains("evil"), "{} {location}", answer.status);
}

#[test]
fn stopping_lets_running_requests_finish_and_ends_endless_ones() {
    let mut running = Running::start();
    let mut stream = running.stranger().connect();
    let request = format!(
        "GET /api/stores/{}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        running.store, running.admin
    );
    stream.write_all(request.as_bytes()).expect("connected");
    let mut buffer = [0; 4096];
    assert_ne!(stream.read(&mut buffer).expect("an event"), 0);
    let started = Instant::now();
    running.stop();
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}
