//! Files written by jobs: a file has its own name only once it is complete and on disk.

use crate::Error;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file under a temporary name until it is complete.
pub(crate) struct Output {
    /// `None` once it has its name.
    to: Option<Sink>,
    temporary: PathBuf,
    path: PathBuf,
}

enum Sink {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

impl Output {
    /// A file of `folder`; `gzip`: what is written is compressed.
    pub(crate) fn create(folder: &Path, name: &str, gzip: bool) -> Result<Self, Error> {
        let temporary = folder.join(format!(".{name}.partial"));
        let file = BufWriter::with_capacity(
            256 << 10,
            File::create(&temporary).map_err(failed(&temporary))?,
        );
        // The gzip header carries no time, so equal content gives equal bytes.
        let to = if gzip {
            Sink::Gzip(Box::new(GzEncoder::new(file, Compression::new(6))))
        } else {
            Sink::Plain(file)
        };
        Ok(Self { to: Some(to), temporary, path: folder.join(name) })
    }

    /// Appends.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match self.to.as_mut().expect("only `finish` takes it, and ends it") {
            Sink::Plain(file) => file.write_all(bytes),
            Sink::Gzip(file) => file.write_all(bytes),
        }
        .map_err(failed(&self.temporary))
    }

    /// Puts everything on disk under the file's own name.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        let to = self.to.take().expect("only `finish` takes it, and ends it");
        let done = || {
            let mut file = match to {
                Sink::Plain(file) => file,
                Sink::Gzip(file) => file.finish()?,
            };
            file.flush()?;
            file.get_ref().sync_all()?;
            std::fs::rename(&self.temporary, &self.path)
        };
        let done = done();
        if done.is_err() {
            self.discard();
        }
        done.map_err(failed(&self.path))
    }

    /// Gives the disk back what an incomplete file took.
    fn discard(&self) {
        // It may never have come to be; whoever writes here next replaces it.
        let _ = std::fs::remove_file(&self.temporary);
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.to.is_some() {
            self.discard();
        }
    }
}

/// Names the path an output error happened at.
pub(crate) fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.display().to_string();
    move |source| Error::Output { path, source }
}
