//! Images given to a daemon: what steps stand on, and what was baked, for a quick run. Sends only what it has not.

use std::io::{self, Write};

use bollard::Docker;
use bollard::query_parameters::{ImportImageOptions, RemoveImageOptionsBuilder};
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio_util::bytes::Bytes;

use super::{Daemon, DaemonKind};
use crate::adapters::engine::remote::{BuilderError, GroundImage};
use crate::domain::oci::DiffId;

/// Pieces of an archive under way at once.
const PIECES: usize = 8;
/// Bytes of one.
const PIECE: usize = 256 << 10;

impl Daemon {
    /// Makes sure that it has what a step stands on; gives its name there. The base stays for the next bake; what is there
    /// of it need not be sent again.
    pub(super) async fn load(&self, ground: &GroundImage) -> Result<String, BuilderError> {
        let docker = self.api().await?;
        self.clean(&docker);
        let base = ground.base();
        let kept = base.as_ref().unwrap_or(ground);
        let mut name = format!("localhost/bakery-ground:{}", &kept.id.encoded()[..32]);
        if kept.layers.len() == kept.inherited {
            self.give(&docker, kept, &name).await?;
        }
        if base.is_some() || kept.layers.len() > kept.inherited {
            name = self.mark.passing(&ground.id);
            self.give(&docker, ground, &name).await?;
        }
        Ok(name)
    }

    /// Gives it an image by this name, for whoever wants to run it.
    pub async fn give_image(&self, image: &GroundImage, name: &str) -> Result<(), BuilderError> {
        let docker = self.api().await?;
        // One that has the same layers may say something else of how it is run.
        self.send(&docker, image, name, 0).await
    }

    async fn give(&self, docker: &Docker, image: &GroundImage, name: &str) -> Result<(), BuilderError> {
        if self.has(docker, name, image).await? {
            return Ok(());
        }
        let there = self.there(image);
        match self.send(docker, image, name, there).await {
            // It was, and is not any more.
            Err(BuilderError::Protocol { .. }) if there > 0 => self.send(docker, image, name, 0).await,
            other => other,
        }
    }

    /// How many of its lowest layers are in an image this bake knows to be there.
    fn there(&self, image: &GroundImage) -> usize {
        let same = |loaded: &Vec<DiffId>| {
            loaded.iter().zip(&image.layers).take_while(|(there, layer)| **there == layer.diff_id).count()
        };
        self.loaded.lock().map_or(0, |loaded| loaded.values().map(same).max().unwrap_or(0))
    }

    /// Sends an image, without its first `there` layers.
    async fn send(&self, docker: &Docker, image: &GroundImage, name: &str, there: usize) -> Result<(), BuilderError> {
        let (sender, receiver) = mpsc::channel(PIECES);
        let mut loading = docker.import_image_stream(ImportImageOptions::default(), arriving(receiver), None);
        let hollow = self.kind == DaemonKind::Podman;
        let writing = write_archive(image, (name, there, hollow), sender);
        let reading = async {
            while let Some(said) = loading.next().await {
                said.map_err(|error| self.failed(error))?;
            }
            Ok::<(), BuilderError>(())
        };
        let (written, read) = tokio::join!(writing, reading);
        read?;
        written.map_err(|source| BuilderError::Io { action: "read the layers of", path: name.into(), source })?;
        match self.has(docker, name, image).await? {
            true => Ok(()),
            false => Err(self.protocol("that it has not the image it took")),
        }
    }

    /// Whether an image of this name has just these layers.
    async fn has(&self, docker: &Docker, name: &str, image: &GroundImage) -> Result<bool, BuilderError> {
        let ids: Vec<DiffId> = image.layers.iter().map(|layer| layer.diff_id.clone()).collect();
        let found = match docker.inspect_image(name).await {
            Ok(found) => found,
            Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => return Ok(false),
            Err(error) => return Err(self.failed(error)),
        };
        let layers = found.root_fs.and_then(|root| root.layers).unwrap_or_default();
        let is_it = layers == ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        if let Ok(mut loaded) = self.loaded.lock()
            && is_it
        {
            loaded.insert(name.to_owned(), ids);
        }
        Ok(is_it)
    }

    /// An image that was loaded for this bake alone goes.
    pub(super) async fn unload(&self, name: &str) {
        if !self.mark.is_ours(name) {
            return;
        }
        if let Ok(mut loaded) = self.loaded.lock() {
            loaded.remove(name);
        }
        if let Ok(docker) = self.api().await {
            remove(&docker, name).await;
        }
    }
}

/// An image goes.
pub(super) async fn remove(docker: &Docker, name: &str) {
    let options = RemoveImageOptionsBuilder::default().force(true).build();
    // Only room there depends on it.
    let _ = docker.remove_image(name, Some(options), None).await;
}

/// What a thread writes, as a stream.
fn arriving<T: Send + 'static>(receiver: mpsc::Receiver<T>) -> impl Stream<Item = T> + Send + 'static {
    futures_util::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (piece, receiver))
    })
}

/// Writes the archive on a thread of its own.
async fn write_archive(
    image: &GroundImage,
    (name, there, hollow): (&str, usize, bool),
    sender: mpsc::Sender<Result<Bytes, io::Error>>,
) -> io::Result<()> {
    let (image, name) = (image.clone(), name.to_owned());
    let writing = tokio::task::spawn_blocking(move || {
        let mut out = io::BufWriter::with_capacity(PIECE, Sending(sender.clone()));
        let written = image.write(&name, (there, hollow), &mut out).and_then(|()| out.flush());
        if let Err(error) = &written {
            // The daemon must not take half an archive for a whole one.
            let _ = sender.blocking_send(Err(io::Error::new(error.kind(), error.to_string())));
        }
        written
    });
    let written = writing.await.unwrap_or_else(|error| Err(io::Error::other(error)));
    // A daemon that took no more says why itself.
    written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

struct Sending(mpsc::Sender<Result<Bytes, io::Error>>);

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Ok(Bytes::copy_from_slice(bytes));
        self.0.blocking_send(piece).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
