//! One build: the session is opened, the build is asked for, what is told goes on, until it ends, is cancelled, or the daemon
//! falls silent. Knows no place.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::buildkit::v1::{
    CacheOptions, CacheOptionsEntry, Exporter, SolveRequest, SolveResponse, StatusRequest, StatusResponse,
};
use futures_util::{Stream, StreamExt, TryStreamExt};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Response, Status};

use super::answers::{Credentialed, Secretive, host_of};
use super::builder::{Kept, Options};
use super::connect::Connection;
use super::content::{Blobs, Content};
use super::failure::{Failing, of_status, words};
use super::files::{Context, Failed, Fault};
use super::image::{Flaw, Offer, pull};
use super::progress::{Lines, Progress};
use super::receive::{Received, flaw};
use super::session::{Heard, MAX_MESSAGE, Services, Session, random_id};
use crate::adapters::engine::remote::{BuilderError, Order, Told};
use crate::domain::text::escape;

/// Longest Dockerfile.
const MAX_DOCKERFILE: u64 = 16 << 20;
/// How long what was told late is waited for.
const LATE: Duration = Duration::from_secs(3);

/// A build of one builder.
pub(super) struct Build<'a> {
    pub name: &'a str,
    pub options: &'a Options,
    pub order: &'a Order,
    /// Whether bytes cost nothing on the way.
    pub is_near: bool,
    /// Images that are to be had from here, by the name a `FROM` has.
    pub offers: BTreeMap<String, Arc<Offer>>,
    /// Images it was asked to pull before.
    pub asked: &'a Mutex<BTreeSet<String>>,
}

/// What is solved.
#[derive(Clone, Copy)]
enum Wanted<'o> {
    /// The order; what it stands on may come from us.
    Built(Option<&'o Offer>),
    /// An image of a registry, there.
    Pulled(&'o str),
}

impl<'o> Wanted<'o> {
    fn offer(self) -> Option<&'o Offer> {
        match self {
            Self::Built(offer) => offer,
            Self::Pulled(_) => None,
        }
    }
}

