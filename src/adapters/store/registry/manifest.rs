//! Manifests and tags: resolved, fetched, put, untagged. The body decides what its digest is, never a header.

use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, IF_NONE_MATCH};
use reqwest::{Method, StatusCode};

use super::auth::Scope;
use super::client::{Ask, Client, Reply, Target};
use super::failure::MAX_ERROR_BYTES;
use super::known::Answer;
use crate::adapters::store::described::Described;
use crate::adapters::store::{RawManifest, Selector, StoreError};
use crate::domain::oci::{Descriptor, Digest, MAX_MANIFEST_BYTES, Tag, media_type};

const DIGEST: &str = "docker-content-digest";

/// Every manifest type that is read.
fn accept() -> String {
    [media_type::INDEX, media_type::MANIFEST, media_type::DOCKER_LIST, media_type::DOCKER_MANIFEST].join(", ")
}

pub(super) fn shown(name: &str, selector: &Selector) -> String {
    match selector {
        Selector::Tag(tag) => format!("{name}:{tag}"),
        Selector::Digest(digest) => format!("{name}@{digest}"),
    }
}

/// The descriptor behind `selector`, from the headers alone where they say enough. A tag that was asked before is asked whether
/// that still holds.
pub(super) async fn resolve(client: &Client, name: &str, selector: &Selector) -> Result<Descriptor, StoreError> {
    let what = shown(name, selector);
    let path = format!("{name}/manifests/{selector}");
    let mut ask = Ask::head(path.clone(), Scope::pull(name), &what).header(ACCEPT, &accept());
    let known = client.answers.of(&path);
    if let Some((validator, _)) = &known {
        ask = ask.header(IF_NONE_MATCH, validator);
    }
    let reply = client.exchange(&ask, MAX_ERROR_BYTES).await?;
    if let (StatusCode::NOT_MODIFIED, Some((_, Answer::Tag(known)))) = (reply.status, known) {
        return Ok(known);
    }
    if reply.status.is_success() {
        if let Some(descriptor) = announced(&reply) {
            if matches!(selector, Selector::Tag(_)) {
                client.answers.keep_tag(&path, &reply, &descriptor);
            }
            return match selector {
                Selector::Digest(asked) if *asked != descriptor.digest => Err(mismatch(asked, &descriptor.digest)),
                _ => Ok(descriptor),
            };
        }
    } else if reply.status != StatusCode::METHOD_NOT_ALLOWED {
        return Err(client.refusal(&what, &reply));
    }
    Ok(fetch(client, name, selector).await?.descriptor)
}

/// What the headers of an answer say, when they say everything.
fn announced(reply: &Reply) -> Option<Descriptor> {
    let digest: Digest = reply.header(DIGEST)?.parse().ok()?;
    let size: u64 = reply.header(CONTENT_LENGTH)?.parse().ok()?;
    (1..=MAX_MANIFEST_BYTES)
        .contains(&size)
        .then(|| Descriptor::new(content_type(reply).unwrap_or(""), digest, size))
        .filter(|descriptor| descriptor.is_index() || descriptor.is_manifest())
}

/// The media type without parameters.
fn content_type(reply: &Reply) -> Option<&str> {
    let text = reply.header(CONTENT_TYPE)?;
    Some(text.split_once(';').map_or(text, |(kind, _)| kind).trim())
}

/// The manifest's verified bytes.
pub(super) async fn fetch(client: &Client, name: &str, selector: &Selector) -> Result<RawManifest, StoreError> {
    let what = shown(name, selector);
    let ask = Ask::get(format!("{name}/manifests/{selector}"), Scope::pull(name), &what).header(ACCEPT, &accept());
    let reply = client.exchange(&ask, MAX_MANIFEST_BYTES).await?;
    if !reply.status.is_success() {
        return Err(client.refusal(&what, &reply));
    }
    let claimed = match selector {
        Selector::Digest(digest) => Some(digest.clone()),
        Selector::Tag(_) => reply.header(DIGEST).and_then(|text| text.parse().ok()),
    };
    // Whoever asks by a digest of another algorithm gets that digest back.
    let digest = match claimed {
        Some(claimed) => {
            let mut digester = claimed.digester();
            digester.update(&reply.body);
            let found = digester.finish();
            if found != claimed {
                return Err(mismatch(&claimed, &found));
            }
            claimed
        }
        None => Digest::of(&reply.body),
    };
    let described = Described::read(client.store(), &what, content_type(&reply), &reply.body)?;
    Ok(RawManifest { descriptor: Descriptor { digest, ..described.descriptor }, bytes: reply.body })
}

fn mismatch(expected: &Digest, found: &Digest) -> StoreError {
    StoreError::Mismatch { family: "R-10", expected: expected.clone(), detail: format!("digest is {found}") }
}

/// Puts a manifest under its tag or digest; whether the registry keeps its referrers itself.
pub(super) async fn put(
    client: &Client,
    name: &str,
    tag: Option<&Tag>,
    described: &Described,
    bytes: &[u8],
) -> Result<bool, StoreError> {
    let digest = &described.descriptor.digest;
    let selector = tag.map_or_else(|| Selector::Digest(digest.clone()), |tag| Selector::Tag(tag.clone()));
    let what = shown(name, &selector);
    let path = format!("{name}/manifests/{selector}");
    let ask = Ask::new(Method::PUT, Target::Api(path), Scope::push(name), &what)
        .body(&described.descriptor.media_type, bytes.to_vec());
    let reply = client.exchange(&ask, MAX_ERROR_BYTES).await?;
    if !reply.status.is_success() {
        // A missing repository is told by the upload of blobs; here something the manifest names is missing.
        return Err(match reply.status {
            StatusCode::NOT_FOUND => client.refused(&what, "404 Not Found: something the manifest names is missing"),
            _ => client.refusal(&what, &reply),
        });
    }
    match reply.header(DIGEST).and_then(|text| text.parse::<Digest>().ok()) {
        Some(said) if said.algorithm() == digest.algorithm() && said != *digest => {
            let detail = format!("the registry stored {said}");
            return Err(StoreError::Mismatch { family: "R-12", expected: digest.clone(), detail });
        }
        _ => {}
    }
    let subject = described.subject().map(|subject| subject.digest.to_string());
    Ok(subject.is_some_and(|subject| reply.header("oci-subject") == Some(&*subject)))
}

/// Deletes what `selector` names.
pub(super) async fn delete(client: &Client, name: &str, selector: &Selector) -> Result<Reply, StoreError> {
    let path = format!("{name}/manifests/{selector}");
    let ask = Ask::new(Method::DELETE, Target::Api(path), Scope::delete(name), shown(name, selector)).once();
    client.exchange(&ask, MAX_ERROR_BYTES).await
}
