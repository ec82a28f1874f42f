//! The server as clients meet it: over a socket, with keys and without.

mod client;
mod console;
mod doors;
mod fhir;
mod limits;
mod sql;

use client::{Answer, Client};
use server::keys::Role;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A server over an empty data folder with one datastore, gone when dropped.
pub(crate) struct Running {
    pub address: SocketAddr,
    /// The datastore's id.
    pub store: String,
    /// Bearer of an admin key.
    pub admin: String,
    /// A token that signs in once.
    pub sign_in: String,
    /// What the command line would use.
    pub local: String,
    pub data: PathBuf,
    _folder: tempfile::TempDir,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut server::Settings)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let mut settings = server::Settings::default();
        change(&mut settings);
        let (shutdown, stopped) = oneshot::channel();
        let (started, ready) = std::sync::mpsc::channel();
        let path = data.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("threads");
            runtime.block_on(async {
                let rooms =
                    jobs::Rooms::open(&path, jobs::Settings::default()).expect("a data folder");
                let store = rooms.create("first").expect("a datastore").datastore_id;
                let server = server::Server::open(Arc::clone(&rooms), settings).expect("a server");
                let admin = server.keys().create(Role::Admin, None).expect("a key").bearer;
                let sign_in = server.sign_in_token().expect("a token");
                let local = server.local_token().to_owned();
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
                let address = listener.local_addr().expect("an address");
                started.send((address, store, admin, sign_in, local)).expect("the test waits");
                server
                    .serve(listener, async { drop(stopped.await) })
                    .await
                    .expect("it stops in order");
            });
        });
        let (address, store, admin, sign_in, local) = ready.recv().expect("it starts");
        Self {
            address,
            store,
            admin,
            sign_in,
            local,
            data,
            _folder: folder,
            shutdown: Some(shutdown),
            thread: Some(thread),
        }
    }

    /// Somebody without a key.
    pub fn stranger(&self) -> Client {
        Client::new(self.address)
    }

    /// Somebody with the admin key.
    pub fn admin(&self) -> Client {
        self.stranger().with("Authorization", &format!("Bearer {}", self.admin))
    }

    /// A new key's id, secret and bearer.
    pub fn key(&self, role: &str, store: Option<&str>) -> serde_json::Value {
        let body = serde_json::json!({ "role": role, "store": store });
        let answer = self.admin().json("POST", "/api/keys", &body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.value()
    }

    /// Somebody with a new key.
    pub fn keyed(&self, role: &str, store: Option<&str>) -> Client {
        let key = self.key(role, store);
        self.stranger()
            .with("Authorization", &format!("Bearer {}", key["bearer"].as_str().expect("a bearer")))
    }

    /// The path of the FHIR endpoint with something behind it.
    pub fn r4(&self, path: &str) -> String {
        format!("/datastore/{}/r4{path}", self.store)
    }

    /// Stores a resource under its id.
    pub fn put(&self, resource: &serde_json::Value) -> Answer {
        let text = |name: &str| resource[name].as_str().expect("text").to_owned();
        let path = self.r4(&format!("/{}/{}", text("resourceType"), text("id")));
        let answer = self.admin().fhir("PUT", &path, &resource.to_string());
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        answer
    }

    /// Stops the server and waits for its end.
    pub fn stop(&mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            let _ = shutdown.send(());
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the server panicked");
        }
    }

    /// The audit log's records.
    pub fn audit(&self) -> Vec<serde_json::Value> {
        let files = std::fs::read_dir(self.data.join("audit")).expect("the folder");
        files
            .flat_map(|file| {
                let text = std::fs::read_to_string(file.expect("an entry").path()).expect("text");
                text.lines()
                    .map(|line| serde_json::from_str(line).expect("JSON"))
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}
