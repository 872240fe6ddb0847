//! Referrers: the API where there is one, else the fallback tag `sha256-HEX`, which is then also kept up to date.
//! Source: distribution-spec, listing referrers and the referrers tag schema.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use reqwest::StatusCode;
use reqwest::header::ACCEPT;
use tokio::sync::{Mutex, MutexGuard};

use super::auth::Scope;
use super::client::{Ask, Client, Target};
use super::listing::next_page;
use super::manifest;
use crate::adapters::store::described::{Described, of_type};
use crate::adapters::store::{Selector, StoreError};
use crate::domain::oci::{Descriptor, Digest, ImageIndex, MAX_MANIFEST_BYTES, Manifest, Tag, media_type};

/// Most referrers of one manifest; whoever verifies reads fewer.
pub(super) const MAX_REFERRERS: usize = 1000;
/// Tries to bring one entry into a fallback tag that others write too.
const UPDATES: usize = 5;
/// Fallback tags brought up to date together.
const AT_ONCE: usize = 8;

/// Whether a list that was written is looked at once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Until what was written stands in it.
    Again,
    /// Whoever had it written reads it.
    Never,
}

/// The fallback tag: algorithm and digest, each cut as the schema says.
fn fallback_tag(subject: &Digest) -> Result<Tag, StoreError> {
    let encoded = &subject.encoded()[..subject.encoded().len().min(64)];
    Ok(format!("{}-{encoded}", subject.algorithm().as_str()).parse()?)
}

/// Everything whose subject is `subject`.
pub(super) async fn list(
    client: &Client,
    name: &str,
    subject: &Digest,
    artifact_type: Option<&str>,
) -> Result<Vec<Descriptor>, StoreError> {
    let found = match ask_api(client, name, subject).await? {
        Some(found) => found,
        None => fallback(client, name, subject).await?,
    };
    // One referrer listed twice is one.
    let unique: BTreeMap<Digest, Descriptor> = found.into_iter().map(|entry| (entry.digest.clone(), entry)).collect();
    let found = of_type(unique.into_values().collect(), artifact_type);
    if found.len() > MAX_REFERRERS {
        let detail = format!("{name}@{subject}: {} referrers, at most {MAX_REFERRERS} are accepted", found.len());
        return Err(client.hostile("R-13", detail));
    }
    Ok(found)
}

/// What of a registry's answers is kept for the whole repository.
fn api_of(name: &str) -> String {
    format!("{name}/referrers")
}

/// `None`: the registry has no such API.
async fn ask_api(client: &Client, name: &str, subject: &Digest) -> Result<Option<Vec<Descriptor>>, StoreError> {
    let (what, api) = (format!("referrers of {name}@{subject}"), api_of(name));
    if client.answers.is_absent(&api) {
        return Ok(None);
    }
    let mut ask =
        Ask::get(format!("{name}/referrers/{subject}"), Scope::pull(name), &what).header(ACCEPT, media_type::INDEX);
    let mut found = Vec::new();
    loop {
        let reply = client.exchange(&ask, MAX_MANIFEST_BYTES).await?;
        match reply.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::BAD_REQUEST
            | StatusCode::NOT_IMPLEMENTED => {
                // What it says in its own words is about this subject; else it knows no such path, whatever the subject.
                if !reply.header("content-type").is_some_and(|kind| kind.contains("json")) {
                    client.answers.keep_absent(api);
                }
                return Ok(None);
            }
            _ => return Err(client.refusal(&what, &reply)),
        }
        // A registry that answers every path with a page of its own has no such API either.
        let kind = reply.header("content-type").map(|text| text.split(';').next().unwrap_or("").trim());
        if kind != Some(media_type::INDEX) {
            return Ok(None);
        }
        let Manifest::Index(index) =
            Described::read(client.store(), &what, Some(media_type::INDEX), &reply.body)?.manifest
        else {
            return Err(client.hostile("R-13", format!("{what}: not an index")));
        };
        let before = found.len();
        found.extend(index.manifests);
        match next_page(client, &reply)? {
            Some(next) if found.len() > before && found.len() <= 10 * MAX_REFERRERS && next != reply.url => {
                ask.target = Target::Url(next);
            }
            _ => return Ok(Some(found)),
        }
    }
}

