//! A data folder and the binary to use it with.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A data folder of its own.
pub struct House {
    folder: tempfile::TempDir,
}

/// What a command left.
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    /// The result of `--json`.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|_| panic!("no JSON: {} {}", self.out, self.err))
    }

    /// Checks the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl House {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    /// A path in the folder beside the data.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes a file beside the data.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a folder");
        }
        std::fs::write(&path, content).expect("room on disk");
        path
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tarn"));
        command
            .arg("--data")
            .arg(self.data())
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("TARN_DATA")
            .env_remove("TARN_CONFIG")
            .env_remove("TARN_LOG")
            .env_remove("DISPLAY")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Done {
        self.command(arguments).output().expect("the binary runs").into()
    }

    /// Runs a command that reads standard input.
    pub fn run_with_input(
        &self,
        arguments: &[&str],
        input: impl FnOnce(&mut dyn Write) + Send,
    ) -> Done {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut stdin = child.stdin.take().expect("piped");
        std::thread::scope(|scope| {
            scope.spawn(move || input(&mut stdin));
            child.wait_with_output().expect("the binary ends").into()
        })
    }

    /// Starts a server and waits until it is ready.
    pub fn serve(&self) -> Server {
        let mut child = self
            .command(&["serve", "--http", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        let mut ready = String::new();
        out.read_line(&mut ready).expect("the ready line");
        Server { child, ready: ready.trim().to_owned() }
    }
}

/// A running server.
pub struct Server {
    pub child: Child,
    pub ready: String,
}

impl Server {
    pub fn address(&self) -> String {
        let rest = self
            .ready
            .strip_prefix("ready http=")
            .unwrap_or_else(|| panic!("not ready: {}", self.ready));
        rest.split(' ').next().expect("an address").to_owned()
    }

    /// Sends SIGTERM and gives the exit code.
    pub fn terminate(mut self) -> Option<i32> {
        let killed =
            Command::new("kill").arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(killed.success());
        self.child.wait().expect("the server ends").code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Five synthetic patients made with Synthea.
pub fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sample")
}

/// How many resources the sample holds, by file name.
pub fn sample_counts() -> Vec<(String, usize)> {
    let mut counts: Vec<_> = std::fs::read_dir(sample())
        .expect("the sample")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|n| n.to_str()).expect("a name").to_owned();
            let file = std::fs::File::open(&path).expect("the file");
            let lines = BufReader::new(flate2::read::MultiGzDecoder::new(file)).lines();
            (name.trim_end_matches(".gz").trim_end_matches(".ndjson").to_owned(), lines.count())
        })
        .collect();
    counts.sort();
    counts
}

pub fn sample_total() -> usize {
    sample_counts().iter().map(|(_, count)| count).sum()
}

pub fn patient(id: &str) -> String {
    format!(r#"{{"resourceType":"Patient","id":"{id}","gender":"female"}}"#)
}
