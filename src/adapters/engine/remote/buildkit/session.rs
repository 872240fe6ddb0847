//! The session: an HTTP/2 connection inside `Control.Session`, on which the daemon is the client and we answer. What it may ask
//! for is the services given; nothing else is there. Its pings also tell that the daemon lives.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bollard_buildkit_proto::health::health_check_response::ServingStatus;
use bollard_buildkit_proto::health::health_server::{Health, HealthServer};
use bollard_buildkit_proto::health::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::SecretsServer;
use bollard_buildkit_proto::moby::buildkit::v1::BytesMessage;
use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::filesync::v1::auth_server::AuthServer;
use bollard_buildkit_proto::moby::filesync::v1::file_send_server::FileSendServer;
use bollard_buildkit_proto::moby::filesync::v1::file_sync_server::FileSyncServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::codegen::tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status, Streaming};

use super::answers::{Credentialed, Secretive};
use super::content::{self, Content};
use super::files::Context;
use super::receive::Received;

/// Largest message either way: what BuildKit itself allows.
pub(super) const MAX_MESSAGE: usize = 16 << 20;
/// Bytes between the two connections.
const BUFFER: usize = 256 << 10;
/// Bytes a message of the tunnel.
const CHUNK: usize = 32 << 10;
const WINDOW: u32 = 4 << 20;
const MAX_HEADERS: u32 = 1 << 20;

/// All that a daemon may ask for.
const METHODS: [&str; 7] = [
    "/grpc.health.v1.Health/Check",
    "/moby.filesync.v1.FileSync/DiffCopy",
    "/moby.filesync.v1.FileSend/DiffCopy",
    "/moby.buildkit.secrets.v1.Secrets/GetSecret",
    "/moby.filesync.v1.Auth/Credentials",
    "/moby.filesync.v1.Auth/FetchToken",
    "/moby.filesync.v1.Auth/GetTokenAuthority",
];

/// When the daemon was heard last.
#[derive(Clone)]
pub(super) struct Heard(Arc<Mutex<Instant>>);

impl Heard {
    pub(super) fn now() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    pub(super) fn again(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(super) fn silent_from(&self, patience: Duration) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) + patience
    }
}

/// What is answered with.
pub(super) struct Services {
    pub context: Context,
    pub received: Received,
    pub secrets: Secretive,
    pub credentials: Credentialed,
    /// Blobs of what is stood on and of what is made, where they travel one by one.
    pub content: Option<Content>,
}

/// An open session; it ends with its owner.
pub(super) struct Session {
    pub id: String,
    _tasks: JoinSet<()>,
}

impl Session {
    /// Opens one. Its shared key is its own: BuildKit would else take a file with the same name, size and time as one it had
    /// from another build for the same file, and the times here are all the same.
    pub(super) async fn open(
        client: &mut ControlClient<Channel>,
        services: Services,
        heard: &Heard,
    ) -> Result<Self, Status> {
        let id = random_id()?;
        let (ours, theirs) = tokio::io::duplex(BUFFER);
        let (from_us, to_us) = tokio::io::split(ours);
        let (outgoing, messages) = mpsc::channel(4);
        let mut request = Request::new(ReceiverStream::new(messages));
        let more: &[&str] = if services.content.is_some() { &content::METHODS } else { &[] };
        describe(request.metadata_mut(), &id, more)?;
        let mut tasks = JoinSet::new();
        tasks.spawn(out(from_us, outgoing));
        tasks.spawn(async move {
            // Its end is the session's; what the daemon makes of that, it says as the answer of the build.
            let _ = serve(theirs, services).await;
        });
        let incoming = client.session(request).await?.into_inner();
        heard.again();
        tasks.spawn(take(incoming, to_us, heard.clone()));
        Ok(Self { id, _tasks: tasks })
    }
}

/// Twenty-five letters and digits, as BuildKit's own are.
pub(super) fn random_id() -> Result<String, Status> {
    let mut bytes = [0; 25];
    getrandom::fill(&mut bytes).map_err(|error| Status::internal(error.to_string()))?;
    let letters = b"0123456789abcdefghijklmnopqrstuv";
    Ok(bytes.iter().map(|byte| char::from(letters[usize::from(byte % 32)])).collect())
}

fn describe(headers: &mut MetadataMap, id: &str, more: &[&'static str]) -> Result<(), Status> {
    let value: MetadataValue<Ascii> = id.parse().map_err(|_| Status::internal("an id is no header"))?;
    headers.insert("x-docker-expose-session-uuid", value.clone());
    headers.insert("x-docker-expose-session-sharedkey", value);
    headers.insert("x-docker-expose-session-name", MetadataValue::from_static("bakery"));
    for method in METHODS.iter().chain(more) {
        headers.append("x-docker-expose-session-grpc-method", MetadataValue::from_static(method));
    }
    Ok(())
}

async fn out(mut from: ReadHalf<DuplexStream>, to: mpsc::Sender<BytesMessage>) {
    let mut buffer = vec![0; CHUNK];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if to.send(BytesMessage { data: buffer[..read].to_vec() }).await.is_err() {
            break;
        }
    }
}

async fn take(mut from: Streaming<BytesMessage>, mut to: WriteHalf<DuplexStream>, heard: Heard) {
    while let Ok(Some(message)) = from.message().await {
        heard.again();
        if to.write_all(&message.data).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

async fn serve(stream: DuplexStream, services: Services) -> Result<(), tonic::transport::Error> {
    let context = FileSyncServer::new(services.context).max_decoding_message_size(MAX_MESSAGE);
    let received = FileSendServer::new(services.received).max_decoding_message_size(MAX_MESSAGE);
    let incoming = futures_util::stream::iter([Ok::<_, std::io::Error>(stream)]);
    Server::builder()
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(2 * WINDOW)
        .http2_max_header_list_size(MAX_HEADERS)
        .add_service(HealthServer::new(Alive))
        .add_service(context)
        .add_service(received)
        .add_service(SecretsServer::new(services.secrets))
        .add_service(AuthServer::new(services.credentials))
        .add_optional_service(services.content)
        .serve_with_incoming(incoming)
        .await
}

/// We are there.
struct Alive;

#[tonic::async_trait]
impl Health for Alive {
    async fn check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving.into() }))
    }

    async fn list(&self, _: Request<HealthListRequest>) -> Result<Response<HealthListResponse>, Status> {
        Err(Status::unimplemented("ask for one"))
    }

    type WatchStream = futures_util::stream::Empty<Result<HealthCheckResponse, Status>>;

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("ask once"))
    }
}
