//! A build by a daemon's API: the Dockerfile sent, the image fetched, nothing of it left there that only this build needed.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::Path;

use bollard::Docker;
use bollard::query_parameters::{BuildImageOptionsBuilder, BuilderVersion};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio_util::bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::load::remove;
use super::said::{Story, exit_code};
use super::session::Session;
use super::{Daemon, DaemonKind};
use crate::adapters::engine::remote::{BuilderError, Order, Told, archive};
use crate::domain::oci::DiffId;

/// Pieces of an archive under way at once.
const PIECES: usize = 8;
/// Where the secrets of a step lie in podman's context.
const SECRETS: &str = "podman-build-secret-";

impl Daemon {
    pub(super) async fn carry_out(&self, order: &Order, told: &dyn Told) -> Result<(), BuilderError> {
        let docker = self.api().await?;
        let tag = self.mark.result();
        let read = |path: &Path| {
            std::fs::read_to_string(path).map_err(|source| BuilderError::Io {
                action: "read",
                path: path.into(),
                source,
            })
        };
        let dockerfile = read(&order.context.join("Dockerfile"))?;
        let (done, dones) = mpsc::unbounded_channel();
        let over = CancellationToken::new();
        let running = async {
            let built = self.run(&docker, order, &tag, Story::of(&dockerfile, told, done)).await;
            over.cancel();
            built
        };
        let line = |word: &str| dockerfile.lines().find(|line| line.starts_with(word));
        let ground = line("FROM ").map_or("", |line| &line["FROM ".len()..]);
        let ahead = self.read_ahead(&docker, (order, told), (ground, line("LABEL ")), (dones, &over));
        let (built, ()) = tokio::join!(running, ahead);
        let fetched = match built {
            Ok(()) => self.fetch(&docker, &tag, (&dockerfile, &order.result)).await,
            Err(error) => Err(error),
        };
        self.later(async move { remove(&docker, &tag).await });
        fetched
    }

    async fn run(&self, docker: &Docker, order: &Order, tag: &str, mut story: Story<'_>) -> Result<(), BuilderError> {
        let mut options = BuildImageOptionsBuilder::default()
            .dockerfile("Dockerfile")
            .t(tag)
            .rm(true)
            .forcerm(true)
            .nocache(order.no_cache)
            .networkmode(if order.host_network { "host" } else { "none" })
            .platform(&order.platform.to_string())
            .build();
        let context = self.context(order)?;
        let (docker, _session) = match self.kind {
            DaemonKind::Podman => (docker.clone().with_request_modifier(podman_secrets(order)), None),
            DaemonKind::Docker if order.secrets.is_empty() => {
                options.version = BuilderVersion::BuilderBuildKit;
                options.session = Some(ulid::Ulid::generate().to_string());
                (docker.clone(), None)
            }
            DaemonKind::Docker => {
                let session = Session::open(&self.address, &order.secrets).await.map_err(|source| {
                    BuilderError::Unreachable { builder: super::Builder::name(self), source: Box::new(source) }
                })?;
                options.session = Some(session.id().to_owned());
                // bollard would open a session of its own, which knows no secrets.
                let docker = docker.clone().with_request_modifier(|request| {
                    change_query(request, |query| query.replace("version=1", "version=2"))
                });
                (docker, Some(session))
            }
        };
        let mut stream = Box::pin(docker.build_image(options, None, Some(bollard::body_full(context))));
        while let Some(said) = stream.next().await {
            match said {
                Ok(info) => story.hear(info),
                Err(bollard::errors::Error::DockerStreamError { error }) => return Err(self.refused(&story, error)),
                Err(error) => return Err(self.failed(error)),
            }
        }
        Ok(())
    }

    /// What it says instead of an image.
    fn refused(&self, story: &Story<'_>, what: String) -> BuilderError {
        let code = exit_code(&what);
        if code.is_none() && what.contains(super::FULL) {
            return BuilderError::Full { builder: super::Builder::name(self), what };
        }
        if code.is_none() && story.failed.is_none() && self.kind == DaemonKind::Docker {
            return self.protocol(what);
        }
        BuilderError::Instruction { line: story.blamed(), exit_code: code, what }
    }

    /// The build context as a tar: it is small, since what the step stands on is an image.
    fn context(&self, order: &Order) -> Result<Bytes, BuilderError> {
        let failed = |source| BuilderError::Io { action: "read", path: order.context.clone(), source };
        let pack = || -> io::Result<Vec<u8>> {
            let mut archive = tar::Builder::new(Vec::new());
            archive.append_dir_all(".", &order.context)?;
            if self.kind == DaemonKind::Podman {
                for (name, value) in &order.secrets {
                    let mut header = tar::Header::new_ustar();
                    header.set_size(value.len() as u64);
                    header.set_mode(0o600);
                    archive.append_data(&mut header, format!("{SECRETS}{name}"), &***value)?;
                }
            }
            archive.into_inner()
        };
        pack().map(Bytes::from).map_err(failed)
    }

