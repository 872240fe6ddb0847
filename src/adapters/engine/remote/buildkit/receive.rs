//! The image that comes back: a tar of an OCI layout, taken apart as it arrives. Blobs are proven by their names, nothing else
//! is taken, and no place outside the folder is written.

use std::io::{Error, Read, Write};
use std::path::{Path, PathBuf};

use bollard_buildkit_proto::moby::filesync::v1::BytesMessage;
use bollard_buildkit_proto::moby::filesync::v1::file_send_server::FileSend;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming};

use super::files::{Failed, Fault, remember};

/// Most bytes of an image.
const MAX_BYTES: u64 = 64 << 30;
/// Most things in its tar.
const MAX_THINGS: usize = 4096;
/// Longest index.
const MAX_INDEX: u64 = 1 << 20;
const BUFFER: usize = 256 << 10;

/// Where the image goes; `None`: none is wanted.
pub(super) struct Received {
    pub folder: Option<PathBuf>,
    pub failed: Failed,
}

#[tonic::async_trait]
impl FileSend for Received {
    type DiffCopyStream = futures_util::stream::Empty<Result<BytesMessage, Status>>;

    async fn diff_copy(
        &self,
        request: Request<Streaming<BytesMessage>>,
    ) -> Result<Response<Self::DiffCopyStream>, Status> {
        let folder = self.folder.clone().ok_or_else(|| Status::not_found("no image is wanted"))?;
        let (parts, arriving) = mpsc::channel(8);
        let failed = self.failed.clone();
        let unpacked = tokio::task::spawn_blocking(move || {
            unpack(Arriving { parts: arriving, part: Vec::new(), at: 0 }, &folder).map_err(|fault| {
                let status = Status::invalid_argument(fault.to_string());
                remember(&failed, fault);
                status
            })
        });
        let mut incoming = request.into_inner();
        while let Some(message) = incoming.message().await? {
            if parts.send(message.data).await.is_err() {
                break;
            }
        }
        drop(parts);
        unpacked.await.map_err(|error| Status::internal(error.to_string()))??;
        Ok(Response::new(futures_util::stream::empty()))
    }
}

/// Bytes as they arrive.
struct Arriving {
    parts: mpsc::Receiver<Vec<u8>>,
    part: Vec<u8>,
    at: usize,
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        while self.at == self.part.len() {
            match self.parts.blocking_recv() {
                Some(part) => (self.part, self.at) = (part, 0),
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.part.len() - self.at);
        buffer[..length].copy_from_slice(&self.part[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

fn unpack(from: impl Read, folder: &Path) -> Result<(), Fault> {
    let there = |error: Error| Fault::There(error.to_string());
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).map_err(|error| Fault::Here("make", blobs.clone(), error))?;
    let mut archive = tar::Archive::new(from.take(MAX_BYTES));
    for (number, entry) in archive.entries().map_err(there)?.enumerate() {
        let mut entry = entry.map_err(there)?;
        if number >= MAX_THINGS {
            return Err(Fault::There("it has too many parts".into()));
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        let hex = |text: &str| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match (name.strip_prefix("blobs/sha256/"), name.as_str()) {
            _ if kind.is_dir() => {}
            (Some(digest), _) if kind.is_file() && hex(digest) => {
                let found = put(&mut entry, &blobs.join(digest))?;
                if found != digest {
                    return Err(Fault::There(format!("blob {digest} is {found}")));
                }
            }
            (None, "index.json" | "oci-layout") if kind.is_file() => {
                put(&mut entry.take(MAX_INDEX), &folder.join(&name))?;
            }
            // Docker's own index of the same.
            (None, "manifest.json") if kind.is_file() => {}
            _ => return Err(Fault::There(format!("{:?} is no part of one", super::failure::beginning(&name, 200)))),
        }
    }
    Ok(())
}

/// Writes it, and gives its digest in hexadecimal.
fn put(from: &mut impl Read, path: &Path) -> Result<String, Fault> {
    let here = |error| Fault::Here("write", path.to_owned(), error);
    let mut file = std::fs::File::create(path).map_err(here)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = from.read(&mut buffer).map_err(|error| Fault::There(error.to_string()))?;
        if read == 0 {
            return Ok(hex::encode(digest.finalize()));
        }
        digest.update(&buffer[..read]);
        file.write_all(&buffer[..read]).map_err(here)?;
    }
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    digest: String,
}

/// What is wrong with the layout in `folder`, where something is: it must hold exactly one image.
pub(super) fn flaw(folder: &Path) -> Option<String> {
    let read = || {
        let mut text = String::new();
        std::fs::File::open(folder.join("index.json"))?.take(MAX_INDEX).read_to_string(&mut text)?;
        Ok::<_, Error>(text)
    };
    let Ok(text) = read() else { return Some("no image".into()) };
    let Ok(index) = serde_json::from_str::<Index>(&text) else { return Some("an image whose index is none".into()) };
    let [image] = index.manifests.as_slice() else { return Some(format!("{} images", index.manifests.len())) };
    let is_there =
        image.digest.strip_prefix("sha256:").is_some_and(|hex| folder.join("blobs/sha256").join(hex).is_file());
    (!is_there || !folder.join("oci-layout").is_file()).then(|| "an image without its manifest".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, bytes) in parts {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            // As a hostile daemon would: the crate does not write such names.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            tar.append(&header, *bytes).unwrap();
        }
        tar.into_inner().unwrap()
    }

    #[test]
    fn a_layout_is_taken_apart_and_proven() {
        let folder = tempfile::tempdir().unwrap();
        let digest = hex::encode(Sha256::digest(b"{}"));
        let blob = format!("blobs/sha256/{digest}");
        let index = format!(r#"{{"manifests":[{{"digest":"sha256:{digest}"}}]}}"#);
        let tar = packed(&[
            (&blob, b"{}"),
            ("index.json", index.as_bytes()),
            ("oci-layout", b"{}"),
            ("manifest.json", b"[]"),
        ]);
        unpack(tar.as_slice(), folder.path()).unwrap();
        assert_eq!(flaw(folder.path()), None);
        assert!(!folder.path().join("manifest.json").exists());
        std::fs::write(folder.path().join("index.json"), r#"{"manifests":[]}"#).unwrap();
        assert_eq!(flaw(folder.path()).as_deref(), Some("0 images"));
    }

    #[test]
    fn what_is_no_part_of_a_layout_is_not_written() {
        let digest = "0".repeat(64);
        let wrong = format!("blobs/sha256/{digest}");
        for name in ["../x", "/etc/x", "blobs/sha256/../../x", "blobs/sha512/x", wrong.as_str(), "index.json/../x"] {
            let folder = tempfile::tempdir().unwrap();
            let inside = folder.path().join("result");
            let fault = unpack(packed(&[(name, b"evil")]).as_slice(), &inside).unwrap_err();
            assert!(matches!(fault, Fault::There(_)), "{name}: {fault}");
            assert!(!folder.path().join("x").exists());
        }
        let cut = packed(&[("index.json", &[b'x'; 4000])]);
        let folder = tempfile::tempdir().unwrap();
        assert!(unpack(&cut[..2000], folder.path()).is_err());
    }
}