impl Build<'_> {
    pub(super) async fn run(
        &self,
        connection: Connection,
        told: &dyn Told,
        cancel: &CancellationToken,
    ) -> Result<(), BuilderError> {
        let failed = Failed::default();
        let mut lines = Lines::read(&dockerfile(&self.order.context)?);
        let offer = lines.images.iter().find_map(|image| self.offers.get(image)).cloned();
        lines.ours = offer.as_ref().map(|offer| offer.name.clone());
        let ended = async {
            if let Some(offer) = &offer {
                self.pull(&connection, offer, (&lines, told)).await;
            }
            self.attempt(&connection, (lines, Wanted::Built(offer.as_deref())), told, &failed).await
        };
        let ended = tokio::select! {
            () = cancel.cancelled() => return Err(BuilderError::Cancelled),
            ended = ended => ended,
        };
        // What failed here comes back as a failure there.
        let here = failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (ended, here) {
            (Err(_), Some(Fault::Here(action, path, source))) => Err(BuilderError::Io { action, path, source }),
            (Err(_), Some(fault)) => Err(self.protocol(fault.to_string())),
            (Err(error), None) => Err(error),
            (Ok(answer), _) => self.settle(&answer, offer.as_deref()),
        }
    }

    fn settle(&self, answer: &SolveResponse, offer: Option<&Offer>) -> Result<(), BuilderError> {
        let result = &self.order.result;
        if let (Kept::Layout, Some(offer)) = (&self.options.kept, offer) {
            return offer.settle(&answer.exporter_response, result).map_err(|flaw| match flaw {
                Flaw::There(what) => self.protocol(what.to_owned()),
                Flaw::Here(source) => BuilderError::Io { action: "write", path: result.clone(), source },
            });
        }
        match self.options.kept {
            Kept::Layout => flaw(result).map_or(Ok(()), |what| Err(self.protocol(what))),
            Kept::Store(_) => Ok(()),
        }
    }

    /// Has a builder far away pull its base, once: what it has, it does not ask us for. One that cannot is sent it.
    async fn pull(&self, connection: &Connection, offer: &Offer, (lines, told): (&Lines, &dyn Told)) {
        let Some(image) = offer.elsewhere.as_deref().filter(|_| !self.is_near) else { return };
        if !self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(image.to_owned()) {
            return;
        }
        let named = Lines::read(&format!("FROM {image}\n"));
        let pulled = self.attempt(connection, (named, Wanted::Pulled(image)), &Deaf, &Failed::default()).await;
        let (name, image) = (self.name, escape(image));
        let said = match pulled {
            Ok(_) => format!("{name} has its base from {image}\n"),
            Err(error) => {
                let why = match error {
                    BuilderError::Instruction { what, .. } => what,
                    error => words(&error),
                };
                format!("{name} is sent its base, since it cannot pull {image}: {why}\n")
            }
        };
        // No line of its own: the first that runs tells it.
        if let Some(line) = lines.first() {
            told.output(line, said.as_bytes());
        }
    }

    async fn attempt(
        &self,
        connection: &Connection,
        (lines, wanted): (Lines, Wanted<'_>),
        told: &dyn Told,
        failed: &Failed,
    ) -> Result<SolveResponse, BuilderError> {
        let silence = self.options.silence;
        let silent = || BuilderError::Silent { builder: self.name.to_owned(), seconds: silence.as_secs() };
        let mut client = ControlClient::new(connection.channel.clone()).max_decoding_message_size(MAX_MESSAGE);
        let heard = Heard::now();
        let services = self.services(&lines, wanted, failed);
        let opening = Session::open(&mut client, services, &heard);
        let session = tokio::time::timeout(silence, opening).await.map_err(|_| silent())?;
        let session = session.map_err(|status| self.failure(&status, Failing::default(), connection))?;
        let id = random_id().map_err(|status| self.protocol(words(&status)))?;
        let request = match wanted {
            Wanted::Built(offer) => self.request(&id, &session.id, offer),
            Wanted::Pulled(image) => SolveRequest {
                r#ref: id.clone(),
                session: session.id.clone(),
                definition: Some(pull(image, &self.order.platform)),
                ..SolveRequest::default()
            },
        };
        let mut asking = client.clone();
        let updates = futures_util::stream::once(async move { asking.status(StatusRequest { r#ref: id }).await })
            .map_ok(Response::into_inner)
            .try_flatten();
        let mut updates = std::pin::pin!(updates.fuse());
        let mut solve = std::pin::pin!(client.solve(request));
        let mut progress = Progress::new(lines);
        let mut idle = Instant::now();
        let mut is_told = true;
        let answer = loop {
            let mut end = heard.silent_from(silence);
            if !progress.is_running() {
                // It lives, and is at nothing.
                end = end.min(idle + silence);
            }
            tokio::select! {
                biased;
                update = updates.next(), if is_told => match update {
                    Some(Ok(update)) => {
                        heard.again();
                        progress.apply(update, told);
                        idle = Instant::now();
                    }
                    // The answer says why.
                    Some(Err(_)) | None => is_told = false,
                },
                answer = &mut solve => break answer,
                () = tokio::time::sleep_until(end) => {
                    let still = heard.silent_from(silence) > Instant::now();
                    if !still || (!progress.is_running() && idle + silence <= Instant::now()) {
                        return Err(silent());
                    }
                }
            }
        };
        self.tell_rest(&answer, updates, (&mut progress, told)).await;
        answer.map(Response::into_inner).map_err(|status| self.failure(&status, progress.failing(), connection))
    }

    /// What is told after the answer is told still; a daemon that is gone tells nothing more.
    async fn tell_rest(
        &self,
        answer: &Result<Response<SolveResponse>, Status>,
        mut updates: impl Stream<Item = Result<StatusResponse, Status>> + Unpin,
        (progress, told): (&mut Progress, &dyn Told),
    ) {
        if answer.as_ref().is_err_and(|status| std::error::Error::source(status).is_some()) {
            return;
        }
        let rest = async {
            while let Some(Ok(update)) = updates.next().await {
                progress.apply(update, told);
            }
        };
        let _ = tokio::time::timeout(LATE, rest).await;
    }

    fn failure(&self, status: &Status, failing: Failing, connection: &Connection) -> BuilderError {
        of_status(self.name, status, &Failing { broken: connection.broken.take(), ..failing })
    }

    fn protocol(&self, what: String) -> BuilderError {
        BuilderError::Protocol { builder: self.name.to_owned(), what }
    }

    fn services(&self, lines: &Lines, wanted: Wanted<'_>, failed: &Failed) -> Services {
        let options = self.options;
        let images = lines.images.iter().filter(|image| !self.offers.contains_key(*image));
        let references = images.chain(&options.cache_from).chain(&options.cache_to);
        let hosts: BTreeSet<String> = references.map(|image| host_of(image)).collect();
        let by_tar = matches!(options.kept, Kept::Layout) && matches!(wanted, Wanted::Built(None));
        let folder = by_tar.then(|| self.order.result.clone());
        let content = wanted.offer().map(|offer| {
            Content(Arc::new(Blobs {
                given: offer.blobs.clone(),
                folder: self.order.result.clone(),
                failed: failed.clone(),
                taken: Default::default(),
            }))
        });
        Services {
            context: Context { folder: self.order.context.clone(), failed: failed.clone() },
            received: Received { folder, failed: failed.clone() },
            secrets: Secretive(self.order.secrets.clone()),
            credentials: Credentialed { files: options.auth.clone(), hosts },
            content,
        }
    }

    fn request(&self, id: &str, session: &str, offer: Option<&Offer>) -> SolveRequest {
        let options = self.options;
        let platform = &self.order.platform;
        let mut attributes =
            BTreeMap::from([("filename", "Dockerfile".to_owned()), ("platform", platform.to_string())]);
        if self.order.no_cache {
            attributes.insert("no-cache", String::new());
        }
        if self.order.host_network && options.forces_network {
            attributes.insert("force-network-mode", "host".to_owned());
        }
        let named = |image: &String| offer.map_or_else(|| image.clone(), |offer| offer.cache(image));
        let imports: Vec<CacheOptionsEntry> =
            options.cache_from.iter().map(|image| cache(&named(image), &[])).collect();
        if !imports.is_empty() {
            // The frontend asks for them itself.
            let asked: Vec<_> =
                imports.iter().map(|entry| serde_json::json!({"Type": entry.r#type, "Attrs": entry.attrs})).collect();
            attributes.insert("cache-imports", serde_json::Value::from(asked).to_string());
        }
        // What was made is there; that others cannot have it is told, and no reason to fail.
        let more = [("mode", "max"), ("ignore-error", "true")];
        let exports = options.cache_to.iter().map(|image| cache(&named(image), &more)).collect();
        let exporter = self.exporter(offer.is_none());
        let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value));
        SolveRequest {
            r#ref: id.to_owned(),
            session: session.to_owned(),
            frontend: "dockerfile.v0".to_owned(),
            frontend_attrs: attributes.chain(offer.map(Offer::option)).collect(),
            cache: Some(CacheOptions { imports, exports, ..CacheOptions::default() }),
            entitlements: self.order.host_network.then(|| "network.host".to_owned()).into_iter().collect(),
            // What daemons before 0.13 read.
            exporter_deprecated: exporter.r#type.clone(),
            exporter_attrs_deprecated: exporter.attrs.clone(),
            exporters: vec![exporter],
            ..SolveRequest::default()
        }
    }

    fn exporter(&self, as_tar: bool) -> Exporter {
        let pairs = |pairs: &[(&str, &str)]| -> HashMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        match &self.options.kept {
            Kept::Layout => {
                // Layers are taken apart here anyway.
                let compression = if self.is_near { "uncompressed" } else { "gzip" };
                let tar = if as_tar { "true" } else { "false" };
                let attrs = pairs(&[("tar", tar), ("oci-mediatypes", "true"), ("compression", compression)]);
                Exporter { r#type: "oci".to_owned(), attrs }
            }
            Kept::Store(image) => Exporter { r#type: "moby".to_owned(), attrs: pairs(&[("name", image)]) },
        }
    }
}

/// Hears of nothing: what a pull tells is no instruction's.
struct Deaf;

impl Told for Deaf {
    fn began(&self, _: usize) {}
    fn ended(&self, _: usize, _: bool) {}
    fn output(&self, _: usize, _: &[u8]) {}
}

fn cache(image: &str, more: &[(&str, &str)]) -> CacheOptionsEntry {
    let attrs =
        [("ref", image)].iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    CacheOptionsEntry { r#type: "registry".to_owned(), attrs }
}

fn dockerfile(context: &Path) -> Result<String, BuilderError> {
    let path = context.join("Dockerfile");
    let mut text = String::new();
    let file = std::fs::File::open(&path);
    match file.and_then(|file| file.take(MAX_DOCKERFILE).read_to_string(&mut text)) {
        Ok(_) => Ok(text),
        Err(source) => Err(BuilderError::Io { action: "read", path, source }),
    }
}
