//! Blobs on their way out: looked for, mounted, else uploaded whole or in chunks that are resumed when they break
//! . At most one chunk is held in memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use reqwest::header::{CONTENT_RANGE, HeaderName, LOCATION, RANGE};
use reqwest::{Method, StatusCode, Url};
use tokio::io::AsyncReadExt;
use tokio_util::bytes::Bytes;

use super::auth::Scope;
use super::client::{Ask, Client, Reply, Target};
use super::failure::{Fault, MAX_ERROR_BYTES};
use super::pull::has_blob;
use super::retry::{Retry, is_transient};
use crate::adapters::store::unwrap_io;
use crate::adapters::store::{BlobStream, SmallBlob, StoreError, VerifiedReader};
use crate::domain::oci::{Descriptor, Digest};

/// Bytes a chunk; blobs up to this size go in one request.
const CHUNK: usize = 8 << 20;
/// Largest chunk a registry may ask for as its least.
const MAX_CHUNK: usize = 64 << 20;
/// Sessions kept for the uploads that follow.
const MAX_SESSIONS: usize = 256;
/// Sessions opened together.
const AT_ONCE: usize = 8;

const OCTETS: &str = "application/octet-stream";
const MIN_LENGTH: HeaderName = HeaderName::from_static("oci-chunk-min-length");

/// Upload sessions that are open before their blobs are there.
#[derive(Default)]
pub(super) struct Sessions {
    /// Those that mounts which did not mount have left.
    unmounted: Mutex<HashMap<(String, Digest), Session>>,
    /// Those for blobs of a kind, by repository and media type.
    expecting: Mutex<HashMap<(String, String), Vec<Session>>>,
}

impl Sessions {
    fn keep(&self, name: &str, digest: &Digest, session: Session) {
        let mut kept = self.unmounted.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MAX_SESSIONS {
            kept.insert((name.to_owned(), digest.clone()), session);
        }
    }

    fn take(&self, name: &str, digest: &Digest) -> Option<Session> {
        self.unmounted.lock().unwrap_or_else(PoisonError::into_inner).remove(&(name.to_owned(), digest.clone()))
    }

    fn expect(&self, name: &str, kind: &str, sessions: Vec<Session>) {
        let mut expecting = self.expecting.lock().unwrap_or_else(PoisonError::into_inner);
        expecting.entry((name.to_owned(), kind.to_owned())).or_default().extend(sessions);
    }

    fn take_expecting(&self, name: &str, kind: &str) -> Option<Session> {
        let mut expecting = self.expecting.lock().unwrap_or_else(PoisonError::into_inner);
        expecting.get_mut(&(name.to_owned(), kind.to_owned()))?.pop()
    }
}

/// Opens sessions for so many blobs of a kind that are to come; with none, closes those that were not needed.
pub(super) async fn expect(
    client: &Client,
    sessions: &Sessions,
    name: &str,
    (kind, count): (&str, usize),
) -> Result<(), StoreError> {
    let nothing = Descriptor::of(kind, b"");
    let upload = Upload { client, name, blob: &nothing, what: format!("blobs of {name}") };
    if count == 0 {
        while let Some(session) = sessions.take_expecting(name, kind) {
            upload.cancel(&session).await;
        }
        return Ok(());
    }
    let opened = stream::iter((0..count.min(MAX_SESSIONS)).map(|_| upload.start().boxed()).collect::<Vec<_>>());
    sessions.expect(name, kind, opened.buffered(AT_ONCE).try_collect().await?);
    Ok(())
}

#[derive(Clone, Debug)]
struct Session {
    location: Url,
    chunk: usize,
}

