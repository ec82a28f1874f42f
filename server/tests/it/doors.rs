//! Who gets in, where, and what the audit log says of it.

use crate::Running;
use crate::client::Client;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use server::keys::Role;
use server::{Need, Route};
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A route's path with the blanks filled in.
fn path(route: &Route, store: &str) -> String {
    route
        .path
        .replace("{store}", store)
        .replace("{type}", "Patient")
        .replace("{id}", "population")
        .replace("{version}", "1")
        .replace("{*path}", "index.html")
}

fn call(client: &Client, route: &Route, store: &str) -> crate::client::Answer {
    let sql = json!({ "store": store, "query": "SELECT 1 AS one" });
    let body = match (route.method, route.path) {
        // As paths it would take more than the route says.
        (_, "/api/stores/{store}/import") => {
            let client = client.with("Content-Type", "application/fhir+ndjson");
            return client.send(route.method, &path(route, store), b"");
        }
        // Its answer has no end, so its beginning has to do.
        ("GET", "/api/stores/{store}/events") => {
            return client.send("HEAD", &path(route, store), b"");
        }
        ("GET" | "DELETE", _) => return client.send(route.method, &path(route, store), b""),
        (_, "/sql") => sql,
        _ => json!({}),
    };
    client.json(route.method, &path(route, store), &body)
}

#[test]
fn strangers_get_in_nowhere() {
    let running = Running::start();
    for route in server::routes() {
        let answer = call(&running.stranger(), &route, &running.store);
        let with_cookie =
            call(&running.stranger().with("Cookie", "tarn_session=guess"), &route, &running.store);
        if route.need == Need::Nothing {
            assert_ne!(answer.status, 403, "{route:?}");
            continue;
        }
        assert_eq!(answer.status, 401, "{route:?}");
        assert_eq!(with_cookie.status, 401, "{route:?}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"tarn\""));
        assert!(answer.header("x-request-id").is_some());
        if answer.body.is_empty() {
            continue;
        }
        let value = answer.value();
        if route.path.starts_with("/datastore") {
            assert_eq!(value["resourceType"], "OperationOutcome");
            assert_eq!(value["issue"][0]["code"], "login");
        } else {
            assert!(value["error"]["message"].is_string(), "{value}");
        }
    }
    for (method, path) in [
        ("GET", "/nothing"),
        ("PATCH", "/sql"),
        ("OPTIONS", "/api/keys"),
        ("POST", "/health"),
        ("POST", "/"),
    ] {
        assert_eq!(running.stranger().send(method, path, b"").status, 401, "{method} {path}");
    }
    let public: Vec<_> = server::routes()
        .into_iter()
        .filter(|r| r.need == Need::Nothing)
        .map(|r| (r.method, r.path))
        .collect();
    assert_eq!(
        public,
        [
            ("GET", "/health"),
            ("GET", "/"),
            ("GET", "/console"),
            ("GET", "/console/"),
            ("GET", "/console/{*path}"),
            ("POST", "/api/session")
        ]
    );
}

#[test]
fn a_role_opens_its_own_doors_and_no_other() {
    let running = Running::start();
    let other = running.admin().json("POST", "/api/stores", &json!({ "name": "other" })).value();
    let other = other["datastore_id"].as_str().expect("an id");
    for role in [Role::Sql, Role::Read, Role::Write, Role::Admin] {
        for scope in [None, Some(running.store.as_str())] {
            let client = running.keyed(role.name(), scope);
            for route in server::routes() {
                if (route.method, route.path) == ("DELETE", "/api/stores/{store}")
                    && role == Role::Admin
                {
                    continue;
                }
                let allowed = route.need.is_met_by(role, scope.is_some());
                let status = call(&client, &route, &running.store).status;
                assert_ne!(status, 401, "{role:?} {scope:?} {route:?}");
                assert_eq!(status != 403, allowed, "{role:?} {scope:?} {route:?} {status}");
                if scope.is_some() && (route.path.contains("{store}") || route.path == "/sql") {
                    let status = call(&client, &route, other).status;
                    assert_eq!(status, 403, "{role:?} on another datastore: {route:?}");
                    let status = call(&client, &route, "nowhere").status;
                    assert_eq!(status, 403, "{role:?} on no datastore: {route:?}");
                }
            }
        }
    }
    assert_eq!(running.admin().get("/datastore/nowhere/r4/Patient/1").status, 404);
}

