//! What is attached to an image in its store, verified against a keyring. Judges no image.

use futures_util::{StreamExt, TryStreamExt, stream};

use super::attach::is_about_content;
use super::judge::{Judge, Judged, malformed, shown};
use super::keyring::Keyring;
use super::legacy_tag::{LegacyTag, legacy_tag};
use crate::adapters::store::{Selector, Store, StoreError, read_verified};
use crate::domain::oci::{Descriptor, Digest, Manifest, ManifestError, Repository, media_type};
use crate::domain::trust::attest::predicate;
use crate::domain::trust::{Attached, AttestationSeen, Form, Gap, Known, Outcome, SignatureSeen, reason};

/// Most signatures and attestations of one image that are read.
const MAX_ATTACHED: usize = 100;
/// Largest bundle, envelope or payload.
const MAX_BYTES: u64 = 4 << 20;
/// How many are read at once.
const AT_ONCE: usize = 8;
/// Why fewer were read than there are.
const MORE: &str =
    "R-13: more than 100 signatures and attestations are attached, and none of those that were read is good";

/// An image in its store.
#[derive(Clone, Copy)]
pub struct Subject<'s> {
    /// The store.
    pub store: &'s dyn Store,
    /// The repository there.
    pub repository: &'s Repository,
    /// The manifest or index.
    pub digest: &'s Digest,
    /// What the image may be called in a signature that names one: paths without registry and tag, each right alone:
    /// `global/python` and `python` for the repository `python` of a store at `registry.example/global`. Without any, only
    /// signatures that name nothing are good.
    pub names: &'s [String],
}

/// Everything attached to the image: bundles among its referrers, `.sig` and `.att` tags. `now` in seconds since 1970.
pub async fn attached(subject: Subject<'_>, ring: &Keyring, now: i64) -> Known<Attached> {
    let reading = Reading { subject, judge: Judge { digest: subject.digest, names: subject.names, ring, now } };
    let (referrers, signatures, attestations) = futures_util::try_join!(
        reading.referrers(),
        reading.layers(LegacyTag::Signatures),
        reading.layers(LegacyTag::Attestations),
    )?;
    let mut is_cut = referrers.is_cut || signatures.is_cut || attestations.is_cut;
    let found = Found::take_turns([referrers.found, signatures.found, attestations.found]);
    is_cut |= found.len() > MAX_ATTACHED;
    let seen: Vec<Option<Seen>> = stream::iter(found.into_iter().take(MAX_ATTACHED))
        .map(|found| reading.see(found))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut attached = Attached::default();
    for seen in seen.into_iter().flatten() {
        match seen {
            Seen::Signature(signature) => attached.signatures.push(signature),
            Seen::Attestation(attestation) => attached.attestations.push(attestation),
        }
    }
    if is_cut && attached.signers().next().is_none() {
        return Err(Gap { reason: reason::TOO_MANY, why: MORE.to_owned() });
    }
    Ok(attached)
}

/// Something a list names.
enum Found {
    /// A manifest about the image.
    Referrer(Descriptor),
    /// A layer of the `.sig` tag.
    Signature(Descriptor),
    /// A layer of the `.att` tag.
    Attestation(Descriptor),
    /// What a tag points to is of no use.
    Unreadable(Box<Seen>),
}

/// What one list names, and whether there is more of it than may be read.
#[derive(Default)]
struct Listed {
    found: Vec<Found>,
    is_cut: bool,
}

/// Something that was read.
enum Seen {
    Signature(SignatureSeen),
    Attestation(AttestationSeen),
}

impl Found {
    /// Lists in turns, so that none of them crowds the others out.
    fn take_turns(lists: [Vec<Self>; 3]) -> Vec<Self> {
        let mut lists = lists.map(Vec::into_iter);
        let mut found = Vec::new();
        loop {
            let before = found.len();
            found.extend(lists.iter_mut().filter_map(Iterator::next));
            if found.len() == before {
                return found;
            }
        }
    }
}

struct Reading<'a> {
    subject: Subject<'a>,
    judge: Judge<'a>,
}

