//! Checking every byte of a layout, and mending what can be mended without losing anything good (H-08).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::finding::{Finding, FindingKind, FsckFindings, FsckProgress};
use super::graph::edges;
use super::scan::{Blob, BlobState};
use crate::adapters::store::StoreError;
use crate::adapters::store::layout::disk::{PRIVATE, create_folder, sweep, sync_folder};
use crate::adapters::store::layout::index::entry_name;
use crate::adapters::store::layout::name::EntryName;
use crate::adapters::store::layout::open::Layout;
use crate::domain::oci::{Descriptor, Digest, ImageConfig, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, Manifest, media_type};

/// Where `--repair` puts damaged blobs, inside bakery's own folder.
const CORRUPT: &str = "corrupt";

/// One run: the blobs as found on disk, what the index leads to, what is wrong.
struct Check<'a> {
    layout: &'a Layout,
    blobs: BTreeMap<Digest, Blob>,
    reachable: BTreeSet<Digest>,
    findings: Vec<Finding>,
    /// Entries whose own manifest is damaged or missing.
    unsatisfied: Vec<Descriptor>,
    /// Whether every document could be followed; else it is not known what nothing leads to.
    followed: bool,
}

impl Layout {
    /// Checks layout files, every blob's digest, everything the index leads to; with `repair`, sweeps leftovers, moves
    /// damaged blobs aside and drops index entries whose manifest is damaged or missing.
    pub fn fsck(&self, repair: bool, progress: &mut dyn FnMut(FsckProgress)) -> Result<FsckFindings, StoreError> {
        // Reading only: bakes go on; gc stays out where the layout can be held (it cannot on a read-only disk).
        let _hold = if repair { Some(self.hold_alone()?) } else { self.hold().ok() };
        Self::open(self.path())?;
        // The index first: what it names was there before it, so a bake at the same time shows no gaps.
        let entries = self.entries();
        let (blobs, mut findings) = self.scan(progress)?;
        let entries = entries.unwrap_or_else(|error| {
            findings.push(Finding::new(FindingKind::Index, "index.json", chain(&error)));
            Vec::new()
        });
        let index_is_sound = findings.iter().all(|finding| finding.kind != FindingKind::Index);
        let mut check = Check {
            layout: self,
            blobs,
            reachable: BTreeSet::new(),
            findings,
            unsatisfied: Vec::new(),
            followed: true,
        };
        check.names(&entries);
        for entry in &entries {
            check.walk(entry);
        }
        check.damaged_and_unreachable();
        if repair {
            check.repair()?;
        }
        let stale = sweep(self.path(), repair)?;
        if stale.0 > 0 {
            let detail = format!("{} left behind by crashed writers, {} bytes", stale.0, stale.1);
            let mut finding = Finding::new(FindingKind::Temporary, ".bakery/tmp", detail);
            finding.repaired = repair;
            check.findings.push(finding);
        }
        Ok(check.conclude(entries.len(), index_is_sound))
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

fn label(entry: &Descriptor) -> String {
    entry_name(entry).map_or_else(|| entry.digest.to_string(), str::to_owned)
}

impl Check<'_> {
    fn note(&mut self, kind: FindingKind, what: &Digest, detail: String, root: &str) {
        let what = what.to_string();
        match self.findings.iter_mut().find(|f| f.kind == kind && f.what == what) {
            Some(known) => known.needed_by(root),
            None => {
                let mut finding = Finding::new(kind, what, detail);
                finding.needed_by(root);
                self.findings.push(finding);
            }
        }
    }

    /// Names that are none, and names that stand twice (J-13).
    fn names(&mut self, entries: &[Descriptor]) {
        let mut seen: BTreeMap<&str, &Digest> = BTreeMap::new();
        for entry in entries {
            let Some(name) = entry_name(entry) else { continue };
            if let Err(error) = name.parse::<EntryName>() {
                self.findings.push(Finding::new(FindingKind::Name, name, format!("J-13: {error}")));
            }
            if seen.insert(name, &entry.digest).is_some_and(|other| *other != entry.digest) {
                let detail = "J-13: names two different manifests; tag it again".to_owned();
                self.findings.push(Finding::new(FindingKind::Name, name, detail));
            }
        }
    }

    fn walk(&mut self, entry: &Descriptor) {
        let root = label(entry);
        let mut documents = vec![entry.clone()];
        let mut read = BTreeSet::new();
        while let Some(descriptor) = documents.pop() {
            if !read.insert(descriptor.digest.clone()) {
                continue;
            }
            if !self.satisfied(&descriptor, &root) {
                self.followed = false;
                if descriptor.digest == entry.digest {
                    self.unsatisfied.push(entry.clone());
                }
                continue;
            }
            if descriptor.size > MAX_MANIFEST_BYTES && !descriptor.is_manifest() && !descriptor.is_index() {
                continue;
            }
            let parsed = self.layout.read_blob(&descriptor, MAX_MANIFEST_BYTES).map_err(|e| chain(&e));
            let parsed = parsed.and_then(|bytes| edges(&bytes, &descriptor.media_type).map_err(|e| chain(&e)));
            match parsed {
                Err(detail) => {
                    self.followed = false;
                    self.note(FindingKind::Malformed, &descriptor.digest, detail, &root);
                }
                Ok((named, manifest)) => {
                    let mut whole = true;
                    for edge in named {
                        if edge.document {
                            documents.push(edge.descriptor);
                        } else {
                            whole &= self.satisfied(&edge.descriptor, &root);
                        }
                    }
                    if let (true, Some(manifest)) = (whole, manifest) {
                        self.config(&descriptor, &manifest, &root);
                    }
                }
            }
        }
    }

    /// Whether a descriptor's content is there with the right size and digest; notes it when not.
    fn satisfied(&mut self, descriptor: &Descriptor, root: &str) -> bool {
        self.reachable.insert(descriptor.digest.clone());
        let (kind, detail) = match self.blobs.get(&descriptor.digest) {
            // Foreign content (J-06) need not be here.
            None if !descriptor.urls.is_empty() => return true,
            None => (FindingKind::Missing, "blob is missing".to_owned()),
            Some(Blob { state: BlobState::Good, size }) if *size == descriptor.size => return true,
            Some(Blob { state: BlobState::Good, size }) => {
                let detail = format!("J-03: has {size} bytes, is announced with {}", descriptor.size);
                (FindingKind::Size, detail)
            }
            Some(Blob { state: BlobState::Corrupt(detail), .. }) => (FindingKind::Corrupt, detail.clone()),
            Some(Blob { state: BlobState::Irregular(detail), .. }) => (FindingKind::Irregular, detail.clone()),
            Some(Blob { state: BlobState::Unreadable(detail), .. }) => (FindingKind::Unreadable, detail.clone()),
        };
        self.note(kind, &descriptor.digest, detail, root);
        false
    }

    /// An image's config must name as many diffIDs as the manifest has layers.
    fn config(&mut self, descriptor: &Descriptor, manifest: &Manifest, root: &str) {
        let Manifest::Image(image) = manifest else { return };
        if !matches!(image.config.media_type.as_str(), media_type::CONFIG | media_type::DOCKER_CONFIG) {
            return;
        }
        let bytes = self.layout.read_blob(&image.config, MAX_CONFIG_BYTES).map_err(|e| chain(&e));
        let config = bytes.and_then(|bytes| ImageConfig::parse(&bytes).map_err(|e| chain(&e)));
        match config {
            Err(detail) => self.note(FindingKind::Malformed, &image.config.digest, detail, root),
            Ok(config) if config.rootfs.diff_ids.len() != image.layers.len() => {
                let detail = format!(
                    "{} layers, but its config has {} diffIDs",
                    image.layers.len(),
                    config.rootfs.diff_ids.len()
                );
                self.note(FindingKind::Malformed, &descriptor.digest, detail, root);
            }
            Ok(_) => {}
        }
    }

    /// Damage in blobs that nothing leads to.
    fn damaged_and_unreachable(&mut self) {
        for (digest, blob) in &self.blobs {
            if self.reachable.contains(digest) {
                continue;
            }
            let (kind, detail) = match &blob.state {
                BlobState::Good => continue,
                BlobState::Corrupt(detail) => (FindingKind::Corrupt, detail),
                BlobState::Irregular(detail) => (FindingKind::Irregular, detail),
                BlobState::Unreadable(detail) => (FindingKind::Unreadable, detail),
            };
            self.findings.push(Finding::new(kind, digest.to_string(), detail.clone()));
        }
    }

    fn repair(&mut self) -> Result<(), StoreError> {
        // Unreadable is not damaged: a wrong owner or a failing disk mends differently.
        let lost = |blobs: &BTreeMap<Digest, Blob>, entry: &Descriptor| match blobs.get(&entry.digest) {
            None => true,
            Some(blob) => matches!(blob.state, BlobState::Corrupt(_) | BlobState::Irregular(_)),
        };
        let dropped: Vec<Descriptor> =
            self.unsatisfied.iter().filter(|entry| lost(&self.blobs, entry)).cloned().collect();
        if !dropped.is_empty() {
            self.layout.change_index(|index| Ok(index.retain(|entry| !dropped.contains(entry)) > 0))?;
        }
        for entry in &dropped {
            let digest = entry.digest.to_string();
            self.findings.iter_mut().filter(|f| f.what == digest).for_each(|f| f.repaired = true);
            let mut finding =
                Finding::new(FindingKind::Dropped, label(entry), format!("its manifest {digest} is lost"));
            finding.repaired = true;
            self.findings.push(finding);
        }
        let damaged = |blob: &Blob| matches!(blob.state, BlobState::Corrupt(_) | BlobState::Irregular(_));
        let damaged: Vec<Digest> = self.blobs.iter().filter(|(_, b)| damaged(b)).map(|(d, _)| d.clone()).collect();
        for digest in &damaged {
            self.set_aside(digest)?;
            let needed = self.reachable.contains(digest) && !dropped.iter().any(|entry| entry.digest == *digest);
            let text = digest.to_string();
            for finding in self.findings.iter_mut().filter(|f| f.what == text) {
                // Out of the way; but what needs it still lacks it.
                finding.repaired = !needed;
                finding.detail.push_str("; moved to .bakery/corrupt");
            }
        }
        Ok(())
    }

    fn set_aside(&self, digest: &Digest) -> Result<(), StoreError> {
        let folder: PathBuf = self.layout.path().join(PRIVATE).join(CORRUPT);
        create_folder(&self.layout.path().join(PRIVATE))?;
        create_folder(&folder)?;
        let target = folder.join(format!("{}-{}", digest.algorithm().as_str(), digest.encoded()));
        let path = self.layout.blob_path(digest);
        std::fs::rename(&path, &target).map_err(StoreError::io("move aside", &path))?;
        sync_folder(&folder)?;
        sync_folder(&self.layout.blob_folder(digest))
    }

    fn conclude(self, entries: usize, index_is_sound: bool) -> FsckFindings {
        let unreachable = self.blobs.iter().filter(|(digest, _)| !self.reachable.contains(*digest));
        let (mut count, mut bytes) = (0, 0);
        for (_, blob) in unreachable.filter(|_| index_is_sound && self.followed) {
            count += 1;
            bytes += blob.size;
        }
        FsckFindings {
            entries: entries as u64,
            blobs: self.blobs.len() as u64,
            bytes: self.blobs.values().map(|blob| blob.size).sum(),
            unreferenced_blobs: count,
            unreferenced_bytes: bytes,
            findings: self.findings,
        }
    }
}
