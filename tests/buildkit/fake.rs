//! A BuildKit daemon that plays a script: it speaks the protocol for real (session, files, secrets, export), and builds nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bakery::adapters::engine::remote::buildkit::{BuildKitBuilder, Options};
use base64::Engine as _;
use bollard_buildkit_proto::fsutil::types::packet::PacketType;
use bollard_buildkit_proto::fsutil::types::{Packet, Stat};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::GetSecretRequest;
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_client::SecretsClient;
use bollard_buildkit_proto::moby::buildkit::v1::control_server::{Control, ControlServer};
use bollard_buildkit_proto::moby::buildkit::v1::{
    BuildHistoryEvent, BuildHistoryRequest, BytesMessage, DiskUsageRequest, DiskUsageResponse, InfoRequest,
    InfoResponse, ListWorkersRequest, ListWorkersResponse, PruneRequest, SolveRequest, SolveResponse, StatusRequest,
    StatusResponse, UpdateBuildHistoryRequest, UpdateBuildHistoryResponse, UsageRecord, Vertex, VertexLog, types,
};
use bollard_buildkit_proto::moby::filesync::v1::BytesMessage as Part;
use bollard_buildkit_proto::moby::filesync::v1::file_send_client::FileSendClient;
use bollard_buildkit_proto::moby::filesync::v1::file_sync_client::FileSyncClient;
use bollard_buildkit_proto::{google::protobuf::Timestamp, pb::Platform};
use futures_util::{Stream, StreamExt, stream};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;
use tokio::sync::{Mutex as Lock, mpsc, watch};
use tonic::codegen::tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint, Server, Uri};
use tonic::{Request, Response, Status, Streaming};

use super::content::{self, Blobs, Store};

/// What it does when asked to build.
#[derive(Clone)]
pub enum Script {
    /// All of it: takes the context and the secret `token`, tells, sends this tar.
    Builds(Vec<u8>),
    /// Takes what it is to stand on, blob by blob, and gives a layer for each `RUN`, which writes its line's number.
    Bakes,
    /// Tells what it was given, and fails so.
    Fails(Vec<StatusResponse>, tonic::Code, String),
    /// Tells that an instruction runs, and nothing more.
    Hangs(Vec<StatusResponse>),
}

/// What it saw.
#[derive(Default)]
pub struct Seen {
    pub request: Option<SolveRequest>,
    pub context: BTreeMap<String, (Stat, Vec<u8>)>,
    pub secret: Option<Vec<u8>>,
    pub refused: Option<tonic::Code>,
    /// Builds it was asked for.
    pub builds: usize,
}

/// A daemon on a socket of its own; it ends with its owner, its connections with it.
pub struct Fake {
    runtime: Option<Runtime>,
    folder: tempfile::TempDir,
    pub seen: Arc<Mutex<Seen>>,
    pub blobs: Arc<Lock<Blobs>>,
    /// Whether it is at a build, and has told of it.
    pub building: watch::Receiver<bool>,
}

