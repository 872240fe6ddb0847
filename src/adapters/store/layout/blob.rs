//! Blobs: written under a temporary name, digested as they pass, synced, then renamed to their digest. Knows no index.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD};
use rustix::io::Errno;

use super::disk::{Temporary, create_folder, open_regular, sync_folder};
use super::open::{BLOBS, Layout};
use crate::adapters::store::StoreError;
use crate::domain::oci::{Algorithm, Descriptor, Digest, Digester};

/// Files synced together.
const SYNCED_TOGETHER: usize = 8;

/// A blob being written. Dropped before [`commit`](Self::commit), it leaves nothing.
pub struct BlobWriter {
    layout: Layout,
    temporary: Temporary,
    digester: Digester,
    size: u64,
}

impl Layout {
    /// Whether the blob is there: a regular file of the right size. Content is checked when it is read.
    pub fn has(&self, blob: &Descriptor) -> bool {
        self.blob_path(&blob.digest).symlink_metadata().is_ok_and(|m| m.is_file() && m.len() == blob.size)
    }

    /// Begins a blob named by its SHA-256.
    pub fn begin_blob(&self) -> Result<BlobWriter, StoreError> {
        self.begin_blob_as(Algorithm::Sha256)
    }

    /// Begins a blob named by another algorithm, for content that others named so (J-05).
    pub fn begin_blob_as(&self, algorithm: Algorithm) -> Result<BlobWriter, StoreError> {
        let temporary = Temporary::create(self.path())?;
        Ok(BlobWriter { layout: self.clone(), temporary, digester: Digester::new(algorithm), size: 0 })
    }

    /// Stores a small document.
    pub fn put_bytes(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor, StoreError> {
        let descriptor = Descriptor::of(media_type, bytes);
        self.put_all(&[(&descriptor, bytes)])?;
        Ok(descriptor)
    }

    /// Stores small documents, with one sync of their folder; none gets its name before all are written and synced.
    pub(super) fn put_all(&self, documents: &[(&Descriptor, &[u8])]) -> Result<(), StoreError> {
        let (mut folders, mut written) = (BTreeSet::new(), Vec::new());
        for (blob, bytes) in documents {
            folders.insert(self.blob_folder(&blob.digest));
            if self.has(blob) && self.holds(blob, bytes)? {
                continue;
            }
            let mut writer = self.begin_blob_as(blob.digest.algorithm())?;
            writer.write_piece(bytes)?;
            writer.agrees(blob)?;
            written.push((writer.temporary, &blob.digest));
        }
        sync_together(&written.iter().map(|(temporary, _)| temporary).collect::<Vec<_>>())?;
        for (temporary, digest) in written {
            self.create_blob_folder(digest)?;
            // Also over a blob of the right size: what stands there has just been found to differ.
            temporary.persist(&self.blob_path(digest))?;
        }
        folders.iter().try_for_each(|folder| sync_folder(folder))
    }

    fn holds(&self, blob: &Descriptor, bytes: &[u8]) -> Result<bool, StoreError> {
        let mut found = Vec::with_capacity(bytes.len());
        let file = self.open_blob_file(blob)?;
        file.take(blob.size).read_to_end(&mut found).map_err(StoreError::io("read", self.blob_path(&blob.digest)))?;
        Ok(found == bytes)
    }

    /// Opens a blob for reading: a regular file (J-12) of the right size (J-03). The reader checks the digest.
    pub fn open_blob_file(&self, blob: &Descriptor) -> Result<File, StoreError> {
        let path = self.blob_path(&blob.digest);
        let file = open_regular(&path).map_err(|error| match error {
            StoreError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                StoreError::NotFound { store: self.label(), what: format!("blob {}", blob.digest) }
            }
            other => other,
        })?;
        let found = file.metadata().map_err(StoreError::io("look at", &path))?.len();
        if found == blob.size {
            return Ok(file);
        }
        let detail = format!("file has {found} bytes, expected {}", blob.size);
        Err(StoreError::Mismatch { family: "J-03", expected: blob.digest.clone(), detail })
    }

    /// Makes a blob of another layout appear here: a hard link where both are on one file system, else a clone or copy.
    /// The content is verified before it gets its name; what is here already stays.
    pub fn link_blob(&self, from: &Self, blob: &Descriptor) -> Result<(), StoreError> {
        if self.has(blob) {
            return sync_folder(&self.blob_folder(&blob.digest));
        }
        let mut source = from.open_blob_file(blob)?;
        let target = self.blob_path(&blob.digest);
        verify_file(&mut source, blob, &from.blob_path(&blob.digest))?;
        source.sync_all().map_err(StoreError::io("sync", from.blob_path(&blob.digest)))?;
        self.create_blob_folder(&blob.digest)?;
        match link_open_file(&source, &target) {
            Ok(()) => return sync_folder(&self.blob_folder(&blob.digest)),
            // A file of the wrong size stands there: the copy below replaces it.
            Err(Errno::EXIST) if self.has(blob) => return sync_folder(&self.blob_folder(&blob.digest)),
            Err(_) => {}
        }
        self.copy_blob(&mut source, from, blob)
    }

    fn copy_blob(&self, source: &mut File, from: &Self, blob: &Descriptor) -> Result<(), StoreError> {
        let origin = from.blob_path(&blob.digest);
        let mut writer = self.begin_blob_as(blob.digest.algorithm())?;
        source.rewind().map_err(StoreError::io("read", &origin))?;
        if rustix::fs::ioctl_ficlone(&writer.temporary.file, &*source).is_ok() {
            verify_file(&mut writer.temporary.file, blob, &origin)?;
            writer.temporary.sync(0o444)?;
            return self.place(writer.temporary, &blob.digest);
        }
        std::io::copy(source, &mut writer).map_err(StoreError::io("copy", &origin))?;
        writer.commit_expected(blob).map(drop)
    }

