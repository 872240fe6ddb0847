//! A session of docker's BuildKit: a connection turned around, over which it asks for secrets while it builds. Knows nothing
//! but secrets.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bollard_buildkit_proto::health::health_check_response::ServingStatus;
use bollard_buildkit_proto::health::health_server::{Health, HealthServer};
use bollard_buildkit_proto::health::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::{Secrets, SecretsServer};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_util::task::AbortOnDropHandle;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status};
use zeroize::Zeroizing;

/// Longest answer to the wish for a session.
const MAX_ANSWER: usize = 16 << 10;

type Values = Arc<BTreeMap<String, Zeroizing<Vec<u8>>>>;

/// Whether a session can be had at an address.
pub(super) fn reaches(address: &str) -> bool {
    let secure = std::env::var_os("DOCKER_TLS_VERIFY").is_some_and(|value| !value.is_empty());
    address.starts_with("unix://") || (address.starts_with("tcp://") && !secure)
}

/// An open session; it ends when dropped.
pub(super) struct Session {
    id: String,
    _serving: AbortOnDropHandle<()>,
}

impl Session {
    /// Offers `secrets` to the daemon at `address`.
    pub(super) async fn open(address: &str, secrets: &BTreeMap<String, Zeroizing<Vec<u8>>>) -> io::Result<Self> {
        let id = ulid::Ulid::generate().to_string().to_lowercase();
        let mut stream = dial(address).await?;
        let methods = ["/grpc.health.v1.Health/Check", "/moby.buildkit.secrets.v1.Secrets/GetSecret"];
        let mut wish = format!(
            "POST /session HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\
             X-Docker-Expose-Session-Uuid: {id}\r\nX-Docker-Expose-Session-Name: bakery\r\n"
        );
        for method in methods {
            wish.push_str(&format!("X-Docker-Expose-Session-Grpc-Method: {method}\r\n"));
        }
        wish.push_str("\r\n");
        stream.write_all(wish.as_bytes()).await?;
        upgraded(&mut stream).await?;
        let secrets: Values = Arc::new(secrets.clone());
        let incoming = futures_util::stream::iter([Ok::<_, io::Error>(stream)]);
        let serving = tonic::transport::Server::builder()
            .add_service(HealthServer::new(Well))
            .add_service(SecretsServer::new(Keeper(secrets)));
        let task = tokio::spawn(async move {
            // A session that breaks fails the build that needs it.
            let _ = serving.serve_with_incoming(incoming).await;
        });
        Ok(Self { id, _serving: AbortOnDropHandle::new(task) })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

async fn dial(address: &str) -> io::Result<Wire> {
    if let Some(socket) = address.strip_prefix("unix://") {
        return Ok(Wire(Box::new(UnixStream::connect(socket).await?)));
    }
    let place = address.strip_prefix("tcp://").ok_or(io::ErrorKind::Unsupported)?;
    Ok(Wire(Box::new(TcpStream::connect(place).await?)))
}

/// Reads the answer up to its end and not one byte further.
async fn upgraded(stream: &mut Wire) -> io::Result<()> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() > MAX_ANSWER {
            return Err(io::ErrorKind::InvalidData.into());
        }
        answer.push(stream.read_u8().await?);
    }
    let first = String::from_utf8_lossy(&answer);
    let first = first.lines().next().unwrap_or_default();
    if first.starts_with("HTTP/1.1 101") {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, format!("no session was given: {first}")))
}

trait Both: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}

/// A connection of either kind.
struct Wire(Box<dyn Both>);

impl Connected for Wire {
    type ConnectInfo = ();
    fn connect_info(&self) {}
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

struct Well;

#[async_trait::async_trait]
impl Health for Well {
    async fn check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving.into() }))
    }

    async fn list(&self, _: Request<HealthListRequest>) -> Result<Response<HealthListResponse>, Status> {
        Err(Status::unimplemented("list"))
    }

    type WatchStream = futures_util::stream::Empty<Result<HealthCheckResponse, Status>>;

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("watch"))
    }
}

struct Keeper(Values);

#[async_trait::async_trait]
impl Secrets for Keeper {
    async fn get_secret(&self, request: Request<GetSecretRequest>) -> Result<Response<GetSecretResponse>, Status> {
        let id = request.into_inner().id;
        let value = self.0.get(&id).ok_or_else(|| Status::not_found("no such secret"))?;
        Ok(Response::new(GetSecretResponse { data: value.to_vec() }))
    }
}
