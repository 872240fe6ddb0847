//! Referrers in a layout: index entries, named or not, whose manifest has a `subject`; and the fallback tag's index.

use std::collections::BTreeSet;

use super::index::entry_name;
use super::name::EntryName;
use super::open::Layout;
use crate::adapters::store::StoreError;
use crate::domain::oci::{Descriptor, Digest, Manifest};

/// What a manifest with a subject says about itself.
#[derive(Clone, Debug)]
pub(super) struct About {
    /// The manifest it is about.
    pub(super) subject: Digest,
    /// As a referrers listing shows it.
    pub(super) listed: Descriptor,
}

/// The tag under which registries without the referrers API keep the referrers of `subject`.
fn fallback_tag(subject: &Digest) -> String {
    let encoded: String = subject.encoded().chars().take(64).collect();
    format!("{}-{encoded}", subject.algorithm().as_str())
}

/// The digest's text that a tag names as its subject: the fallback tag, or cosign's `.sig`, `.att`, `.sbom`.
pub(super) fn subject_of_name(name: &str) -> Option<String> {
    let tag = match name.parse().ok()? {
        EntryName::Full(_, tag) | EntryName::Bare(tag) => tag,
    };
    let stem = tag.as_str().split('.').next().unwrap_or_default();
    let suffix = &tag.as_str()[stem.len()..];
    let (algorithm, encoded) = stem.split_once('-')?;
    let digest: Digest = format!("{algorithm}:{encoded}").parse().ok()?;
    matches!(suffix, "" | ".sig" | ".att" | ".sbom").then(|| digest.to_string())
}

/// What a parsed manifest with a subject says about itself; `None` without subject.
pub(super) fn about(descriptor: &Descriptor, manifest: &Manifest) -> Option<About> {
    let (subject, artifact_type, annotations) = match manifest {
        Manifest::Image(image) => {
            let kind = image.artifact_type.clone().unwrap_or_else(|| image.config.media_type.clone());
            (image.subject.as_ref()?, Some(kind), &image.annotations)
        }
        Manifest::Index(index) => (index.subject.as_ref()?, index.artifact_type.clone(), &index.annotations),
    };
    let plain = Descriptor::new(descriptor.media_type.clone(), descriptor.digest.clone(), descriptor.size);
    let listed = Descriptor { artifact_type, annotations: annotations.clone(), ..plain };
    Some(About { subject: subject.digest.clone(), listed })
}

impl Layout {
    /// What an index entry is about; read once, since content never changes under its digest.
    pub(super) fn about(&self, entry: &Descriptor) -> Result<Option<About>, StoreError> {
        if !entry.is_manifest() && !entry.is_index() {
            return Ok(None);
        }
        if let Some(known) = self.known_about(&entry.digest) {
            return Ok(known);
        }
        let found = about(entry, &self.read_manifest(entry)?);
        self.remember_about(&entry.digest, found.clone());
        Ok(found)
    }

    /// Descriptors of the manifests about `subject`. One that cannot be read is none: nothing can be trusted to it.
    pub fn referrers_of(&self, subject: &Digest, artifact_type: Option<&str>) -> Result<Vec<Descriptor>, StoreError> {
        let fallback = fallback_tag(subject);
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for entry in self.entries()? {
            if let Ok(Some(about)) = self.about(&entry)
                && about.subject == *subject
            {
                found.push(about.listed);
            }
            let tag = entry_name(&entry).map(|name| name.rsplit(':').next().unwrap_or(name));
            if tag == Some(fallback.as_str())
                && let Ok(Manifest::Index(index)) = self.read_manifest(&entry)
            {
                let listed = index.manifests.into_iter();
                found.extend(listed.filter(|m| self.about(m).is_ok_and(|a| a.is_some_and(|a| a.subject == *subject))));
            }
        }
        found.retain(|d| seen.insert(d.digest.clone()));
        found.retain(|d| artifact_type.is_none_or(|wanted| d.artifact_type.as_deref() == Some(wanted)));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_point_at_a_subject() {
        let digest = Digest::of(b"x");
        let stem = fallback_tag(&digest);
        for name in [format!("a/b:{stem}"), format!("a/b:{stem}.sig"), format!("{stem}.att")] {
            assert_eq!(subject_of_name(&name), Some(digest.to_string()), "{name}");
        }
        for name in ["a/b:1.0", "a/b:sha256-abc.sig", "latest", &format!("a/b:{stem}.tar")] {
            assert_eq!(subject_of_name(name), None, "{name}");
        }
    }
}