async fn fallback(client: &Client, name: &str, subject: &Digest) -> Result<Vec<Descriptor>, StoreError> {
    let tag = fallback_tag(subject)?;
    let raw = match manifest::fetch(client, name, &Selector::Tag(tag.clone())).await {
        Ok(raw) => raw,
        Err(StoreError::NotFound { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let what = format!("{name}:{tag}");
    match Described::read(client.store(), &what, Some(&raw.descriptor.media_type), &raw.bytes)?.manifest {
        Manifest::Index(index) => Ok(index.manifests),
        Manifest::Image(_) => {
            Err(client.hostile("R-13", format!("{what}: an image where the referrers' index belongs")))
        }
    }
}

/// The fallback tags of what manifests are about, on their way to be brought up to date.
pub(super) struct Fallbacks<'c> {
    client: &'c Client,
    name: &'c str,
    turn: &'c Mutex<()>,
    /// Our own writers, kept apart; those of other processes are noticed by reading again.
    held: Option<MutexGuard<'c, ()>>,
    known: BTreeMap<Digest, Vec<Descriptor>>,
}

impl<'c> Fallbacks<'c> {
    /// Nothing is read yet.
    pub(super) fn of(client: &'c Client, turn: &'c Mutex<()>, name: &'c str) -> Self {
        Self { client, name, turn, held: None, known: BTreeMap::new() }
    }

    /// Reads those that will be written, where it is known already that the registry has no referrers API.
    pub(super) async fn read(mut self, described: &[Described]) -> Result<Self, StoreError> {
        let subjects: BTreeSet<Digest> =
            described.iter().filter_map(|one| one.subject().map(|subject| subject.digest.clone())).collect();
        if subjects.is_empty() || !self.client.answers.is_absent(&api_of(self.name)) {
            return Ok(self);
        }
        self.held = Some(self.turn.lock().await);
        let (client, name) = (self.client, self.name);
        let read = subjects.into_iter().map(|subject| {
            async move { Ok::<_, StoreError>((subject.clone(), fallback(client, name, &subject).await?)) }.boxed()
        });
        self.known = stream::iter(read.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
        Ok(self)
    }

    /// Brings referrers into the fallback tags of what they are about, those of one subject together.
    pub(super) async fn add(mut self, described: &[&Described], look: Look) -> Result<(), StoreError> {
        let mut by_subject: BTreeMap<Digest, Vec<Descriptor>> = BTreeMap::new();
        for one in described {
            if let Some(subject) = one.subject() {
                by_subject.entry(subject.digest.clone()).or_default().push(one.referrer());
            }
        }
        if by_subject.is_empty() {
            return Ok(());
        }
        if self.held.is_none() {
            self.held = Some(self.turn.lock().await);
        }
        let (client, name) = (self.client, self.name);
        let added = by_subject.iter().map(|about| {
            let known = self.known.remove(about.0);
            add_about(client, name, about, (known, look)).boxed()
        });
        stream::iter(added.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await
    }
}

/// `known`: what the tag listed a moment ago.
async fn add_about(
    client: &Client,
    name: &str,
    (subject, own): (&Digest, &Vec<Descriptor>),
    (mut known, look): (Option<Vec<Descriptor>>, Look),
) -> Result<(), StoreError> {
    let tag = fallback_tag(subject)?;
    let missing = |entries: &[Descriptor]| -> Vec<Descriptor> {
        let is_there = |entry: &&Descriptor| entries.iter().any(|known| known.digest == entry.digest);
        own.iter().filter(|entry| !is_there(entry)).cloned().collect()
    };
    for _ in 0..UPDATES {
        let mut entries = match known.take() {
            Some(known) => known,
            None => fallback(client, name, subject).await?,
        };
        let missing = missing(&entries);
        if missing.is_empty() {
            return Ok(());
        }
        entries.extend(missing);
        let bytes = serde_json::to_vec(&ImageIndex::new(entries))
            .map_err(|error| client.refused(&format!("{name}:{tag}"), error.to_string()))?;
        let index = Described::read(client.store(), name, Some(media_type::INDEX), &bytes)?;
        manifest::put(client, name, Some(&tag), &index, &bytes).await?;
        if look == Look::Never {
            return Ok(());
        }
    }
    // The last write was ours; only its being overwritten again could have gone unnoticed.
    match missing(&fallback(client, name, subject).await?).is_empty() {
        true => Ok(()),
        false => Err(client.refused(&format!("{name}:{tag}"), "others keep overwriting the referrers' index")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j05_the_fallback_tag_of_a_sha512_digest_is_cut() {
        let digest: Digest = format!("sha512:{}", "a".repeat(128)).parse().unwrap();
        assert_eq!(fallback_tag(&digest).unwrap().as_str(), format!("sha512-{}", "a".repeat(64)));
        let digest = Digest::of(b"x");
        assert_eq!(fallback_tag(&digest).unwrap().as_str(), digest.to_string().replace(':', "-"));
    }
}
