//! What a BuildKit keeps of blobs, and how it asks for those it lacks and gives those that were made: containerd's protocol of
//! content, written down once more, so that both sides cannot be wrong in the same way.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use bakery::domain::oci::Digest;

#[derive(Clone, PartialEq, prost::Message)]
pub struct Asked {
    #[prost(string, tag = "1")]
    digest: String,
    #[prost(int64, tag = "2")]
    offset: i64,
    #[prost(int64, tag = "3")]
    size: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Info {
    #[prost(string, tag = "1")]
    digest: String,
    #[prost(int64, tag = "2")]
    size: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Told {
    #[prost(message, optional, tag = "1")]
    info: Option<Info>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Part {
    #[prost(int64, tag = "1")]
    offset: i64,
    #[prost(bytes = "vec", tag = "2")]
    data: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Write {
    /// 0 asks how far it is, 1 writes, 2 is the end.
    #[prost(int32, tag = "1")]
    action: i32,
    #[prost(string, tag = "2")]
    r#ref: String,
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
struct Written {
    #[prost(int64, tag = "4")]
    offset: i64,
    #[prost(string, tag = "6")]
    digest: String,
}

/// A builder's own blobs, and what travelled.
#[derive(Default)]
pub struct Blobs {
    pub has: BTreeMap<String, Vec<u8>>,
    /// How often each was read, and how many bytes of it.
    pub read: BTreeMap<String, (usize, usize)>,
    /// What was written.
    pub written: Vec<String>,
    /// What needed not to be.
    pub spared: Vec<String>,
}

/// One session's store.
pub struct Store {
    pub channel: Channel,
    pub name: String,
}

impl Store {
    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("buildkit-attachable-store-id", self.name.parse().unwrap());
        request
    }

    async fn grpc(&self) -> Grpc<Channel> {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        grpc
    }

    fn path(method: &str) -> PathAndQuery {
        format!("/containerd.services.content.v1.Content/{method}").parse().unwrap()
    }

    /// As BuildKit does: its size, then a part after the other, each asked for.
    pub async fn read(&self, digest: &str) -> Result<Vec<u8>, Status> {
        let asked = |offset: usize, size: i64| {
            self.request(Asked { digest: digest.into(), offset: i64::try_from(offset).unwrap(), size })
        };
        let codec = ProstCodec::<Asked, Told>::default();
        let told = self.grpc().await.unary(asked(0, 0), Self::path("Info"), codec).await?.into_inner();
        let size = usize::try_from(told.info.unwrap().size).unwrap();
        let mut all = Vec::new();
        while all.len() < size {
            let codec = ProstCodec::<Asked, Part>::default();
            let asked = asked(all.len(), 1 << 20);
            let mut parts = self.grpc().await.server_streaming(asked, Self::path("Read"), codec).await?.into_inner();
            let before = all.len();
            while let Some(part) = parts.message().await? {
                assert_eq!(usize::try_from(part.offset).unwrap(), all.len());
                all.extend(part.data);
            }
            assert!(all.len() > before && all.len() - before <= 1 << 20);
        }
        Ok(all)
    }

    /// Whether it had to be written.
    pub async fn write(&self, digest: &str, bytes: &[u8]) -> Result<bool, Status> {
        let total = i64::try_from(bytes.len()).unwrap();
        let message = |action: i32, offset: usize, data: &[u8]| Write {
            action,
            r#ref: format!("layer-{digest}"),
            total,
            expected: digest.into(),
            offset: i64::try_from(offset).unwrap(),
            data: data.to_vec(),
        };
        let (out, stream) = mpsc::channel(1);
        out.send(message(0, 0, b"")).await.unwrap();
        let codec = ProstCodec::<Write, Written>::default();
        let request = self.request(ReceiverStream::new(stream));
        let answers = self.grpc().await.streaming(request, Self::path("Write"), codec).await;
        let mut answers = match answers {
            Ok(answers) => answers.into_inner(),
            Err(status) if status.code() == Code::AlreadyExists => return Ok(false),
            Err(status) => return Err(status),
        };
        match answers.message().await {
            Ok(answer) => assert_eq!(answer.unwrap().offset, 0),
            Err(status) if status.code() == Code::AlreadyExists => return Ok(false),
            Err(status) => return Err(status),
        }
        let mut at = 0;
        for part in bytes.chunks(1 << 20) {
            out.send(message(1, at, part)).await.unwrap();
            at += part.len();
            assert_eq!(answers.message().await?.unwrap().offset, i64::try_from(at).unwrap());
        }
        out.send(message(2, at, b"")).await.unwrap();
        assert_eq!(answers.message().await?.unwrap().digest, digest);
        Ok(true)
    }
}

/// Takes of an image what is not here, its layers with it.
pub async fn take(store: &Store, blobs: &tokio::sync::Mutex<Blobs>, digest: &str) -> Result<Value, Status> {
    let manifest: Value = serde_json::from_slice(&fetch(store, blobs, digest).await?).unwrap();
    fetch(store, blobs, manifest["config"]["digest"].as_str().unwrap()).await?;
    for layer in manifest["layers"].as_array().unwrap() {
        let bytes = fetch(store, blobs, layer["digest"].as_str().unwrap()).await?;
        assert_eq!(bytes.len() as u64, layer["size"].as_u64().unwrap());
    }
    Ok(manifest)
}

async fn fetch(store: &Store, blobs: &tokio::sync::Mutex<Blobs>, digest: &str) -> Result<Vec<u8>, Status> {
    let mut blobs = blobs.lock().await;
    if let Some(bytes) = blobs.has.get(digest) {
        return Ok(bytes.clone());
    }
    let bytes = store.read(digest).await?;
    assert_eq!(Digest::of(&bytes).to_string(), digest);
    let read = blobs.read.entry(digest.to_owned()).or_default();
    (read.0, read.1) = (read.0 + 1, read.1 + bytes.len());
    blobs.has.insert(digest.to_owned(), bytes.clone());
    Ok(bytes)
}

/// Puts layers on an image and gives it all to the client; what it has is not sent. Gives the descriptor, as BuildKit answers it.
pub async fn give(
    store: &Store,
    blobs: &tokio::sync::Mutex<Blobs>,
    (mut manifest, made): (Value, Vec<Vec<u8>>),
) -> Result<Value, Status> {
    let mut blobs = blobs.lock().await;
    let digest = |bytes: &[u8]| Digest::of(bytes).to_string();
    let mut config: Value = serde_json::from_slice(&blobs.has[manifest["config"]["digest"].as_str().unwrap()]).unwrap();
    let ids = config["rootfs"]["diff_ids"].as_array_mut().unwrap();
    ids.extend(made.iter().map(|layer| Value::from(digest(layer))));
    let config = serde_json::to_vec(&config).unwrap();
    manifest["config"]["digest"] = digest(&config).into();
    manifest["config"]["size"] = config.len().into();
    let described = |layer: &Vec<u8>| {
        json!({
            "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(layer), "size": layer.len()
        })
    };
    manifest["layers"].as_array_mut().unwrap().extend(made.iter().map(described));
    let named = serde_json::to_vec(&manifest).unwrap();
    let parts: Vec<String> =
        manifest["layers"].as_array().unwrap().iter().map(|one| one["digest"].as_str().unwrap().to_owned()).collect();
    for bytes in made.into_iter().chain([config, named.clone()]) {
        blobs.has.insert(digest(&bytes), bytes);
    }
    let config = manifest["config"]["digest"].as_str().unwrap().to_owned();
    for part in parts.into_iter().chain([config, digest(&named)]) {
        if store.write(&part, &blobs.has[&part]).await? {
            blobs.written.push(part);
        } else {
            blobs.spared.push(part);
        }
    }
    Ok(json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest(&named), "size": named.len()
    }))
}
