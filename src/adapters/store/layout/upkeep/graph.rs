//! What a document names: the edges gc and fsck walk. Knows which edges lead to documents and which to plain content.

use serde_json::Value;

use crate::domain::oci::{Descriptor, Manifest, ManifestError, parse_strict};

/// One edge.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// What is pointed at.
    pub(super) descriptor: Descriptor,
    /// Whether that is a document with edges of its own.
    pub(super) document: bool,
}

/// The edges of a document. One of a type unknown here (J-10) is searched for anything that looks like a descriptor, so
/// that gc never frees what another tool's document may need.
pub(super) fn edges(bytes: &[u8], media_type: &str) -> Result<(Vec<Named>, Option<Manifest>), ManifestError> {
    match Manifest::parse(bytes, Some(media_type)) {
        Ok(manifest) => {
            let named = match &manifest {
                Manifest::Image(image) => std::iter::once(&image.config).chain(&image.layers).map(leaf).collect(),
                Manifest::Index(index) => index.manifests.iter().map(document).collect(),
            };
            Ok((named, Some(manifest)))
        }
        Err(ManifestError::Unsupported(_)) => {
            let mut found = Vec::new();
            // No JSON at all names nothing.
            if let Ok(value) = parse_strict(bytes) {
                search(&value, &mut found);
            }
            Ok((found, None))
        }
        Err(error) => Err(error),
    }
}

fn leaf(descriptor: &Descriptor) -> Named {
    Named { descriptor: descriptor.clone(), document: false }
}

fn document(descriptor: &Descriptor) -> Named {
    Named { descriptor: descriptor.clone(), document: true }
}

fn search(value: &Value, found: &mut Vec<Named>) {
    if let Ok(descriptor) = <Descriptor as serde::Deserialize>::deserialize(value) {
        let document = descriptor.is_manifest() || descriptor.is_index();
        found.push(Named { descriptor, document });
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| search(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| search(field, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::oci::Digest;

    #[test]
    fn j10_an_unknown_document_keeps_what_it_names() {
        let digest = Digest::of(b"x");
        let text = format!(
            r#"{{"mediaType":"application/vnd.oci.artifact.manifest.v1+json",
                "blobs":[{{"mediaType":"text/plain","digest":"{digest}","size":1}}]}}"#
        );
        let (named, _) = edges(text.as_bytes(), "application/vnd.oci.artifact.manifest.v1+json").unwrap();
        assert_eq!(named.len(), 1);
        assert_eq!(named[0].descriptor.digest, digest);
    }
}