impl Reading<'_> {
    /// Manifests about the image that may hold bundles. The list is not filtered by the store: registries without the
    /// referrers API list what cosign wrote with the type of its empty config.
    async fn referrers(&self) -> Known<Listed> {
        let Subject { store, repository, digest, .. } = self.subject;
        let listed = match store.referrers(repository, digest, None).await {
            Ok(listed) => listed,
            Err(StoreError::NotFound { .. }) => Vec::new(),
            Err(StoreError::Hostile { family: "R-13", .. }) => return Ok(Listed { is_cut: true, ..Listed::default() }),
            Err(error) => return Err(gap(&error)),
        };
        let may_be = |entry: &Descriptor| match entry.artifact_type.as_deref() {
            None | Some(media_type::EMPTY) => true,
            Some(kind) => is_bundle(kind),
        };
        let mut listed: Vec<Descriptor> = listed.into_iter().filter(may_be).collect();
        // Signatures before statements; else as the store has them.
        listed.sort_by_key(|entry| kind_of(entry).is_some_and(|kind| kind != predicate::SIGN));
        Ok(Listed { found: listed.into_iter().map(Found::Referrer).collect(), is_cut: false })
    }

    /// Layers of one of cosign's older tags.
    async fn layers(&self, kind: LegacyTag) -> Known<Listed> {
        let Subject { store, repository, digest, .. } = self.subject;
        let Some(tag) = legacy_tag(digest, kind) else { return Ok(Listed::default()) };
        let (layer_type, found): (_, fn(Descriptor) -> Found) = match kind {
            LegacyTag::Signatures => (predicate::SIMPLE_SIGNING, Found::Signature),
            LegacyTag::Attestations => (predicate::ENVELOPE, Found::Attestation),
        };
        let selector = Selector::Tag(tag);
        let raw = match store.manifest(repository, &selector).await {
            Ok(raw) => raw,
            Err(StoreError::NotFound { .. }) => return self.dangling(&selector, kind).await,
            Err(StoreError::Manifest { source: ManifestError::TooMany { .. }, .. }) => {
                return Ok(Listed { is_cut: true, ..Listed::default() });
            }
            Err(error) if is_about_content(&error) => {
                let seen = seen_as(kind, digest.clone(), malformed(&error));
                return Ok(Listed { found: vec![Found::Unreadable(Box::new(seen))], is_cut: false });
            }
            Err(error) => return Err(gap(&error)),
        };
        match Manifest::parse(&raw.bytes, Some(&raw.descriptor.media_type)) {
            Ok(Manifest::Image(image)) => {
                let layers = image.layers.into_iter().filter(|layer| layer.media_type == layer_type);
                Ok(Listed { found: layers.map(found).collect(), is_cut: false })
            }
            Ok(Manifest::Index(_)) => {
                let seen = seen_as(kind, raw.descriptor.digest, malformed(&"the tag points to an index"));
                Ok(Listed { found: vec![Found::Unreadable(Box::new(seen))], is_cut: false })
            }
            Err(ManifestError::TooMany { .. }) => Ok(Listed { is_cut: true, ..Listed::default() }),
            Err(error) => {
                let seen = seen_as(kind, raw.descriptor.digest, malformed(&error));
                Ok(Listed { found: vec![Found::Unreadable(Box::new(seen))], is_cut: false })
            }
        }
    }

    /// A tag that is not there is no signature; one whose manifest is gone is a missing one, which only a layout can tell apart.
    async fn dangling(&self, selector: &Selector, kind: LegacyTag) -> Known<Listed> {
        let Subject { store, repository, .. } = self.subject;
        if store.as_layout().is_none() {
            return Ok(Listed::default());
        }
        match store.resolve(repository, selector).await {
            Ok(entry) => {
                let seen = seen_as(kind, entry.digest.clone(), missing(&entry.digest));
                Ok(Listed { found: vec![Found::Unreadable(Box::new(seen))], is_cut: false })
            }
            Err(_) => Ok(Listed::default()),
        }
    }

    /// Reads and judges one. `None` where it turns out to be something else.
    async fn see(&self, found: Found) -> Known<Option<Seen>> {
        match found {
            Found::Referrer(entry) => self.see_referrer(entry).await,
            Found::Signature(layer) => {
                let outcome = match self.read(&layer).await? {
                    Ok(payload) => self.judge.signature_layer(&layer, &payload),
                    Err(outcome) => outcome,
                };
                Ok(Some(seen_as(LegacyTag::Signatures, layer.digest, outcome)))
            }
            Found::Attestation(layer) => {
                let mut judged = match self.read(&layer).await? {
                    Ok(bytes) => self.judge.attestation_layer(&layer, &bytes),
                    Err(outcome) => Judged { predicate_type: String::new(), outcome, predicate: None },
                };
                if judged.predicate_type.is_empty() {
                    let kind = layer.annotations.get(predicate::LEGACY_PREDICATE);
                    judged.predicate_type = kind.map(|kind| shown(kind)).unwrap_or_default();
                }
                Ok(Some(attestation(Form::Legacy, layer.digest, judged)))
            }
            Found::Unreadable(seen) => Ok(Some(*seen)),
        }
    }

    async fn see_referrer(&self, entry: Descriptor) -> Known<Option<Seen>> {
        let Subject { store, repository, .. } = self.subject;
        let failed = |outcome| {
            let predicate_type = kind_of(&entry).map(shown).unwrap_or_default();
            referrer(entry.digest.clone(), Judged { predicate_type, outcome, predicate: None })
        };
        let raw = match store.manifest(repository, &Selector::Digest(entry.digest.clone())).await {
            Ok(raw) => raw,
            Err(StoreError::NotFound { .. }) => return Ok(Some(failed(missing(&entry.digest)))),
            Err(error) if is_about_content(&error) => return Ok(Some(failed(malformed(&error)))),
            Err(error) => return Err(gap(&error)),
        };
        let image = match Manifest::parse(&raw.bytes, Some(&raw.descriptor.media_type)) {
            Ok(Manifest::Image(image)) => image,
            Ok(Manifest::Index(_)) => return Ok(None),
            Err(error) => return Ok(Some(failed(malformed(&error)))),
        };
        // A list may name what is about another image.
        let about = image.subject.as_ref().map(|subject| &subject.digest);
        if about.is_some_and(|about| about != self.subject.digest) {
            return Ok(None);
        }
        let is_one = image.artifact_type.as_deref().is_some_and(is_bundle);
        let Some(layer) = image.layers.iter().find(|layer| is_bundle(&layer.media_type)) else {
            return Ok(is_one.then(|| failed(malformed(&"the referrer holds no bundle"))));
        };
        let mut judged = match self.read(layer).await? {
            Ok(bytes) => self.judge.bundle(&bytes),
            Err(outcome) => Judged { predicate_type: String::new(), outcome, predicate: None },
        };
        if judged.predicate_type.is_empty() {
            let said = image.annotations.get(predicate::BUNDLE_PREDICATE).map(String::as_str).or(kind_of(&entry));
            judged.predicate_type = said.map(shown).unwrap_or_default();
        }
        Ok(Some(referrer(entry.digest, judged)))
    }

    /// A blob's bytes, or how reading it ended for this signature; a gap where the store cannot be asked.
    async fn read(&self, blob: &Descriptor) -> Known<Result<Vec<u8>, Outcome>> {
        let Subject { store, repository, .. } = self.subject;
        let read = async { read_verified(store.open_blob(repository, blob).await?, blob, MAX_BYTES).await };
        match read.await {
            Ok(bytes) => Ok(Ok(bytes)),
            Err(StoreError::NotFound { .. }) => Ok(Err(missing(&blob.digest))),
            Err(error) if is_about_content(&error) => Ok(Err(malformed(&error))),
            Err(error) => Err(gap(&error)),
        }
    }
}

