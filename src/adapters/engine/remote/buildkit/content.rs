//! Blobs by digest, as BuildKit asks for them (containerd's protocol of content): what a build stands on is read, and only what
//! the builder lacks; what it made is written, and only what is not here. Two stores are to be had, nothing else is there.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tonic::codegen::tokio_stream::wrappers::ReceiverStream;
use tonic::codegen::{Body, BoxFuture, Service, StdError, http};
use tonic::server::{Grpc, NamedService, ServerStreamingService, StreamingService, UnaryService};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

use super::files::{Failed, Fault, remember};
use super::session::MAX_MESSAGE;
use crate::adapters::engine::remote::GroundLayer;

/// What of it is spoken.
pub(super) const METHODS: [&str; 3] = [INFO, READ, WRITE];
const INFO: &str = "/containerd.services.content.v1.Content/Info";
const READ: &str = "/containerd.services.content.v1.Content/Read";
const WRITE: &str = "/containerd.services.content.v1.Content/Write";

/// Says which store is meant.
const STORE: &str = "buildkit-attachable-store-id";
/// What a build stands on is read from this one.
pub(super) const GIVEN: &str = "ground";
/// What came of it is written into this one: BuildKit's name.
const EXPORT: &str = "export";
/// Bytes of a blob in a message.
const CHUNK: usize = 256 << 10;
/// Most bytes that are taken for one build.
const MAX_BYTES: u64 = 64 << 30;
/// Most blobs that are taken.
const MAX_BLOBS: u64 = 4096;