/// Tries to make `blob` of `from` appear in `name`.
pub(super) async fn mount(
    client: &Client,
    sessions: &Sessions,
    (name, from): (&str, &str),
    blob: &Descriptor,
) -> Result<bool, StoreError> {
    let path = format!("{name}/blobs/uploads/?mount={}&from={from}", blob.digest);
    let what = format!("{name}@{}", blob.digest);
    let ask = Ask::new(Method::POST, Target::Api(path), Scope::mount(name, from), &what);
    let reply = client.exchange(&ask, MAX_ERROR_BYTES).await?;
    match reply.status {
        StatusCode::CREATED => Ok(true),
        StatusCode::ACCEPTED => {
            sessions.keep(name, &blob.digest, session(client, &reply, CHUNK)?);
            Ok(false)
        }
        // Registries that mount nothing say so in many ways; the upload that follows tells what is really wrong.
        status if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => Ok(false),
        _ => Err(client.refusal(&what, &reply)),
    }
}

/// Puts `blob` into `name`, unless it is there.
pub(super) async fn put_blob(
    client: &Client,
    sessions: &Sessions,
    name: &str,
    blob: &Descriptor,
    source: BlobStream,
) -> Result<(), StoreError> {
    let kept = sessions.take(name, &blob.digest);
    let upload = Upload { client, name, blob, what: format!("{name}@{}", blob.digest) };
    if has_blob(client, name, blob).await? {
        if let Some(session) = kept {
            upload.cancel(&session).await;
        }
        return Ok(());
    }
    upload.run(VerifiedReader::new(source, blob), kept).await
}

/// Puts a blob that was just made into `name`, without looking for it there.
pub(super) async fn put_new(
    client: &Client,
    sessions: &Sessions,
    name: &str,
    blob: &SmallBlob,
) -> Result<(), StoreError> {
    let SmallBlob { descriptor, bytes } = blob;
    let upload = Upload { client, name, blob: descriptor, what: format!("{name}@{}", descriptor.digest) };
    let source: BlobStream = Box::pin(std::io::Cursor::new(bytes.clone()));
    let expecting = sessions.take_expecting(name, &descriptor.media_type);
    upload.run(VerifiedReader::new(source, descriptor), expecting).await
}

struct Upload<'a> {
    client: &'a Client,
    name: &'a str,
    blob: &'a Descriptor,
    what: String,
}

/// What became of one chunk.
enum Sent {
    /// The session now holds the bytes up to here.
    UpTo(Session, u64),
    /// There is no such session any more.
    Lost,
}