#[test]
fn a_key_for_one_datastore_sees_no_other_in_lists() {
    let running = Running::start();
    running.admin().json("POST", "/api/stores", &json!({ "name": "other" }));
    let list = running.keyed("read", Some("first")).get("/api/stores").value();
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    assert_eq!(list[0]["datastore_id"], running.store.as_str());
    assert_eq!(running.admin().get("/api/stores").value().as_array().map(Vec::len), Some(2));
}

#[test]
fn bearer_basic_and_signature_are_the_same_key() {
    let running = Running::start();
    let key = running.key("read", None);
    let (id, secret) =
        (key["key_id"].as_str().expect("text"), key["secret"].as_str().expect("text"));
    let path = "/api/session";
    let session = |client: Client| client.get(path);
    let stranger = running.stranger();
    let basic = |text: &str| stranger.with("Authorization", &format!("Basic {}", base64(text)));
    assert_eq!(
        session(basic(&format!("{id}:{secret}"))).value(),
        json!({ "key_id": id, "role": "read" })
    );
    assert_eq!(session(basic(&format!("{id}:{secret}x"))).status, 401);
    assert_eq!(session(basic(id)).status, 401);
    let local = stranger.with("Authorization", &format!("Bearer {}", running.local));
    assert_eq!(session(local).value()["role"], "admin");

    let signed = |method: &str, target: &str, body: &[u8], secret: &str| {
        let headers = sign(&running.address.to_string(), id, secret, method, target, body);
        headers.iter().fold(stranger.clone(), |client, (name, value)| client.with(name, value))
    };
    assert_eq!(signed("GET", path, b"", secret).get(path).value()["key_id"], id);
    assert_eq!(signed("GET", path, b"", "wrong").get(path).status, 401);
    assert_eq!(
        signed("GET", path, b"", secret).get("/api/stores").status,
        401,
        "another path than the one signed"
    );
    let search = running.r4("/Patient?_count=5&name=a%20b%7Cc&birthdate=ge2000");
    let answer = signed("GET", &search, b"", secret).get(&search);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = json!({ "store": "first", "query": "SELECT 1 AS one" }).to_string();
    let client =
        signed("POST", "/sql", body.as_bytes(), secret).with("Content-Type", "application/json");
    assert_eq!(client.send("POST", "/sql", body.as_bytes()).value(), json!([{ "one": 1 }]));
    let changed = body.replace("SELECT 1", "SELECT 2");
    assert_eq!(
        client.send("POST", "/sql", changed.as_bytes()).status,
        401,
        "another body than the one signed"
    );

    let admin = running.admin();
    assert_eq!(admin.send("DELETE", &format!("/api/keys/{id}"), b"").status, 204);
    assert_eq!(session(basic(&format!("{id}:{secret}"))).status, 401, "a deleted key");
    assert!(!running.admin().get("/api/keys").text().contains("secret"));
}

#[test]
fn guessing_gets_slow_and_the_right_key_does_not() {
    let running = Running::start();
    let wrong = running.stranger().with("Authorization", "Bearer tarn_TARNNOBODY_guess");
    let admin = running.admin();
    for _ in 0..8 {
        assert_eq!(wrong.get("/api/session").status, 401);
    }
    let started = Instant::now();
    assert_eq!(wrong.get("/api/session").status, 401);
    assert!(started.elapsed() > Duration::from_millis(300), "{:?}", started.elapsed());
    let started = Instant::now();
    assert_eq!(admin.get("/api/session").status, 200);
    assert!(started.elapsed() < Duration::from_millis(300), "{:?}", started.elapsed());
}

