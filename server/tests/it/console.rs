//! The console's files, and what never is one of them.

use crate::Running;

#[test]
fn the_console_is_served_with_a_strict_policy() {
    let running = Running::start();
    let root = running.stranger().get("/");
    assert_eq!((root.status, root.header("location")), (307, Some("/console/")));
    for path in ["/console/", "/console/dashboards/population"] {
        let page = running.stranger().get(path);
        assert_eq!(
            (page.status, page.header("content-type")),
            (200, Some("text/html; charset=utf-8")),
            "{path}"
        );
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(
            policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe-eval"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    }
    assert_eq!(running.stranger().get("/console/assets/nothing.js").status, 404);
}

#[test]
fn no_path_leads_out_of_the_console() {
    let running = Running::start();
    for path in [
        "/console/../keys.json",
        "/console/../../../../../../etc/passwd",
        "/console/%2e%2e/%2e%2e/keys.json",
        "/console/..%2f..%2fetc%2fpasswd",
        "/console/....//keys.json",
        "/console//etc/passwd.txt",
        "/console/%00.html",
        "/console/..\\..\\keys.json",
    ] {
        let answer = running.stranger().get(path);
        assert!(matches!(answer.status, 400 | 401 | 404), "{path}: {}", answer.status);
        assert!(!answer.text().contains("root:") && !answer.text().contains("secret"), "{path}");
    }
}

#[test]
fn health_and_metrics_answer() {
    let running = Running::start();
    let health = running.stranger().get("/health").value();
    assert_eq!(health["status"], "ok");
    let metrics = running.keyed("sql", None).get("/metrics").text();
    assert!(metrics.contains("tarn_http_requests_total{door=\"api\",status=\"2xx\"}"), "{metrics}");
    assert!(
        metrics.contains(&format!("tarn_store_commit{{store=\"{}\"}} 0", running.store)),
        "{metrics}"
    );
    let settings = running.admin().get("/api/settings");
    assert_eq!(settings.value()["server"]["sql_seconds"], 60);
}
