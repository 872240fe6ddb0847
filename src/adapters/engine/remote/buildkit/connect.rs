//! A stream to a daemon, and HTTP/2 with TLS over it. One stream is one connection: what breaks stays broken, so that a builder
//! that died in the middle of a build is noticed at once. Knows nothing of builds.

use std::io::{Error, ErrorKind};
use std::path::Path;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio_rustls::TlsConnector;
use tonic::codegen::{BoxFuture, Service};
use tonic::transport::{Channel, Endpoint, Uri};
use zeroize::Zeroizing;

use super::failure::{Reason, unreachable, words};
use super::place::{Place, TlsFiles};
use crate::adapters::engine::remote::BuilderError;
use crate::domain::text::escape_bytes;

/// What is read and written at once.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A stream to a daemon.
pub type Stream = Box<dyn Duplex>;

/// Opens streams to one daemon.
#[async_trait]
pub trait Reach: Send + Sync {
    /// Opens one.
    async fn open(&self) -> std::io::Result<Stream>;

    /// What proves who is there, where the stream itself does not.
    fn tls(&self) -> Option<(&TlsFiles, &str)> {
        None
    }

    /// Whether bytes cost nothing on the way.
    fn is_near(&self) -> bool {
        false
    }
}

/// Most bytes of what a program complains with.
const MAX_COMPLAINT: usize = 4 << 10;
/// Longest answer to a wish for another protocol.
const MAX_ANSWER: usize = 8 << 10;
/// Longest file of certificates.
const MAX_PEM: u64 = 1 << 20;
/// Bytes on their way: a builder far away is not waited for after each 64 KiB.
const WINDOW: u32 = 4 << 20;
/// Errors come with the Dockerfile and where the daemon's code was.
const MAX_HEADERS: u32 = 8 << 20;

#[async_trait]
impl Reach for Place {
    async fn open(&self) -> std::io::Result<Stream> {
        match self {
            Self::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
            Self::Tcp { host, port, .. } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            Self::Program(words) => Ok(Box::new(Piped::start(words)?)),
            Self::Docker(socket) => docker(UnixStream::connect(socket).await?).await,
        }
    }

    fn tls(&self) -> Option<(&TlsFiles, &str)> {
        match self {
            Self::Tcp { host, tls: Some(tls), .. } => Some((tls, host)),
            _ => None,
        }
    }

    fn is_near(&self) -> bool {
        matches!(self, Self::Unix(_) | Self::Docker(_))
    }
}

/// Asks Docker for its BuildKit.
async fn docker(mut stream: UnixStream) -> std::io::Result<Stream> {
    let wish =
        "POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(wish.as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= MAX_ANSWER {
            return Err(Error::new(ErrorKind::InvalidData, "its answer does not end"));
        }
        answer.push(stream.read_u8().await?);
    }
    let first = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    if first.starts_with(b"HTTP/1.1 101") {
        Ok(Box::new(stream))
    } else {
        Err(Error::new(ErrorKind::Unsupported, format!("Docker has no BuildKit for us: {}", escape_bytes(first))))
    }
}

/// A program's stdin and stdout. It ends with its owner.
struct Piped {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    program: String,
}

impl Piped {
    fn start(words: &[String]) -> std::io::Result<Self> {
        let (program, arguments) = words.split_first().ok_or(ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let named = |error: Error| Error::new(error.kind(), format!("{program}: {error}"));
        let mut child = command.spawn().map_err(named)?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(stdin), Some(stdout)) => Ok(Self { child, stdin, stdout, program: program.clone() }),
            _ => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    /// Its end is an error with its last words: a daemon's stream does not end by itself.
    fn poll_complaint(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let mut words = Vec::new();
        if let Some(stderr) = self.child.stderr.as_mut() {
            let mut bytes = [0; 1024];
            loop {
                let mut buffer = ReadBuf::new(&mut bytes);
                match Pin::new(&mut *stderr).poll_read(cx, &mut buffer) {
                    Poll::Ready(Ok(())) if !buffer.filled().is_empty() && words.len() < MAX_COMPLAINT => {
                        words.extend_from_slice(buffer.filled());
                    }
                    _ => break,
                }
            }
        }
        let said = escape_bytes(words.trim_ascii());
        let said = if said.is_empty() { "it ended without a word".to_owned() } else { said };
        Poll::Ready(Error::new(ErrorKind::UnexpectedEof, format!("{}: {said}", self.program)))
    }
}

impl AsyncRead for Piped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stdout).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) if buffer.filled().len() == before => self.poll_complaint(cx).map(Err),
            other => other,
        }
    }
}

impl AsyncWrite for Piped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stdin).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stdin).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stdin).poll_shutdown(cx)
    }
}

/// Why a connection broke. The HTTP/2 client only says that it did.
#[derive(Clone, Default)]
pub(super) struct Broken(Arc<Mutex<Option<Error>>>);

