//! Freeing what nothing refers to. Refuses while anybody holds the layout, and while a reachable manifest is damaged:
//! what that one needed would be freed with it.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;

use super::graph::edges;
use crate::adapters::store::StoreError;
use crate::adapters::store::layout::disk::{sweep, sync_folder};
use crate::adapters::store::layout::index::entry_name;
use crate::adapters::store::layout::open::{BLOBS, Layout};
use crate::adapters::store::layout::referrer::subject_of_name;
use crate::domain::oci::{Descriptor, Digest, MAX_MANIFEST_BYTES};

/// What a gc freed, or would free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Freed {
    /// Blobs.
    pub blobs: u64,
    /// Bytes they took; a blob that other layouts share by hard link counts nothing.
    pub bytes: u64,
    /// Index entries of signatures and attestations whose subject is gone.
    pub entries: u64,
    /// Temporary files of crashed writers.
    pub temporaries: u64,
    /// Blobs that stay.
    pub kept: u64,
}

/// An index entry that lives only as long as its subject.
struct Dependent {
    entry: Descriptor,
    subject: String,
}

impl Layout {
    /// Frees every blob that no index entry and nothing in `keep` leads to; with `dry_run`, only counts.
    pub fn gc(&self, keep: &BTreeSet<Digest>, dry_run: bool) -> Result<Freed, StoreError> {
        let _alone = self.hold_alone()?;
        let (live, dead) = self.living()?;
        let mut freed = Freed { entries: dead.len() as u64, ..Freed::default() };
        if !dead.is_empty() && !dry_run {
            self.change_index(|index| Ok(index.retain(|entry| !dead.contains(entry)) > 0))?;
        }
        for algorithm in ["sha256", "sha512"] {
            let folder = self.path().join(BLOBS).join(algorithm);
            let removed = freed.blobs;
            for (digest, path) in self.blob_files(algorithm)? {
                if live.contains(&digest) || keep.contains(&digest) {
                    freed.kept += 1;
                    continue;
                }
                let metadata = path.symlink_metadata().map_err(StoreError::io("look at", &path))?;
                if !dry_run {
                    std::fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
                }
                freed.blobs += 1;
                freed.bytes += if metadata.nlink() == 1 { metadata.len() } else { 0 };
            }
            if freed.blobs > removed && !dry_run {
                sync_folder(&folder)?;
            }
        }
        let (count, bytes) = sweep(self.path(), !dry_run)?;
        freed.temporaries = count;
        freed.bytes += bytes;
        Ok(freed)
    }

    /// Every digest the index leads to, and the entries whose subject it does not lead to.
    fn living(&self) -> Result<(BTreeSet<Digest>, Vec<Descriptor>), StoreError> {
        let mut live = BTreeSet::new();
        let mut waiting = Vec::new();
        for entry in self.entries()? {
            match self.dependency(&entry).map_err(|error| self.damaged(&entry, &error))? {
                Some(subject) => waiting.push(Dependent { entry, subject }),
                None => self.walk(&entry, &mut live)?,
            }
        }
        // A signature of a signature lives too: until nothing is added.
        loop {
            let known: BTreeSet<String> = live.iter().map(Digest::to_string).collect();
            let (ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|d| known.contains(&d.subject));
            for dependent in &ready {
                self.walk(&dependent.entry, &mut live)?;
            }
            waiting = rest;
            if ready.is_empty() {
                return Ok((live, waiting.into_iter().map(|dependent| dependent.entry).collect()));
            }
        }
    }

    /// The digest an entry depends on: that in its name (fallback tag, cosign's tags), or a nameless one's subject.
    fn dependency(&self, entry: &Descriptor) -> Result<Option<String>, StoreError> {
        match entry_name(entry) {
            Some(name) => Ok(subject_of_name(name)),
            None => Ok(self.about(entry)?.map(|about| about.subject.to_string())),
        }
    }

    fn walk(&self, root: &Descriptor, live: &mut BTreeSet<Digest>) -> Result<(), StoreError> {
        let mut documents = vec![root.clone()];
        let mut read = BTreeSet::new();
        while let Some(descriptor) = documents.pop() {
            live.insert(descriptor.digest.clone());
            if !read.insert(descriptor.digest.clone()) {
                continue;
            }
            let opaque = !descriptor.is_manifest() && !descriptor.is_index();
            if opaque && descriptor.size > MAX_MANIFEST_BYTES {
                continue;
            }
            let bytes = match self.read_blob(&descriptor, MAX_MANIFEST_BYTES) {
                Ok(bytes) => bytes,
                // An index may list platforms that were never copied here.
                Err(StoreError::NotFound { .. }) if descriptor.digest != root.digest => continue,
                Err(error) => return Err(self.damaged(&descriptor, &error)),
            };
            let (named, _) = edges(&bytes, &descriptor.media_type)
                .map_err(|source| self.damaged(&descriptor, &self.manifest_error(&descriptor.digest, source)))?;
            for edge in named {
                live.insert(edge.descriptor.digest.clone());
                if edge.document {
                    documents.push(edge.descriptor);
                }
            }
        }
        Ok(())
    }

    fn damaged(&self, descriptor: &Descriptor, error: &StoreError) -> StoreError {
        let detail = format!("nothing is freed while manifest {} is damaged: {error}", descriptor.digest);
        StoreError::Hostile { store: self.label(), family: "H-08", detail }
    }

    /// Files in a blob folder whose names are digests.
    pub(super) fn blob_files(&self, algorithm: &str) -> Result<Vec<(Digest, std::path::PathBuf)>, StoreError> {
        let folder = self.path().join(BLOBS).join(algorithm);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::io("list", &folder)(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(StoreError::io("list", &folder))?;
            let digest = format!("{algorithm}:{}", entry.file_name().to_string_lossy()).parse();
            if let Ok(digest) = digest {
                found.push((digest, entry.path()));
            }
        }
        found.sort();
        Ok(found)
    }
}