#[derive(Clone, PartialEq, prost::Message)]
struct InfoRequest {
    #[prost(string, tag = "1")]
    digest: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Info {
    #[prost(string, tag = "1")]
    digest: String,
    #[prost(int64, tag = "2")]
    size: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct InfoResponse {
    #[prost(message, optional, tag = "1")]
    info: Option<Info>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ReadRequest {
    #[prost(string, tag = "1")]
    digest: String,
    #[prost(int64, tag = "2")]
    offset: i64,
    /// None: to the end.
    #[prost(int64, tag = "3")]
    size: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ReadResponse {
    #[prost(int64, tag = "1")]
    offset: i64,
    #[prost(bytes = "vec", tag = "2")]
    data: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
enum Action {
    Stat = 0,
    Write = 1,
    Commit = 2,
}

#[derive(Clone, PartialEq, prost::Message)]
struct WriteRequest {
    #[prost(enumeration = "Action", tag = "1")]
    action: i32,
    #[prost(int64, tag = "3")]
    total: i64,
    #[prost(string, tag = "4")]
    expected: String,
    #[prost(int64, tag = "5")]
    offset: i64,
    #[prost(bytes = "vec", tag = "6")]
    data: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct WriteResponse {
    #[prost(enumeration = "Action", tag = "1")]
    action: i32,
    #[prost(int64, tag = "4")]
    offset: i64,
    #[prost(int64, tag = "5")]
    total: i64,
    #[prost(string, tag = "6")]
    digest: String,
}

/// What a digest stands for.
pub(super) enum Blob {
    /// A document made here.
    Document(Vec<u8>),
    /// A layer of what is stood on.
    Layer(Box<GroundLayer>),
}

impl Blob {
    fn size(&self) -> u64 {
        match self {
            Self::Document(bytes) => bytes.len() as u64,
            Self::Layer(layer) => layer.blob().size,
        }
    }
}

/// The blobs of one build.
pub(super) struct Blobs {
    /// What may be read, by digest.
    pub given: Arc<BTreeMap<String, Blob>>,
    /// The layout that what was made comes into.
    pub folder: PathBuf,
    pub failed: Failed,
    /// Bytes and blobs that came.
    pub taken: (AtomicU64, AtomicU64),
}

impl Blobs {
    fn blob(&self, digest: &str) -> Result<&Blob, Status> {
        self.given.get(digest).ok_or_else(|| Status::not_found("this build stands on nothing of that digest"))
    }

    fn info(&self, digest: String) -> Result<InfoResponse, Status> {
        let size = i64::try_from(self.blob(&digest)?.size()).unwrap_or(i64::MAX);
        Ok(InfoResponse { info: Some(Info { digest, size }) })
    }

    /// Sends what was asked for, a part at a time.
    fn read(&self, asked: &ReadRequest, parts: &mpsc::Sender<Result<ReadResponse, Status>>) -> Result<(), Status> {
        let blob = self.blob(&asked.digest)?;
        let from = u64::try_from(asked.offset).unwrap_or(0);
        if from > blob.size() {
            return Err(Status::out_of_range("the blob ends before"));
        }
        let rest = blob.size() - from;
        let length = u64::try_from(asked.size).ok().filter(|size| *size > 0).map_or(rest, |size| size.min(rest));
        let file = match blob {
            Blob::Document(_) => None,
            Blob::Layer(layer) => Some(layer.blob_file().map_err(|error| self.here("read", &asked.digest, error))?),
        };
        let mut at = from;
        while at < from + length {
            let most = usize::try_from(from + length - at).unwrap_or(CHUNK).min(CHUNK);
            let mut data = vec![0; most];
            let read = match (blob, &file) {
                (Blob::Document(bytes), _) => {
                    let start = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                    let count = most.min(bytes.len() - start);
                    data[..count].copy_from_slice(&bytes[start..start + count]);
                    Ok(count)
                }
                (_, Some(file)) => file.read_at(&mut data, at),
                (_, None) => Ok(0),
            };
            let read = read.map_err(|error| self.here("read", &asked.digest, error))?;
            if read == 0 {
                return Err(self.here("read", &asked.digest, ErrorKind::UnexpectedEof.into()));
            }
            data.truncate(read);
            let offset = i64::try_from(at).unwrap_or(i64::MAX);
            at += read as u64;
            if parts.blocking_send(Ok(ReadResponse { offset, data })).is_err() {
                // Whoever asked has enough.
                break;
            }
        }
        Ok(())
    }

    fn here(&self, action: &'static str, name: &str, error: Error) -> Status {
        let status = Status::internal(error.to_string());
        remember(&self.failed, Fault::Here(action, self.folder.join(name), error));
        status
    }

    /// Takes a blob, unless it is here: then not a byte of it travels.
    fn take(
        &self,
        requests: &mut mpsc::Receiver<WriteRequest>,
        answers: &mpsc::Sender<Result<WriteResponse, Status>>,
    ) -> Result<(), Status> {
        let Some(first) = requests.blocking_recv() else { return Ok(()) };
        let (digest, total) = (first.expected.clone(), first.total);
        let hex = digest.strip_prefix("sha256:").filter(|hex| is_hex(hex));
        let hex = hex.ok_or_else(|| Status::invalid_argument("a blob is named by its digest"))?;
        let blobs = self.folder.join("blobs/sha256");
        let path = blobs.join(hex);
        if self.given.contains_key(&digest) || path.exists() {
            return Err(Status::already_exists("it is here"));
        }
        if self.taken.1.fetch_add(1, Ordering::Relaxed) >= MAX_BLOBS {
            return Err(Status::resource_exhausted("an image has fewer parts"));
        }
        std::fs::create_dir_all(&blobs).map_err(|error| self.here("make", "blobs", error))?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder).map_err(|error| self.here("make", hex, error))?;
        let (mut sum, mut offset) = (Sha256::new(), 0_u64);
        let mut request = first;
        loop {
            let action = Action::try_from(request.action).map_err(|_| Status::invalid_argument("no such action"))?;
            if !request.data.is_empty() {
                if u64::try_from(request.offset).ok() != Some(offset) {
                    return Err(Status::out_of_range("a blob is written from its beginning to its end"));
                }
                let length = request.data.len() as u64;
                if self.taken.0.fetch_add(length, Ordering::Relaxed) + length > MAX_BYTES {
                    return Err(Status::resource_exhausted("an image is smaller"));
                }
                file.write_all(&request.data).map_err(|error| self.here("write", hex, error))?;
                sum.update(&request.data);
                offset += length;
            }
            let at = i64::try_from(offset).unwrap_or(i64::MAX);
            let mut answer = WriteResponse { action: request.action, offset: at, total, digest: String::new() };
            if action == Action::Commit {
                answer.digest = format!("sha256:{}", hex::encode(sum.finalize()));
                if answer.digest != digest || (total > 0 && total != at) {
                    let what = format!("blob {digest} is {}", answer.digest);
                    remember(&self.failed, Fault::There(what.clone()));
                    return Err(Status::failed_precondition(what));
                }
                // Nobody reads it before the build is at its end.
                file.persist(&path).map_err(|error| self.here("write", hex, error.error))?;
                let _ = answers.blocking_send(Ok(answer));
                return Ok(());
            }
            if answers.blocking_send(Ok(answer)).is_err() {
                return Ok(());
            }
            let Some(next) = requests.blocking_recv() else { return Ok(()) };
            request = next;
        }
    }
}

fn is_hex(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a request is for this store.
fn is_for<T>(request: &Request<T>, store: &str) -> Result<(), Status> {
    let asked = request.metadata().get(STORE).and_then(|id| id.to_str().ok());
    if asked == Some(store) { Ok(()) } else { Err(Status::not_found("there is no such store here")) }
}

fn given<T>(request: &Request<T>) -> Result<(), Status> {
    is_for(request, &format!("oci:{GIVEN}"))
}

/// The service.
#[derive(Clone)]
pub(super) struct Content(pub Arc<Blobs>);

impl NamedService for Content {
    const NAME: &'static str = "containerd.services.content.v1.Content";
}

impl UnaryService<InfoRequest> for Content {
    type Response = InfoResponse;
    type Future = BoxFuture<Response<InfoResponse>, Status>;

    fn call(&mut self, request: Request<InfoRequest>) -> Self::Future {
        let answer = given(&request).and_then(|()| self.0.info(request.into_inner().digest));
        Box::pin(std::future::ready(answer.map(Response::new)))
    }
}

impl ServerStreamingService<ReadRequest> for Content {
    type Response = ReadResponse;
    type ResponseStream = ReceiverStream<Result<ReadResponse, Status>>;
    type Future = BoxFuture<Response<Self::ResponseStream>, Status>;

    fn call(&mut self, request: Request<ReadRequest>) -> Self::Future {
        let blobs = self.0.clone();
        Box::pin(async move {
            given(&request)?;
            let (parts, stream) = mpsc::channel(4);
            tokio::task::spawn_blocking(move || {
                if let Err(status) = blobs.read(request.get_ref(), &parts) {
                    let _ = parts.blocking_send(Err(status));
                }
            });
            Ok(Response::new(ReceiverStream::new(stream)))
        })
    }
}

impl StreamingService<WriteRequest> for Content {
    type Response = WriteResponse;
    type ResponseStream = ReceiverStream<Result<WriteResponse, Status>>;
    type Future = BoxFuture<Response<Self::ResponseStream>, Status>;

    fn call(&mut self, request: Request<Streaming<WriteRequest>>) -> Self::Future {
        let blobs = self.0.clone();
        Box::pin(async move {
            is_for(&request, EXPORT)?;
            let (requests, mut arriving) = mpsc::channel(4);
            let (answers, stream) = mpsc::channel(4);
            tokio::task::spawn_blocking(move || {
                if let Err(status) = blobs.take(&mut arriving, &answers) {
                    let _ = answers.blocking_send(Err(status));
                }
            });
            let mut incoming = request.into_inner();
            tokio::spawn(async move {
                while let Ok(Some(message)) = incoming.message().await {
                    if requests.send(message).await.is_err() {
                        break;
                    }
                }
            });
            Ok(Response::new(ReceiverStream::new(stream)))
        })
    }
}

fn codec<Q, A>() -> Grpc<ProstCodec<A, Q>>
where
    Q: prost::Message + Default + Send + 'static,
    A: prost::Message + Default + Send + 'static,
{
    Grpc::new(ProstCodec::default()).max_decoding_message_size(MAX_MESSAGE)
}

impl<B> Service<http::Request<B>> for Content
where
    B: Body + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = http::Response<tonic::body::Body>;
    type Error = std::convert::Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            Ok(match request.uri().path() {
                INFO => codec::<InfoRequest, _>().unary(service, request).await,
                READ => codec::<ReadRequest, _>().server_streaming(service, request).await,
                WRITE => codec::<WriteRequest, _>().streaming(service, request).await,
                _ => Status::unimplemented("blobs are read and written here").into_http(),
            })
        })
    }
}