#[test]
fn a_sign_in_link_works_once_and_its_cookie_only_from_our_own_pages() {
    let running = Running::start();
    let stranger = running.stranger();
    let origin = format!("http://{}", running.address);
    let token = json!({ "token": running.sign_in });
    let foreign =
        stranger.with("Origin", "http://evil.example").json("POST", "/api/session", &token);
    assert_eq!(foreign.status, 403);
    let answer = stranger.with("Origin", &origin).json("POST", "/api/session", &token);
    assert_eq!(answer.value(), json!({ "key_id": "console", "role": "admin" }));
    let cookie = answer.header("set-cookie").expect("a cookie").to_owned();
    assert!(
        cookie.contains("HttpOnly")
            && cookie.contains("SameSite=Strict")
            && cookie.contains("Path=/"),
        "{cookie}"
    );
    assert_eq!(stranger.json("POST", "/api/session", &token).status, 401, "the link was used");

    let visitor = stranger.with("Cookie", cookie.split(';').next().expect("a value"));
    assert_eq!(visitor.get("/api/session").value()["role"], "admin");
    let wanted = json!({ "role": "read" });
    assert_eq!(visitor.json("POST", "/api/keys", &wanted).status, 403, "no origin");
    assert_eq!(
        visitor.with("Origin", "http://127.0.0.1:1").json("POST", "/api/keys", &wanted).status,
        403
    );
    let home = visitor.with("Origin", &origin).with("Sec-Fetch-Site", "same-origin");
    assert_eq!(home.json("POST", "/api/keys", &wanted).status, 201);
    assert_eq!(home.send("DELETE", "/api/session", b"").status, 204);
    assert_eq!(visitor.get("/api/session").status, 401);

    let more = running.admin().json("POST", "/api/sign-in-tokens", &json!({})).value();
    let answer = stranger.json("POST", "/api/session", &json!({ "token": more["token"] }));
    assert_eq!(answer.status, 200);
    let key = running.key("sql", None);
    let answer = stranger.json(
        "POST",
        "/api/session",
        &json!({ "key_id": key["key_id"], "secret": key["secret"] }),
    );
    assert_eq!(answer.value()["role"], "sql");
}

#[test]
fn every_access_is_on_record_without_values() {
    let mut running = Running::start();
    running.put(
        &json!({ "resourceType": "Patient", "id": "p1", "name": [{ "family": "Whispering" }] }),
    );
    let admin = running.admin().with("X-Request-Id", "my-own");
    admin.get(&running.r4("/Patient?name=Whispering&birthdate=1971"));
    admin.with("Content-Type", "application/x-www-form-urlencoded").send(
        "POST",
        &running.r4("/Patient/_search"),
        b"family=Whispering",
    );
    admin.get(&running.r4("/Patient/p1"));
    admin.json("POST", "/sql", &json!({ "store": "first", "query": "SELECT 'Whispering'" }));
    running.stranger().get(&running.r4("/Patient/p1"));
    running.keyed("sql", None).get(&running.r4("/Patient/p1"));
    running.stop();

    let records = running.audit();
    assert!(!format!("{records:?}").contains("Whispering"));
    assert!(!format!("{records:?}").contains("1971"));
    let find = |interaction: &str, status: u64| {
        records
            .iter()
            .find(|r| r["interaction"] == interaction && r["status"] == status)
            .unwrap_or_else(|| panic!("no {interaction} {status} in {records:#?}"))
    };
    assert_eq!(find("update", 201)["id"], "p1");
    assert_eq!(find("search", 200)["parameters"], json!(["name", "birthdate"]));
    assert_eq!(find("search", 200)["request_id"], "my-own");
    assert!(records.iter().any(|r| r["parameters"] == json!(["family"])));
    assert_eq!(find("read", 200)["store"], running.store.as_str());
    assert_eq!(find("read", 200)["type"], "Patient");
    assert!(find("read", 200)["key_id"].as_str().is_some_and(|id| id.starts_with("TARN")));
    assert_eq!(find("sql", 200)["store"], running.store.as_str());
    assert_eq!(find("refused", 401)["key_id"], json!(null));
    assert_eq!(find("read", 403)["id"], "p1");
}

