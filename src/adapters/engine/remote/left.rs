//! What is left of a daemon's image: an OCI layout with just this image in it, whose layers may be missing where they are known
//! anyway. Fetches nothing.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::LayerFile;
use crate::domain::oci::{Descriptor, Digest, Digester, ImageManifest, media_type};

/// A layout that is being filled.
pub(super) struct Left {
    into: PathBuf,
    blobs: PathBuf,
    begun: AtomicUsize,
}

impl Left {
    /// Begins one in an empty folder.
    pub(super) fn begin(into: &Path) -> io::Result<Self> {
        let blobs = into.join("blobs/sha256");
        fs::create_dir_all(&blobs)?;
        Ok(Self { into: into.to_owned(), blobs, begun: AtomicUsize::new(0) })
    }

    /// A blob that is there already.
    pub(super) fn document(&self, bytes: &[u8]) -> io::Result<Digest> {
        let digest = Digest::of(bytes);
        fs::write(self.blobs.join(digest.encoded()), bytes)?;
        Ok(digest)
    }

    /// A blob written piece by piece.
    pub(super) fn blob(&self) -> io::Result<Arriving> {
        let path = self.blobs.join(format!("arriving-{}", self.begun.fetch_add(1, Ordering::Relaxed)));
        let file = io::BufWriter::with_capacity(256 << 10, File::create(&path)?);
        Ok(Arriving { path, blobs: self.blobs.clone(), file, digester: Digester::sha256(), size: 0 })
    }

    /// Where a blob of it lies.
    pub(super) fn place(&self, digest: &Digest) -> PathBuf {
        self.blobs.join(digest.encoded())
    }

    /// A blob that lies here already; `None` where it is gone.
    pub(super) fn adopt(&self, layer: &LayerFile) -> io::Result<Option<Descriptor>> {
        let path = self.place(&layer.descriptor.digest);
        let linked = match fs::hard_link(&layer.path, &path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound && !path.exists() => {
                fs::copy(&layer.path, &path).map(drop)
            }
            other => other,
        };
        match linked {
            Ok(()) => Ok(Some(layer.descriptor.clone())),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Some(layer.descriptor.clone())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The image's documents: its config, and a manifest of these layers.
    pub(super) fn finish(self, config: &[u8], layers: Vec<Descriptor>) -> io::Result<()> {
        let manifest = ImageManifest {
            schema_version: 2,
            media_type: Some(media_type::MANIFEST.into()),
            artifact_type: None,
            config: Descriptor::of(media_type::CONFIG, config),
            layers,
            subject: None,
            annotations: BTreeMap::new(),
        };
        let manifest = serde_json::to_vec(&manifest)?;
        self.document(config)?;
        self.document(&manifest)?;
        let descriptor = Descriptor::of(media_type::MANIFEST, &manifest);
        let index = serde_json::json!({ "schemaVersion": 2, "manifests": [descriptor] });
        fs::write(self.into.join("index.json"), index.to_string())?;
        fs::write(self.into.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)
    }
}

/// A blob on its way.
pub(super) struct Arriving {
    path: PathBuf,
    blobs: PathBuf,
    file: io::BufWriter<File>,
    digester: Digester,
    size: u64,
}

impl Arriving {
    /// It is whole: kept by its digest, unless it turns out to be `known`; gives digest and size.
    pub(super) fn finish(mut self, known: &dyn Fn(&Digest) -> bool) -> io::Result<(Digest, u64)> {
        self.file.flush()?;
        let digest = self.digester.finish();
        match known(&digest) {
            true => fs::remove_file(&self.path)?,
            false => fs::rename(&self.path, self.blobs.join(digest.encoded()))?,
        }
        Ok((digest, self.size))
    }
}

impl Write for Arriving {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.digester.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