impl Upload<'_> {
    async fn run(&self, mut source: VerifiedReader<BlobStream>, kept: Option<Session>) -> Result<(), StoreError> {
        let mut session = match kept {
            Some(session) => session,
            None => self.start().await?,
        };
        let mut chunk = match self.chunk(&mut source, session.chunk).await {
            Ok(chunk) => chunk,
            Err(error) => return self.abandon(&session, error).await,
        };
        // What is held in memory can be sent again from the beginning; later chunks can only be resumed.
        if chunk.len() as u64 == self.blob.size {
            return self.whole(&mut source, session, chunk).await;
        }
        let mut at = 0;
        while !chunk.is_empty() {
            let end = at + chunk.len() as u64;
            session = match self.patch(session.clone(), &chunk, at).await? {
                Sent::UpTo(session, reached) if reached == end => session,
                Sent::UpTo(_, reached) => {
                    let detail = format!("{}: holds {reached} bytes after {end} were sent", self.what);
                    return Err(self.client.hostile("R-12", detail));
                }
                Sent::Lost if at == 0 => match self.patch(self.start().await?, &chunk, 0).await? {
                    Sent::UpTo(session, reached) if reached == end => session,
                    Sent::UpTo(..) | Sent::Lost => return Err(self.session_lost()),
                },
                Sent::Lost => return Err(self.session_lost()),
            };
            at = end;
            chunk = match self.chunk(&mut source, session.chunk).await {
                Ok(chunk) => chunk,
                Err(error) => return self.abandon(&session, error).await,
            };
        }
        // The verified reader has seen the end: everything sent is what it should be.
        let mut retry = Retry::new(self.client.patience);
        while let Err(fault) = self.finish(&session, Bytes::new()).await {
            self.client.pause_or_give_up(&mut retry, fault, true).await?;
        }
        Ok(())
    }

    /// One request with everything; a lost session is started anew, since nothing is lost with it.
    async fn whole(
        &self,
        source: &mut VerifiedReader<BlobStream>,
        session: Session,
        bytes: Bytes,
    ) -> Result<(), StoreError> {
        if let Err(error) = self.chunk(source, 1).await {
            return self.abandon(&session, error).await;
        }
        let mut retry = Retry::new(self.client.patience);
        let mut session = session;
        loop {
            let fault = match self.finish(&session, bytes.clone()).await {
                Ok(()) => return Ok(()),
                Err(fault) => fault,
            };
            self.client.pause_or_give_up(&mut retry, fault, true).await?;
            session = self.start().await?;
        }
    }

    async fn start(&self) -> Result<Session, StoreError> {
        let path = format!("{}/blobs/uploads/", self.name);
        let ask = Ask::new(Method::POST, Target::Api(path), Scope::push(self.name), &self.what);
        let reply = self.client.exchange(&ask, MAX_ERROR_BYTES).await?;
        match reply.status {
            StatusCode::ACCEPTED => session(self.client, &reply, CHUNK),
            _ => Err(self.client.refusal(&self.what, &reply)),
        }
    }

    /// Up to `length` bytes; fewer only at the end, where digest and size have been checked.
    async fn chunk(&self, source: &mut VerifiedReader<BlobStream>, length: usize) -> Result<Bytes, StoreError> {
        let length = length.min(usize::try_from(self.blob.size).unwrap_or(usize::MAX)).max(1);
        let mut chunk = Vec::with_capacity(length);
        source.take(length as u64).read_to_end(&mut chunk).await.map_err(unwrap_io)?;
        Ok(chunk.into())
    }

    /// Sends one chunk that begins at `at`; after a break, what the registry has not got of it.
    async fn patch(&self, mut session: Session, chunk: &Bytes, at: u64) -> Result<Sent, StoreError> {
        let end = at + chunk.len() as u64;
        let mut from = at;
        let mut retry = Retry::new(self.client.patience);
        loop {
            let rest = chunk.slice(usize::try_from(from - at).unwrap_or(0)..);
            let range = format!("{from}-{}", end - 1);
            let ask = self
                .ask(Method::PATCH, session.location.clone())
                .header(CONTENT_RANGE, &range)
                .body(OCTETS, rest)
                .once();
            let fault = match self.client.exchange(&ask, MAX_ERROR_BYTES).await {
                Ok(reply) if reply.status == StatusCode::ACCEPTED => {
                    let reached = received(&reply).unwrap_or(end);
                    return Ok(Sent::UpTo(self::session(self.client, &reply, session.chunk)?, reached));
                }
                Ok(reply) if reply.status == StatusCode::NOT_FOUND => return Ok(Sent::Lost),
                Ok(reply) => self.fault(&reply, reply.status == StatusCode::RANGE_NOT_SATISFIABLE),
                Err(error @ StoreError::Unreachable { .. }) => Fault::Transient(error, None),
                Err(error) => return Err(error),
            };
            self.client.pause_or_give_up(&mut retry, fault, true).await?;
            match self.status(&session).await? {
                Sent::UpTo(now, reached) if (at..=end).contains(&reached) => {
                    if reached == end {
                        return Ok(Sent::UpTo(now, end));
                    }
                    (session, from) = (now, reached);
                }
                Sent::UpTo(..) => return Ok(Sent::Lost),
                Sent::Lost => return Ok(Sent::Lost),
            }
        }
    }

    /// How far the session has got.
    async fn status(&self, session: &Session) -> Result<Sent, StoreError> {
        let ask = self.ask(Method::GET, session.location.clone());
        let reply = self.client.exchange(&ask, MAX_ERROR_BYTES).await?;
        match reply.status {
            StatusCode::NO_CONTENT | StatusCode::ACCEPTED | StatusCode::OK => {
                let now = if reply.headers.contains_key(LOCATION) {
                    self::session(self.client, &reply, session.chunk)?
                } else {
                    session.clone()
                };
                Ok(Sent::UpTo(now, received(&reply).unwrap_or(0)))
            }
            StatusCode::NOT_FOUND => Ok(Sent::Lost),
            _ => Err(self.client.refusal(&self.what, &reply)),
        }
    }

    /// Closes the session under the blob's digest. When the answer is lost, the blob itself tells.
    async fn finish(&self, session: &Session, bytes: Bytes) -> Result<(), Fault> {
        let mut location = session.location.clone();
        location.query_pairs_mut().append_pair("digest", &self.blob.digest.to_string());
        let ask = self.ask(Method::PUT, location).body(OCTETS, bytes).once();
        let fault = match self.client.exchange(&ask, MAX_ERROR_BYTES).await {
            Ok(reply) if reply.status == StatusCode::CREATED => {
                let said = reply.header("docker-content-digest").map(str::parse::<Digest>);
                return match said {
                    Some(Ok(digest))
                        if digest.algorithm() == self.blob.digest.algorithm() && digest != self.blob.digest =>
                    {
                        let detail = format!("the registry stored {digest}");
                        Err(StoreError::Mismatch { family: "R-12", expected: self.blob.digest.clone(), detail }.into())
                    }
                    _ => Ok(()),
                };
            }
            Ok(reply) => self.fault(&reply, reply.status == StatusCode::NOT_FOUND),
            Err(error @ StoreError::Unreachable { .. }) => Fault::Transient(error, None),
            Err(error) => return Err(error.into()),
        };
        let passing = matches!(fault, Fault::Transient(..));
        if passing && has_blob(self.client, self.name, self.blob).await.unwrap_or(false) {
            return Ok(());
        }
        Err(fault)
    }

    async fn abandon(&self, session: &Session, error: StoreError) -> Result<(), StoreError> {
        self.cancel(session).await;
        Err(error)
    }

    /// Best effort: the registry forgets sessions by itself too.
    async fn cancel(&self, session: &Session) {
        let ask = self.ask(Method::DELETE, session.location.clone()).once();
        let _ = self.client.exchange(&ask, MAX_ERROR_BYTES).await;
    }

    fn ask(&self, method: Method, location: Url) -> Ask {
        Ask::new(method, Target::Url(location), Scope::push(self.name), &self.what)
    }

    fn fault(&self, reply: &Reply, passing: bool) -> Fault {
        let error = self.client.refusal(&self.what, reply);
        let error = if reply.status == StatusCode::NOT_FOUND { self.session_lost() } else { error };
        match passing || is_transient(reply.status) {
            true => Fault::Transient(error, reply.asked_to_wait),
            false => Fault::Final(error),
        }
    }

    fn session_lost(&self) -> StoreError {
        self.client.refused(&self.what, "R-12: the registry lost the upload session; nothing was published, try again")
    }
}

fn session(client: &Client, reply: &Reply, chunk: usize) -> Result<Session, StoreError> {
    let location = client.permitted(&reply.url, reply.header(LOCATION).unwrap_or(""))?;
    let least = reply.header(MIN_LENGTH).and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    if least > MAX_CHUNK {
        return Err(client.hostile("R-12", format!("wants chunks of at least {least} bytes")));
    }
    Ok(Session { location, chunk: chunk.max(least) })
}

/// Bytes the session holds: `Range: 0-LAST`, with or without its unit.
fn received(reply: &Reply) -> Option<u64> {
    let text = reply.header(RANGE)?;
    let (from, last) = text.strip_prefix("bytes=").unwrap_or(text).split_once('-')?;
    let last: u64 = last.trim().parse().ok()?;
    // `0-0` is what an empty session says; a session of one byte is never resumed.
    (from.trim() == "0").then_some(if last == 0 { 0 } else { last.checked_add(1)? })
}