fn is_bundle(kind: &str) -> bool {
    kind.starts_with("application/vnd.dev.sigstore.bundle")
}

/// What a list says a bundle holds.
fn kind_of(entry: &Descriptor) -> Option<&str> {
    entry.annotations.get(predicate::BUNDLE_PREDICATE).map(String::as_str)
}

fn missing(digest: &Digest) -> Outcome {
    Outcome::Missing { why: format!("{digest} is listed and not there") }
}

fn gap(error: &StoreError) -> Gap {
    let reason = match error {
        StoreError::Unreachable { .. }
        | StoreError::Refused { .. }
        | StoreError::Busy { .. }
        | StoreError::CatalogUnsupported { .. } => reason::UNREACHABLE,
        StoreError::NotFound { .. } => reason::NOT_FOUND,
        StoreError::Mismatch { .. }
        | StoreError::Hostile { .. }
        | StoreError::Manifest { .. }
        | StoreError::Reference(_)
        | StoreError::ReadOnly { .. }
        | StoreError::Io { .. } => reason::UNUSABLE,
    };
    let mut why = error.to_string();
    if let Some(cause) = std::error::Error::source(error) {
        why.push_str(&format!(": {cause}"));
    }
    Gap { reason, why }
}

/// What is found in a bundle counts as a signature where it says so, or says nothing.
fn referrer(at: Digest, judged: Judged) -> Seen {
    if judged.predicate_type == predicate::SIGN || judged.predicate_type.is_empty() {
        return Seen::Signature(SignatureSeen { form: Form::Bundle, at, outcome: judged.outcome });
    }
    attestation(Form::Bundle, at, judged)
}

fn attestation(form: Form, at: Digest, judged: Judged) -> Seen {
    let Judged { predicate_type, outcome, predicate } = judged;
    Seen::Attestation(AttestationSeen { form, at, predicate_type, outcome, predicate })
}

fn seen_as(kind: LegacyTag, at: Digest, outcome: Outcome) -> Seen {
    match kind {
        LegacyTag::Signatures => Seen::Signature(SignatureSeen { form: Form::Legacy, at, outcome }),
        LegacyTag::Attestations => {
            attestation(Form::Legacy, at, Judged { predicate_type: String::new(), outcome, predicate: None })
        }
    }
}