impl Fake {
    pub fn start(script: Script) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let seen = Arc::<Mutex<Seen>>::default();
        let blobs = Arc::<Lock<Blobs>>::default();
        let (at_it, building) = watch::channel(false);
        let played = Played {
            script,
            seen: seen.clone(),
            blobs: blobs.clone(),
            at_it,
            session: Lock::default(),
            told: Lock::default(),
        };
        let listener = {
            let _inside = runtime.enter();
            tokio::net::UnixListener::bind(folder.path().join("sock")).unwrap()
        };
        runtime.spawn(async move {
            let incoming = stream::unfold(listener, |listener| async {
                Some((listener.accept().await.map(|(stream, _)| stream), listener))
            });
            Server::builder().add_service(ControlServer::new(played)).serve_with_incoming(incoming).await.unwrap();
        });
        Self { runtime: Some(runtime), folder, seen, blobs, building }
    }

    /// Its name in a workspace.
    pub fn address(&self) -> String {
        format!("buildkit://{}", self.socket().display())
    }

    /// How often it was asked to build.
    pub fn builds(&self) -> usize {
        self.seen.lock().unwrap().builds
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("sock")
    }

    pub fn builder(&self, options: Options) -> BuildKitBuilder {
        BuildKitBuilder::at(&self.address().parse().unwrap(), options).unwrap()
    }

    /// All at once, as by `kill -9`.
    pub fn kill(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

struct Played {
    script: Script,
    seen: Arc<Mutex<Seen>>,
    blobs: Arc<Lock<Blobs>>,
    at_it: watch::Sender<bool>,
    session: Lock<Option<Channel>>,
    /// Who listens, by the build listened to.
    told: Lock<BTreeMap<String, mpsc::Sender<Result<StatusResponse, Status>>>>,
}

/// A vertex that began, and ended where `done` says how.
pub fn vertex(digest: &str, name: &str, done: Option<bool>) -> StatusResponse {
    let now = Some(Timestamp { seconds: 1, nanos: 0 });
    let vertex = Vertex {
        digest: digest.into(),
        name: name.into(),
        cached: done == Some(true),
        started: now,
        completed: done.and(now),
        ..Vertex::default()
    };
    StatusResponse { vertexes: vec![vertex], ..StatusResponse::default() }
}

/// A vertex that failed.
pub fn failed(digest: &str, name: &str) -> StatusResponse {
    let mut told = vertex(digest, name, Some(false));
    told.vertexes[0].error = "exit code: 1".into();
    told
}

/// What a vertex wrote.
pub fn output(digest: &str, bytes: &[u8]) -> StatusResponse {
    let log = VertexLog { vertex: digest.into(), msg: bytes.to_vec(), ..VertexLog::default() };
    StatusResponse { logs: vec![log], ..StatusResponse::default() }
}

impl Played {
    async fn tell(&self, id: &str, all: Vec<StatusResponse>) {
        // Whoever asks for the status comes a little later or earlier.
        let told = loop {
            if let Some(told) = self.told.lock().await.get(id).cloned() {
                break told;
            }
            tokio::task::yield_now().await;
        };
        for update in all {
            let _ = told.send(Ok(update)).await;
        }
    }

    /// A bake's build, as a real one does it.
    async fn bake(&self, id: &str) -> Result<String, Status> {
        let request = self.seen.lock().unwrap().request.clone().unwrap();
        let channel = self.session.lock().await.clone().expect("a session comes first");
        let dockerfile = fetch(&channel, "dockerfile").await?.remove("Dockerfile").unwrap().1;
        let dockerfile = String::from_utf8(dockerfile).unwrap();
        let context = fetch(&channel, "context").await?;
        self.seen.lock().unwrap().context = context;
        let name = dockerfile.lines().find_map(|line| line.strip_prefix("FROM ")).unwrap();
        let meant = request.frontend_attrs.get(&format!("context:{name}")).expect("what it stands on is offered");
        let (store, digest) = meant.strip_prefix("oci-layout://").unwrap().split_once('@').unwrap();
        let of = |name: String| Store { channel: channel.clone(), name };
        let given = of(format!("oci:{store}"));
        let image = content::take(&given, &self.blobs, digest).await?;
        assert_eq!(of("oci:other".into()).read(digest).await.unwrap_err().code(), tonic::Code::NotFound);
        assert_eq!(given.read(&format!("sha256:{}", "0".repeat(64))).await.unwrap_err().code(), tonic::Code::NotFound);
        let runs: Vec<_> = dockerfile.lines().zip(1..).filter(|(line, _)| line.starts_with("RUN ")).collect();
        let mut layers = Vec::new();
        for (at, (_, line)) in runs.iter().enumerate() {
            // `FROM` counts, and has no number.
            let (vertex_name, digest) = (format!("[{}/{}] RUN", at + 1, runs.len() + 1), format!("v{line}"));
            let words = format!("line {line} runs\n");
            self.tell(id, vec![vertex(&digest, &vertex_name, None), output(&digest, words.as_bytes())]).await;
            self.tell(id, vec![vertex(&digest, &vertex_name, Some(false))]).await;
            let builds = self.seen.lock().unwrap().builds;
            layers.push(one_file(&format!("made-{builds}-{at}"), words.as_bytes()));
        }
        let descriptor = content::give(&of("export".into()), &self.blobs, (image, layers)).await?;
        Ok(base64::engine::general_purpose::STANDARD.encode(descriptor.to_string()))
    }

    async fn build(&self, id: &str, tar: &[u8]) -> Result<(), Status> {
        let channel = self.session.lock().await.clone().expect("a session comes first");
        let files = fetch(&channel, "dockerfile").await?;
        assert_eq!(files.keys().map(String::as_str).collect::<Vec<_>>(), ["Dockerfile"]);
        let files = fetch(&channel, "context").await?;
        let refused = fetch(&channel, "/etc").await.err().map(|status| status.code());
        let secret = GetSecretRequest { id: "token".into(), ..GetSecretRequest::default() };
        let secret = SecretsClient::new(channel.clone()).get_secret(secret).await;
        {
            let mut seen = self.seen.lock().unwrap();
            (seen.context, seen.refused) = (files, refused);
            seen.secret = secret.ok().map(|answer| answer.into_inner().data);
        }
        let run = "[2/3] RUN long";
        self.tell(id, vec![vertex("a", "[1/3] FROM base", Some(true)), vertex("b", run, None)]).await;
        let line = [b'x'; 8191].iter().chain(b"\n").copied().collect::<Vec<u8>>();
        self.tell(id, vec![output("b", &line); 512]).await;
        // Out of order, as BuildKit does.
        self.tell(id, vec![vertex("c", "[3/3] COPY a /a", Some(false)), vertex("b", run, Some(false))]).await;
        let parts: Vec<Part> = tar.chunks(100_000).map(|part| Part { data: part.to_vec() }).collect();
        let mut end = FileSendClient::new(channel).diff_copy(stream::iter(parts)).await?.into_inner();
        while end.message().await?.is_some() {}
        Ok(())
    }
}

/// Takes a folder as BuildKit does: everything.
async fn fetch(channel: &Channel, folder: &'static str) -> Result<BTreeMap<String, (Stat, Vec<u8>)>, Status> {
    let (wishes, stream) = mpsc::channel(1024);
    let mut request = Request::new(ReceiverStream::new(stream));
    request.metadata_mut().insert("dir-name", folder.parse().unwrap());
    let mut packets = FileSyncClient::new(channel.clone()).diff_copy(request).await?.into_inner();
    let mut stats: Vec<(Stat, Vec<u8>)> = Vec::new();
    let (mut wished, mut all_told) = (0, false);
    while let Some(packet) = packets.message().await? {
        let kind = packet.r#type();
        match (kind, packet.stat) {
            (PacketType::PacketStat, Some(stat)) => {
                if stat.mode >> 20 == 0 {
                    wished += 1;
                    let wish = Packet {
                        r#type: PacketType::PacketReq.into(),
                        id: u32::try_from(stats.len()).unwrap(),
                        ..Packet::default()
                    };
                    wishes.send(wish).await.unwrap();
                }
                stats.push((stat, Vec::new()));
            }
            (PacketType::PacketStat, None) => all_told = true,
            (PacketType::PacketData, _) if packet.data.is_empty() => wished -= 1,
            (PacketType::PacketData, _) => stats[packet.id as usize].1.extend(packet.data),
            (PacketType::PacketFin, _) => break,
            _ => return Err(Status::unknown(String::from_utf8_lossy(&packet.data).into_owned())),
        }
        if all_told && wished == 0 {
            wishes.send(Packet { r#type: PacketType::PacketFin.into(), ..Packet::default() }).await.unwrap();
        }
    }
    Ok(stats.into_iter().map(|(stat, bytes)| (stat.path.clone(), (stat, bytes))).collect())
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl Control for Played {
    async fn solve(&self, request: Request<SolveRequest>) -> Result<Response<SolveResponse>, Status> {
        let request = request.into_inner();
        let id = request.r#ref.clone();
        {
            let mut seen = self.seen.lock().unwrap();
            (seen.request, seen.builds) = (Some(request), seen.builds + 1);
        }
        let mut answered = SolveResponse::default();
        let answer = match self.script.clone() {
            Script::Builds(tar) => self.build(&id, &tar).await,
            Script::Bakes => self.bake(&id).await.map(|made| {
                answered.exporter_response.insert("containerimage.descriptor".into(), made);
            }),
            Script::Fails(told, code, words) => {
                self.tell(&id, told).await;
                Err(Status::new(code, words))
            }
            Script::Hangs(told) => {
                self.tell(&id, told).await;
                self.at_it.send_replace(true);
                std::future::pending().await
            }
        };
        self.told.lock().await.remove(&id);
        answer.map(|()| Response::new(answered))
    }

    type StatusStream = Answers<StatusResponse>;
    async fn status(&self, request: Request<StatusRequest>) -> Result<Response<Self::StatusStream>, Status> {
        let (told, updates) = mpsc::channel(4);
        self.told.lock().await.insert(request.into_inner().r#ref, told);
        Ok(Response::new(Box::pin(ReceiverStream::new(updates))))
    }

    type SessionStream = Answers<BytesMessage>;
    async fn session(
        &self,
        request: Request<Streaming<BytesMessage>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let (mut read, mut write) = tokio::io::split(theirs);
        let mut incoming = request.into_inner();
        tokio::spawn(async move {
            while let Some(Ok(message)) = incoming.next().await {
                write.write_all(&message.data).await.unwrap();
            }
        });
        let (out, outgoing) = mpsc::channel(4);
        tokio::spawn(async move {
            let mut buffer = vec![0; 1 << 15];
            while let Ok(length @ 1..) = read.read(&mut buffer).await {
                let _ = out.send(Ok(BytesMessage { data: buffer[..length].to_vec() })).await;
            }
        });
        let once = Arc::new(Mutex::new(Some(ours)));
        let channel = Endpoint::from_static("http://session").connect_with_connector_lazy(Dial(once));
        *self.session.lock().await = Some(channel);
        Ok(Response::new(Box::pin(ReceiverStream::new(outgoing))))
    }

    async fn list_workers(&self, _: Request<ListWorkersRequest>) -> Result<Response<ListWorkersResponse>, Status> {
        let platform = |os: &str, architecture: &str| Platform {
            os: os.into(),
            architecture: architecture.into(),
            ..Platform::default()
        };
        let platforms = vec![platform("linux", "amd64"), platform("linux", "riscv64"), platform("../x", "")];
        let record = types::WorkerRecord { platforms, ..types::WorkerRecord::default() };
        Ok(Response::new(ListWorkersResponse { record: vec![record] }))
    }

    async fn info(&self, _: Request<InfoRequest>) -> Result<Response<InfoResponse>, Status> {
        let version = types::BuildkitVersion { version: "v9\u{1b}[2J".into(), ..types::BuildkitVersion::default() };
        Ok(Response::new(InfoResponse { buildkit_version: Some(version) }))
    }

    async fn disk_usage(&self, _: Request<DiskUsageRequest>) -> Result<Response<DiskUsageResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    type PruneStream = Answers<UsageRecord>;
    async fn prune(&self, _: Request<PruneRequest>) -> Result<Response<Self::PruneStream>, Status> {
        Err(Status::unimplemented(""))
    }

    type ListenBuildHistoryStream = Answers<BuildHistoryEvent>;
    async fn listen_build_history(
        &self,
        _: Request<BuildHistoryRequest>,
    ) -> Result<Response<Self::ListenBuildHistoryStream>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn update_build_history(
        &self,
        _: Request<UpdateBuildHistoryRequest>,
    ) -> Result<Response<UpdateBuildHistoryResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

/// Gives its one stream.
struct Dial(Arc<Mutex<Option<tokio::io::DuplexStream>>>);

impl tonic::codegen::Service<Uri> for Dial {
    type Response = TokioIo<tokio::io::DuplexStream>;
    type Error = std::io::Error;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let stream = self.0.lock().unwrap().take();
        std::future::ready(stream.map(TokioIo::new).ok_or_else(|| std::io::ErrorKind::NotConnected.into()))
    }
}

/// A layer with one file.
fn one_file(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, name, bytes).unwrap();
    tar.into_inner().unwrap()
}

/// The tar of a layout with one image; `more` stands beside it.
pub fn layout(more: &[(&str, &[u8])]) -> Vec<u8> {
    let blob = b"{\"layers\":[]}";
    let digest = bakery::domain::oci::Digest::of(blob);
    let index = format!(r#"{{"schemaVersion":2,"manifests":[{{"digest":"{digest}"}}]}}"#);
    let name = format!("blobs/sha256/{}", digest.encoded());
    let mut tar = tar::Builder::new(Vec::new());
    let parts: [(&str, &[u8]); 3] = [(&name, blob), ("index.json", index.as_bytes()), ("oci-layout", b"{}")];
    for (name, bytes) in parts.iter().chain(more) {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, Path::new(name), *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}