    /// Where a blob lies, whether or not it is there.
    pub(super) fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.blob_folder(digest).join(digest.encoded())
    }

    pub(super) fn blob_folder(&self, digest: &Digest) -> PathBuf {
        self.path().join(BLOBS).join(digest.algorithm().as_str())
    }

    fn create_blob_folder(&self, digest: &Digest) -> Result<(), StoreError> {
        let folder = self.blob_folder(digest);
        if folder.symlink_metadata().is_ok_and(|m| m.is_dir()) {
            return Ok(());
        }
        create_folder(&self.path().join(BLOBS))?;
        create_folder(&folder)
    }

    fn place(&self, temporary: Temporary, digest: &Digest) -> Result<(), StoreError> {
        self.create_blob_folder(digest)?;
        temporary.persist(&self.blob_path(digest))?;
        sync_folder(&self.blob_folder(digest))
    }
}

/// Syncs files on threads of their own: a disk that is waited for once for each takes much longer.
fn sync_together(files: &[&Temporary]) -> Result<(), StoreError> {
    for files in files.chunks(SYNCED_TOGETHER) {
        let Some((first, others)) = files.split_first() else { continue };
        std::thread::scope(|threads| {
            let others: Vec<_> = others.iter().map(|file| threads.spawn(|| file.sync(0o444))).collect();
            let synced = first.sync(0o444);
            let others = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            others.fold(synced, Result::and)
        })?;
    }
    Ok(())
}

/// Gives the very file that was read another name, whatever its path points at by now.
fn link_open_file(source: &File, target: &Path) -> Result<(), Errno> {
    let path = format!("/proc/self/fd/{}", source.as_raw_fd());
    rustix::fs::linkat(CWD, path, CWD, target, AtFlags::SYMLINK_FOLLOW)
}

/// Reads a file from its beginning and holds it against the descriptor.
pub(super) fn verify_file(file: &mut File, blob: &Descriptor, path: &Path) -> Result<(), StoreError> {
    let mismatch = |detail: String| StoreError::Mismatch { family: "J-03", expected: blob.digest.clone(), detail };
    file.rewind().map_err(StoreError::io("read", path))?;
    let (found, size) = digest_of(file, blob.digest.digester(), |_| ()).map_err(StoreError::io("read", path))?;
    if size != blob.size {
        return Err(mismatch(format!("{size} bytes, expected {}", blob.size)));
    }
    if found == blob.digest { Ok(()) } else { Err(mismatch(format!("digest is {found}"))) }
}

/// Digest and length of everything a reader yields; `read` hears the bytes of each piece.
pub(super) fn digest_of(
    reader: &mut impl Read,
    mut digester: Digester,
    mut read: impl FnMut(u64),
) -> std::io::Result<(Digest, u64)> {
    let mut buffer = vec![0; 256 << 10];
    let mut size = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok((digester.finish(), size)),
            Ok(count) => {
                digester.update(&buffer[..count]);
                size += count as u64;
                read(count as u64);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.temporary.file.write(bytes)?;
        self.digester.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl BlobWriter {
    /// The descriptor of what has been written so far.
    pub fn descriptor(&self, media_type: &str) -> Descriptor {
        Descriptor::new(media_type, self.digester.clone().finish(), self.size)
    }

    /// Writes bytes, with an error that names the file.
    pub(super) fn write_piece(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let written = self.write_all(bytes);
        written.map_err(StoreError::io("write", &self.temporary.path))
    }

    /// Makes the blob appear under its digest, durably. One that is there already stays, and this copy goes.
    pub fn commit(self, media_type: &str) -> Result<Descriptor, StoreError> {
        let descriptor = self.descriptor(media_type);
        if self.layout.has(&descriptor) {
            sync_folder(&self.layout.blob_folder(&descriptor.digest))?;
            return Ok(descriptor);
        }
        self.temporary.sync(0o444)?;
        self.layout.place(self.temporary, &descriptor.digest)?;
        Ok(descriptor)
    }

    /// Commits, provided that what was written is what `expected` names; else leaves nothing (J-03).
    pub fn commit_expected(self, expected: &Descriptor) -> Result<Descriptor, StoreError> {
        self.agrees(expected)?;
        self.commit(&expected.media_type)
    }

    fn agrees(&self, expected: &Descriptor) -> Result<(), StoreError> {
        let found = self.descriptor(&expected.media_type);
        if found.digest == expected.digest && found.size == expected.size {
            return Ok(());
        }
        let detail = format!("got {} bytes with digest {}", found.size, found.digest);
        Err(StoreError::Mismatch { family: "J-03", expected: expected.digest.clone(), detail })
    }

    /// Commits several blobs with one sync of their folder.
    pub fn commit_all(writers: Vec<(Self, &str)>) -> Result<Vec<Descriptor>, StoreError> {
        let mut descriptors = Vec::with_capacity(writers.len());
        let mut folders = BTreeSet::new();
        for (writer, media_type) in writers {
            let descriptor = writer.descriptor(media_type);
            writer.layout.create_blob_folder(&descriptor.digest)?;
            folders.insert(writer.layout.blob_folder(&descriptor.digest));
            if !writer.layout.has(&descriptor) {
                writer.temporary.sync(0o444)?;
                writer.temporary.persist(&writer.layout.blob_path(&descriptor.digest))?;
            }
            descriptors.push(descriptor);
        }
        folders.iter().try_for_each(|folder| sync_folder(folder))?;
        Ok(descriptors)
    }
}
