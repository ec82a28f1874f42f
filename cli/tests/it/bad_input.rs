//! Bad input: clear errors, bounded memory, nothing lost, no panic.

use crate::house::{Done, House, patient};
use serde_json::Value;
use std::io::Write;

/// Imports one file and gives the result with the rejected lines.
#[track_caller]
fn import(house: &House, name: &str, content: &[u8]) -> (Value, Vec<Value>) {
    let file = house.file(name, content);
    let done = house.run(&[
        "--json",
        "import",
        "--store",
        "ward",
        "--create",
        file.to_str().expect("a path"),
    ]);
    rejected(&done)
}

#[track_caller]
fn rejected(done: &Done) -> (Value, Vec<Value>) {
    assert!(!done.err.contains("panicked"), "{}", done.err);
    let summary = done.json();
    let errors = match summary["error_file"].as_str() {
        Some(file) => std::fs::read_to_string(file)
            .expect("the error file")
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect(),
        None => Vec::new(),
    };
    assert_eq!(summary["rejected"], errors.len());
    assert_eq!(done.code, if errors.is_empty() { 0 } else { 3 });
    (summary, errors)
}

#[track_caller]
fn check_line(error: &Value, name: &str, line: usize) {
    let diagnostics = error["issue"][0]["diagnostics"].as_str().expect("diagnostics");
    assert!(diagnostics.starts_with(&format!("{name}:{line}: ")), "{diagnostics}");
}

#[test]
fn a_bad_line_between_good_ones_is_rejected_alone() {
    let house = House::new();
    let deep =
        format!(r#"{{"resourceType":"Patient","id":"d","contact":{}}}"#, "[".repeat(100_000));
    let bad: [&[u8]; 7] = [
        deep.as_bytes(),
        b"{\"resourceType\":\"Patient\",\"id\":\"u\",\"name\":[{\"family\":\"\xc3\x28\"}]}",
        br#"{"resourceType":"Patient","id":"k","gender":"male","gender":"female"}"#,
        br#"{"resourceType":"Pateint","id":"t"}"#,
        br#"{"resourceType":"Patient","gender":"male"}"#,
        br#"{"resourceType":"Patient","id":"cut","gend"#,
        br#"["resourceType"]"#,
    ];
    for (index, bad) in bad.into_iter().enumerate() {
        let name = format!("bad-{index}.ndjson");
        let lines = [
            patient(&format!("before-{index}")).into_bytes(),
            bad.to_vec(),
            patient(&format!("after-{index}")).into_bytes(),
        ];
        let (summary, errors) = import(&house, &name, &lines.join(&b'\n'));
        assert_eq!(summary["created"], 2, "{name}");
        assert_eq!(errors.len(), 1, "{name}");
        check_line(&errors[0], &name, 2);
    }
}

#[test]
fn a_gzip_that_breaks_off_keeps_its_beginning() {
    let house = House::new();
    let lines: String = (0..3_000).map(|i| patient(&format!("p{i}")) + "\n").collect();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(lines.as_bytes()).expect("memory");
    let whole = encoder.finish().expect("memory");
    let (summary, errors) = import(&house, "Patient.ndjson.gz", &whole[..whole.len() * 2 / 3]);
    let created = summary["created"].as_u64().expect("a number");
    assert!((1..3_000).contains(&created), "{created}");
    assert_eq!(errors.len(), 1);
    check_line(&errors[0], "Patient.ndjson.gz", created as usize + 1);
    let (summary, _) = import(&house, "Patient.ndjson.gz", &whole);
    assert_eq!(summary["created"].as_u64(), Some(3_000 - created));
    let (summary, errors) =
        import(&house, "noise.ndjson.gz", &[&[0x1f, 0x8b][..], &[7; 100]].concat());
    assert_eq!((summary["created"].as_u64(), errors.len()), (Some(0), 1));
}

#[test]
fn a_line_of_300_megabytes_is_passed_over_in_bounded_memory() {
    let house = House::new();
    house.run(&["store", "create", "ward"]).exits(0);
    let binary = env!("CARGO_BIN_EXE_tarn");
    // The shell caps what the process may map, so holding the line would fail.
    let script =
        format!("ulimit -v 6000000; exec '{binary}' --data \"$0\" --json import --store ward -");
    let mut child = std::process::Command::new("sh")
        .args(["-c", &script])
        .arg(house.data())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("sh runs");
    let mut stdin = child.stdin.take().expect("piped");
    let pid = child.id();
    let writer = std::thread::spawn(move || {
        let piece = vec![b'x'; 1 << 20];
        writeln!(stdin, "{}", patient("before")).expect("it is read");
        let mut peak_kb = 0;
        for _ in 0..300 {
            stdin.write_all(&piece).expect("it is read");
            peak_kb = peak_kb.max(resident_kb(pid));
        }
        write!(stdin, "\n{}\n", patient("after")).expect("it is read");
        peak_kb
    });
    let done: Done = child.wait_with_output().expect("it ends").into();
    let peak_kb = writer.join().expect("written");
    let (summary, errors) = rejected(&done);
    assert_eq!(summary["created"], 2);
    check_line(&errors[0], "stdin", 2);
    assert_eq!(errors[0]["issue"][0]["code"], "too-long");
    assert!(peak_kb < 280 << 10, "{peak_kb} kB resident");
}

/// What a process holds in memory now; 0 where the system does not tell.
fn resident_kb(pid: u32) -> u64 {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { return 0 };
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[test]
fn an_empty_file_and_one_without_a_final_newline_are_fine() {
    let house = House::new();
    let (summary, _) = import(&house, "empty.ndjson", b"");
    assert_eq!(summary["resources"], 0);
    let (summary, _) = import(&house, "blank.ndjson", b"\n\r\n  \n");
    assert_eq!(summary["resources"], 0);
    let (summary, _) = import(
        &house,
        "bom.ndjson",
        format!("\u{feff}{}\r\n\r\n{}", patient("a"), patient("b")).as_bytes(),
    );
    assert_eq!(summary["created"], 2);
}

#[test]
fn paths_that_are_not_there_are_refused_before_anything_is_written() {
    let house = House::new();
    let good = house.file("good.ndjson", patient("a"));
    let done = house
        .run(&[
            "import",
            "--store",
            "ward",
            "--create",
            good.to_str().expect("a path"),
            "missing.ndjson",
        ])
        .exits(1);
    assert!(done.err.contains("`missing.ndjson`"), "{}", done.err);
    house.run(&["sql", "--store", "ward", "SELECT 1"]).exits(1);
    house.run(&["store", "create", "ward"]).exits(0);
    std::fs::create_dir(house.path("hollow")).expect("a folder");
    let done = house.run(&["import", "--store", "ward", "hollow"]).exits(1);
    assert!(done.err.contains("nothing to import") && done.err.contains("hint: "), "{}", done.err);
}