    /// Takes the image out of the daemon's storage where that lies here; `false` where it is to be fetched.
    async fn take_stored(
        &self,
        docker: &Docker,
        tag: &str,
        (known, into): (&BTreeSet<DiffId>, &Path),
    ) -> Result<bool, BuilderError> {
        let Some(stored) = self.stored(docker, tag).await else { return Ok(false) };
        let (known, folder, stop) = (known.clone(), into.to_owned(), CancellationToken::new());
        let read = self.read.lock().map(|read| read.clone()).unwrap_or_default();
        let guard = stop.clone().drop_guard();
        let leaving = move || stored.leave(&folder, &|id| known.contains(id), &read, &stop);
        let left = tokio::task::spawn_blocking(leaving).await;
        drop(guard);
        if matches!(left, Ok(Ok(()))) {
            return Ok(true);
        }
        // Why it failed the longer way tells, if that fails too.
        let clean = std::fs::remove_dir_all(into).and_then(|()| std::fs::create_dir(into));
        clean.map(|()| false).map_err(|source| BuilderError::Io { action: "empty", path: into.into(), source })
    }

    async fn fetch(&self, docker: &Docker, tag: &str, (of, into): (&str, &Path)) -> Result<(), BuilderError> {
        let mut known: BTreeSet<DiffId> = BTreeSet::new();
        if !of.starts_with("FROM scratch\n")
            && let Ok(loaded) = self.loaded.lock()
        {
            known.extend(loaded.values().flatten().cloned());
        }
        if self.take_stored(docker, tag, (&known, into)).await? {
            return Ok(());
        }
        let mut stream = Box::pin(docker.export_image(tag));
        let (sender, receiver) = mpsc::channel::<Bytes>(PIECES);
        let folder = into.to_owned();
        let unpacking = tokio::task::spawn_blocking(move || unpack(receiver, &known, &folder));
        let mut failure = None;
        while let Some(piece) = stream.next().await {
            match piece {
                // Whoever takes no more has failed, and says why.
                Ok(piece) => {
                    if sender.send(piece).await.is_err() {
                        break;
                    }
                }
                Err(error) => {
                    failure = Some(self.failed(error));
                    break;
                }
            }
        }
        drop(sender);
        let unpacked = unpacking.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        match (failure, unpacked) {
            (Some(error), _) => Err(error),
            (None, Ok(())) => Ok(()),
            (None, Err(error)) if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) => {
                Err(self.protocol(error.to_string()))
            }
            (None, Err(source)) => {
                Err(BuilderError::Io { action: "keep what came back in", path: into.into(), source })
            }
        }
    }
}

fn unpack(receiver: mpsc::Receiver<Bytes>, known: &BTreeSet<DiffId>, into: &Path) -> io::Result<()> {
    let mut pieces = Pieces { receiver, piece: Bytes::new() };
    archive::unpack(&mut pieces, known, into)?;
    // A sender is not left alone with what follows the archive.
    io::copy(&mut pieces, &mut io::sink()).map(drop)
}

/// Pieces that arrive, as a reader.
struct Pieces {
    receiver: mpsc::Receiver<Bytes>,
    piece: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.receiver.blocking_recv() {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let count = self.piece.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.piece.split_to(count));
        Ok(count)
    }
}

/// Podman is told by the request where in the context the secrets lie.
fn podman_secrets(
    order: &Order,
) -> impl Fn(bollard::BollardRequest) -> bollard::BollardRequest + Send + Sync + 'static {
    let told: Vec<String> = order.secrets.keys().map(|name| format!("id={name},src={SECRETS}{name}")).collect();
    let told = serde_json::to_string(&told).unwrap_or_default();
    let coded: String = told.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let any = !order.secrets.is_empty();
    move |request| change_query(request, |query| if any { format!("{query}&secrets={coded}") } else { query })
}

/// Changes what the request for a build says behind its path.
fn change_query(
    mut request: bollard::BollardRequest,
    change: impl FnOnce(String) -> String,
) -> bollard::BollardRequest {
    if request.uri().path().ends_with("/build")
        && let Ok(changed) = change(request.uri().to_string()).parse()
    {
        *request.uri_mut() = changed;
    }
    request
}