/// The events of the first datastore as a client with this header sees them, after the first.
fn events(running: &Running, header: &str) -> std::net::TcpStream {
    let mut stream = running.stranger().connect();
    let request = format!(
        "GET /api/stores/{}/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n\r\n",
        running.store
    );
    std::io::Write::write_all(&mut stream, request.as_bytes()).expect("connected");
    let mut start = [0; 15];
    std::io::Read::read_exact(&mut stream, &mut start).expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    stream
}

#[track_caller]
fn ends(mut stream: std::net::TcpStream) {
    stream.set_read_timeout(Some(std::time::Duration::from_secs(5))).expect("a time limit");
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut rest).expect("the stream ends");
}

#[test]
fn events_end_with_the_key_the_session_or_the_datastore() {
    let running = Running::start();
    let admin = running.admin();
    let key = running.key("read", None);
    let (id, bearer) =
        (key["key_id"].as_str().expect("text"), key["bearer"].as_str().expect("text"));
    let stream = events(&running, &format!("Authorization: Bearer {bearer}"));
    assert_eq!(admin.send("DELETE", &format!("/api/keys/{id}"), b"").status, 204);
    ends(stream);

    let proof = json!({ "token": running.sign_in });
    let signed_in = running.stranger().json("POST", "/api/session", &proof);
    let cookie = signed_in.header("set-cookie").expect("a cookie").to_owned();
    let cookie = cookie.split(';').next().expect("a pair");
    let stream = events(&running, &format!("Cookie: {cookie}"));
    let console = running.stranger().with("Cookie", cookie);
    let console = console.with("Origin", &format!("http://{}", running.address));
    assert_eq!(console.send("DELETE", "/api/session", b"").status, 204);
    ends(stream);

    let stream = events(&running, &format!("Authorization: Bearer {}", running.admin));
    assert_eq!(admin.send("DELETE", &format!("/api/stores/{}", running.store), b"").status, 204);
    ends(stream);
}

#[test]
fn a_signed_import_that_is_too_large_is_told_the_other_way_in() {
    let running = Running::with(|settings| settings.body_bytes_max = 1_000);
    let key = running.key("write", None);
    let text = |name: &str| key[name].as_str().expect("text").to_owned();
    let path = format!("/api/stores/{}/import", running.store);
    let body = "x".repeat(2_000);
    let headers = sign(
        &running.address.to_string(),
        &text("key_id"),
        &text("secret"),
        "POST",
        &path,
        body.as_bytes(),
    );
    let client =
        headers.iter().fold(running.stranger(), |client, (name, value)| client.with(name, value));
    let client = client.with("Content-Type", "application/fhir+ndjson");
    let answer = client.send("POST", &path, body.as_bytes());
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("bearer key"), "{}", answer.text());
}

fn base64(text: &str) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Signs as AWS clients do.
fn sign(
    host: &str,
    id: &str,
    secret: &str,
    method: &str,
    target: &str,
    body: &[u8],
) -> Vec<(String, String)> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut query: Vec<&str> = query.split('&').collect();
    query.sort_unstable();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_micros();
    let instant = ::fhir::date::instant(i64::try_from(now).expect("small"));
    let date: String = instant
        .split('.')
        .next()
        .expect("seconds")
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let date = format!("{date}Z");
    let payload = hex(&Sha256::digest(body));
    let canonical = format!(
        "{method}\n{path}\n{}\nhost:{host}\nx-amz-date:{date}\n\nhost;x-amz-date\n{payload}",
        query.join("&")
    );
    let scope = format!("{}/eu-central-1/healthlake/aws4_request", &date[..8]);
    let text = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let mac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let key =
        scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &text));
    let header = format!(
        "AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders=host;x-amz-date, Signature={signature}"
    );
    vec![("Authorization".to_owned(), header), ("X-Amz-Date".to_owned(), date)]
}
