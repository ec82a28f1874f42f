//! The data folder has one owner at a time: the process that holds its lock.
//!
//! A command takes the lock and works on the folder itself; when a server holds it, the command
//! goes through that server.

use crate::client::Client;
use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long to wait for an owner that is just starting or just ending.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a command gets at the data.
pub(crate) enum Access {
    /// It owns the folder until the lock is dropped.
    Own(Lock),
    /// A server owns it.
    Through(Client),
}

/// The lock, held.
pub(crate) struct Lock {
    file: File,
    data: PathBuf,
}

/// What a running server leaves for commands on the same machine.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ServerFile {
    /// Where it listens.
    pub http: String,
    /// A bearer with the role admin, valid while the server runs.
    pub token: String,
}

/// Takes a folder that is there, or finds its server.
pub(crate) fn access(data: &Path) -> Result<Access, Failure> {
    if !data.exists() {
        return Err(Failure::new(format!("there is no data folder `{}`", data.display())).hint(
            "give the right one with --data; `tarn store create NAME` or `tarn import --create` makes a new one",
        ));
    }
    access_or_create(data)
}

/// Takes the folder, which is made if it is not there, or finds its server.
pub(crate) fn access_or_create(data: &Path) -> Result<Access, Failure> {
    let start = Instant::now();
    loop {
        if let Some(lock) = Lock::try_take(data)? {
            return Ok(Access::Own(lock));
        }
        if let Some(server) = server_file(data) {
            return Ok(Access::Through(Client::new(&server)));
        }
        if start.elapsed() > PATIENCE {
            return Err(busy(data));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Takes the folder for a server.
pub(crate) fn own(data: &Path) -> Result<Lock, Failure> {
    let start = Instant::now();
    loop {
        if let Some(lock) = Lock::try_take(data)? {
            return Ok(lock);
        }
        if let Some(server) = server_file(data) {
            return Err(Failure::new(format!(
                "a server already runs on the data folder `{}`, at http://{}",
                data.display(),
                server.http
            ))
            .hint("use that one, stop it, or give another folder with --data"));
        }
        if start.elapsed() > PATIENCE {
            return Err(busy(data));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn server_file(data: &Path) -> Option<ServerFile> {
    serde_json::from_slice(&std::fs::read(data.join("server.json")).ok()?).ok()
}

fn busy(data: &Path) -> Failure {
    let owner = std::fs::read_to_string(data.join("lock")).unwrap_or_default();
    let owner = owner.trim();
    let by =
        if owner.is_empty() { "another process".to_owned() } else { format!("process {owner}") };
    Failure::new(format!("the data folder `{}` is in use by {by}", data.display())).hint(
        "wait for that command to end; while `tarn serve` runs, commands go through it instead",
    )
}

impl Lock {
    fn try_take(data: &Path) -> Result<Option<Self>, Failure> {
        let failed = |error: std::io::Error| {
            Failure::new(format!("could not open the data folder `{}`: {error}", data.display()))
                .hint("choose a folder you may write to with --data")
        };
        std::fs::create_dir_all(data).map_err(failed)?;
        private(data, 0o700);
        let path = data.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
            Err(std::fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        let command = std::env::args().nth(1).unwrap_or_default();
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{} (tarn {command})", std::process::id()))
            .map_err(failed)?;
        let lock = Self { file, data: data.to_owned() };
        // A server that was killed leaves its file behind.
        lock.remove_server_file();
        Ok(Some(lock))
    }

    /// Tells other commands where the server is.
    pub(crate) fn write_server_file(&self, server: &ServerFile) -> Result<(), Failure> {
        let path = self.data.join("server.json");
        let next = self.data.join("server.json.new");
        let write = || {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&next)?;
            serde_json::to_writer(&mut file, server)?;
            std::fs::rename(&next, &path)
        };
        write()
            .map_err(|error| Failure::new(format!("could not write `{}`: {error}", path.display())))
    }

    /// The server is gone.
    pub(crate) fn remove_server_file(&self) {
        // Not there is what we want; anything else shows when the file is written next.
        let _ = std::fs::remove_file(self.data.join("server.json"));
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.remove_server_file();
        // The system lets go of the lock anyway when the file closes.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

/// Health data is its owner's business: a fresh data folder is closed to other users.
fn private(folder: &Path, mode: u32) {
    #[cfg(unix)]
    if let Ok(mut entries) = std::fs::read_dir(folder)
        && entries.next().is_none()
    {
        use std::os::unix::fs::PermissionsExt;
        // Best effort: a folder on a file system without modes still works.
        let _ = std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = (folder, mode);
}

/// The whole of a file or of standard input, as text.
pub(crate) fn read_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::new(format!("could not read standard input: {error}")))?;
    Ok(text)
}