impl Broken {
    pub(super) fn take(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn remember(&self, error: Error) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// A stream that remembers why it broke, and whether the other side speaks HTTP/2: then its first frame is SETTINGS.
struct Watched {
    stream: Stream,
    broken: Broken,
    first: Vec<u8>,
    /// Nothing is to be read any more.
    has_ended: bool,
}

/// Bytes of a frame's length and kind.
const FRAME: usize = 4;
const SETTINGS: u8 = 4;

impl Watched {
    fn look(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.has_ended = true;
            self.broken.remember(Error::new(ErrorKind::UnexpectedEof, "it closed the connection"));
        } else if self.first.len() < FRAME {
            self.first.extend(bytes.iter().take(FRAME - self.first.len()));
            if self.first.get(FRAME - 1).is_some_and(|kind| *kind != SETTINGS) {
                let said = escape_bytes(&bytes[..bytes.len().min(40)]);
                self.broken
                    .remember(Error::new(ErrorKind::Unsupported, format!("something that is no HTTP/2: {said}")));
            }
        }
    }
}

impl Watched {
    /// Who breaks off says why before, and we may be writing at that moment: the reading side ends, too, and with the reason.
    fn written<T>(&self, polled: Poll<std::io::Result<T>>) -> Poll<std::io::Result<T>> {
        match &polled {
            Poll::Ready(Err(_)) if !self.has_ended => Poll::Pending,
            _ => polled,
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let room = buffer.remaining() > 0;
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        match &polled {
            Poll::Ready(Ok(())) if room => self.look(&buffer.filled()[before..]),
            Poll::Ready(Err(error)) => {
                self.has_ended = true;
                self.broken.remember(Error::new(error.kind(), words(error)));
            }
            _ => {}
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.written(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Gives its one stream once.
struct Once(Arc<Mutex<Option<Stream>>>);

impl Service<Uri> for Once {
    type Response = TokioIo<Stream>;
    type Error = Error;
    type Future = BoxFuture<Self::Response, Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let stream = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async {
            stream.map(TokioIo::new).ok_or_else(|| Error::new(ErrorKind::NotConnected, "the connection is gone"))
        })
    }
}

/// A daemon that can be asked.
pub(super) struct Connection {
    pub channel: Channel,
    pub broken: Broken,
}

/// Connects within `patience`.
pub(super) async fn connect(name: &str, reach: &dyn Reach, patience: Duration) -> Result<Connection, BuilderError> {
    let broken = Broken::default();
    let opening = async {
        let mut stream = reach.open().await.map_err(|error| unreachable(name, &error))?;
        if let Some((files, host)) = reach.tls() {
            stream = secured(name, stream, (files, host)).await?;
        }
        let watched: Stream = Box::new(Watched { stream, broken: broken.clone(), first: Vec::new(), has_ended: false });
        let once = Once(Arc::new(Mutex::new(Some(watched))));
        Endpoint::from_static("http://buildkit")
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(2 * WINDOW)
            .http2_max_header_list_size(MAX_HEADERS)
            .connect_with_connector(once)
            .await
            .map_err(|error| broken.take().map_or_else(|| unreachable(name, &error), |why| unreachable(name, &why)))
    };
    let late = || unreachable(name, &Reason(format!("it did not answer in {} s", patience.as_secs())));
    let channel = tokio::time::timeout(patience, opening).await.unwrap_or_else(|_| Err(late()))?;
    Ok(Connection { channel, broken })
}

/// TLS over a stream: nobody is believed but whom the files say.
async fn secured(name: &str, stream: Stream, (files, host): (&TlsFiles, &str)) -> Result<Stream, BuilderError> {
    let wrong = |path: &Path, why: &str| BuilderError::Io {
        action: "use",
        path: path.to_owned(),
        source: Error::new(ErrorKind::InvalidData, why.to_owned()),
    };
    let certificates = async |path: &Path| -> Result<Vec<CertificateDer<'static>>, BuilderError> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem(path).await?).collect();
        read.ok().filter(|all| !all.is_empty()).ok_or_else(|| wrong(path, "it holds no certificate"))
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&files.ca).await? {
        roots.add(certificate).map_err(|error| wrong(&files.ca, &error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unreachable(name, &error))?
        .with_root_certificates(roots);
    let mut config = match (&files.cert, &files.key) {
        (Some(cert), Some(key)) => {
            let ours = certificates(cert).await?;
            let secret = PrivateKeyDer::from_pem_slice(&Zeroizing::new(pem(key).await?));
            let secret = secret.map_err(|_| wrong(key, "it holds no private key"))?;
            config.with_client_auth_cert(ours, secret).map_err(|error| wrong(cert, &error.to_string()))?
        }
        _ => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let asked = files.server_name.as_deref().unwrap_or(host).to_owned();
    let asked = ServerName::try_from(asked).map_err(|error| unreachable(name, &error))?;
    let secured = TlsConnector::from(Arc::new(config)).connect(asked, stream).await;
    Ok(Box::new(secured.map_err(|error| unreachable(name, &error))?))
}

async fn pem(path: &Path) -> Result<Vec<u8>, BuilderError> {
    let read = async {
        let mut bytes = Vec::new();
        tokio::fs::File::open(path).await?.take(MAX_PEM).read_to_end(&mut bytes).await?;
        Ok(bytes)
    };
    read.await.map_err(|source| BuilderError::Io { action: "read", path: path.to_owned(), source })
}
