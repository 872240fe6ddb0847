//! From a name or digest to a manifest's verified bytes. Also which names other tools' bare entries get.

use std::io::Read;

use super::index::entry_name;
use super::name::EntryName;
use super::open::Layout;
use crate::adapters::store::{RawManifest, Selector, StoreError};
use crate::domain::oci::{
    Descriptor, Digest, MAX_MANIFEST_BYTES, Manifest, ManifestError, Repository, Tag, media_type, parse_strict,
};

impl Layout {
    /// The repository under which entries with bare tags, and a single entry without any name (as `latest`), are shown:
    /// the folder's name.
    pub fn bare_repository(&self) -> Option<Repository> {
        let path = std::path::absolute(self.path()).unwrap_or_else(|_| self.path().to_owned());
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        name.trim_matches('-').parse().or_else(|_| "layout".parse()).ok()
    }

    /// Reads a small blob whole, verified; one announced longer than `limit` is refused before reading.
    pub fn read_blob(&self, blob: &Descriptor, limit: u64) -> Result<Vec<u8>, StoreError> {
        if blob.size > limit {
            let detail = format!("{} bytes announced, at most {limit} are accepted", blob.size);
            return Err(StoreError::Mismatch { family: "J-08", expected: blob.digest.clone(), detail });
        }
        let file = self.open_blob_file(blob)?;
        let mut bytes = Vec::new();
        file.take(blob.size + 1)
            .read_to_end(&mut bytes)
            .map_err(StoreError::io("read", self.blob_path(&blob.digest)))?;
        let mut digester = blob.digest.digester();
        digester.update(&bytes);
        let found = digester.finish();
        if found == blob.digest && bytes.len() as u64 == blob.size {
            return Ok(bytes);
        }
        let detail = format!("digest of {} bytes is {found}", bytes.len());
        Err(StoreError::Mismatch { family: "J-03", expected: blob.digest.clone(), detail })
    }

    /// A manifest's or index's bytes, verified and parsed.
    pub fn read_manifest(&self, descriptor: &Descriptor) -> Result<Manifest, StoreError> {
        let bytes = self.read_blob(descriptor, MAX_MANIFEST_BYTES)?;
        Manifest::parse(&bytes, Some(&descriptor.media_type))
            .map_err(|source| self.manifest_error(&descriptor.digest, source))
    }

    pub(super) fn manifest_error(&self, digest: &Digest, source: ManifestError) -> StoreError {
        StoreError::Manifest { store: self.label(), what: digest.to_string(), source }
    }

    /// Every usable name with its entry; names that are none are left out (J-13).
    pub(super) fn named_entries(&self) -> Result<Vec<(Repository, Tag, Descriptor)>, StoreError> {
        self.entries_named_in(None)
    }

    /// The same, with all that are in one repository. What has no name is only looked into where it could be in that.
    fn entries_named_in(&self, wanted: Option<&Repository>) -> Result<Vec<(Repository, Tag, Descriptor)>, StoreError> {
        let bare = self.bare_repository();
        let mut named = Vec::new();
        let mut nameless = Vec::new();
        for entry in self.entries()? {
            match (entry_name(&entry).map(str::parse), &bare) {
                (Some(Ok(EntryName::Full(repository, tag))), _) => named.push((repository, tag, entry)),
                (Some(Ok(EntryName::Bare(tag))), Some(bare)) => named.push((bare.clone(), tag, entry)),
                (None, Some(_)) => nameless.push(entry),
                _ => {}
            }
        }
        if let (Some(bare), Ok(latest)) = (bare, "latest".parse::<Tag>())
            && wanted.is_none_or(|wanted| *wanted == bare)
            && !named.iter().any(|(repository, tag, _)| *repository == bare && *tag == latest)
        {
            nameless.retain(|entry| !matches!(self.about(entry), Ok(Some(_)) | Err(_)));
            nameless.dedup_by(|a, b| a.digest == b.digest);
            if let [_] = nameless.as_slice() {
                named.extend(nameless.into_iter().map(|entry| (bare.clone(), latest.clone(), entry)));
            }
        }
        Ok(named)
    }

    /// Every name that references can say, with what it points at.
    pub(in crate::adapters) fn named(&self) -> Result<Vec<(Repository, Tag, Descriptor)>, StoreError> {
        self.named_entries()
    }

    /// What a tag or digest points at: media type, digest, size. The content is there, but not yet read.
    pub fn resolve_selector(&self, repository: &Repository, selector: &Selector) -> Result<Descriptor, StoreError> {
        let missing = |what: String| StoreError::NotFound { store: self.label(), what };
        let entry = match selector {
            Selector::Digest(digest) => return self.manifest_of(repository, digest).map(|raw| raw.descriptor),
            Selector::Tag(tag) => {
                let mut found = self.entries_named_in(Some(repository))?;
                found.retain(|(r, t, _)| r == repository && t == tag);
                let mut found = found.into_iter().map(|(_, _, entry)| entry);
                let first = found.next().ok_or_else(|| missing(format!("{repository}:{tag}")))?;
                if let Some(other) = found.find(|other| other.digest != first.digest) {
                    let detail =
                        format!("{repository}:{tag} is both {} and {}; tag it again", first.digest, other.digest);
                    return Err(StoreError::Hostile { store: self.label(), family: "J-13", detail });
                }
                first
            }
        };
        if !self.blob_path(&entry.digest).is_file() {
            return Err(missing(format!("manifest {} of {repository}:{selector}", entry.digest)));
        }
        let artifact_type = entry.artifact_type;
        Ok(Descriptor { artifact_type, ..Descriptor::new(entry.media_type, entry.digest, entry.size) })
    }

    /// A manifest by tag or digest.
    pub fn raw_manifest(&self, repository: &Repository, selector: &Selector) -> Result<RawManifest, StoreError> {
        match selector {
            Selector::Digest(digest) => self.manifest_of(repository, digest),
            Selector::Tag(_) => {
                let mut descriptor = self.resolve_selector(repository, selector)?;
                let bytes = self.read_blob(&descriptor, MAX_MANIFEST_BYTES)?;
                let (_, artifact_type) = self.judge(&bytes, Some(&descriptor.media_type), &descriptor.digest)?;
                descriptor.artifact_type = artifact_type.or(descriptor.artifact_type);
                Ok(RawManifest { descriptor, bytes })
            }
        }
    }

    /// By digest; what the index names under other repositories only is not in this one.
    fn manifest_of(&self, repository: &Repository, digest: &Digest) -> Result<RawManifest, StoreError> {
        let missing = || StoreError::NotFound { store: self.label(), what: format!("{repository}@{digest}") };
        let size = self.blob_path(digest).symlink_metadata().map_err(|_| missing())?.len();
        let mut entries = self.entries()?;
        entries.retain(|entry| entry.digest == *digest);
        let elsewhere = |entry: &Descriptor| match entry_name(entry).map(str::parse) {
            Some(Ok(EntryName::Full(named, _))) => named != *repository,
            _ => false,
        };
        if !entries.is_empty() && entries.iter().all(elsewhere) && !self.is_part_of(repository, digest)? {
            return Err(missing());
        }
        let announced = entries.into_iter().next().map(|entry| entry.media_type);
        let bytes = self.read_blob(&Descriptor::new("", digest.clone(), size), MAX_MANIFEST_BYTES)?;
        let (media_type, artifact_type) = self.judge(&bytes, announced.as_deref(), digest)?;
        let descriptor = Descriptor { artifact_type, ..Descriptor::new(media_type, digest.clone(), size) };
        Ok(RawManifest { descriptor, bytes })
    }

    /// Whether an index that this repository names lists a manifest: two repositories may have the same one.
    fn is_part_of(&self, repository: &Repository, digest: &Digest) -> Result<bool, StoreError> {
        for (_, _, entry) in
            self.entries_named_in(Some(repository))?.into_iter().filter(|(named, ..)| named == repository)
        {
            if !entry.is_index() {
                continue;
            }
            let bytes = self.read_blob(&entry, MAX_MANIFEST_BYTES)?;
            if let Ok(Manifest::Index(index)) = Manifest::parse(&bytes, Some(&entry.media_type))
                && index.manifests.iter().any(|part| part.digest == *digest)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Media type and artifact type of a document; one of a type unknown here is passed on as it is (J-10).
    fn judge(
        &self,
        bytes: &[u8],
        announced: Option<&str>,
        digest: &Digest,
    ) -> Result<(String, Option<String>), StoreError> {
        match Manifest::parse(bytes, announced) {
            Ok(Manifest::Image(image)) => {
                let media_type = image.media_type.as_deref().or(announced).unwrap_or(media_type::MANIFEST);
                Ok((media_type.to_owned(), image.artifact_type))
            }
            Ok(Manifest::Index(index)) => {
                let media_type = index.media_type.as_deref().or(announced).unwrap_or(media_type::INDEX);
                Ok((media_type.to_owned(), index.artifact_type))
            }
            Err(ManifestError::Unsupported(kind)) => {
                let value = parse_strict(bytes).map_err(|e| self.manifest_error(digest, e.into()))?;
                let inside = value.get("mediaType").and_then(serde_json::Value::as_str);
                Ok((inside.or(announced).unwrap_or(&kind).to_owned(), None))
            }
            Err(source) => Err(self.manifest_error(digest, source)),
        }
    }
}
