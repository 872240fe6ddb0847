//! Signing an image and stating something about it: what is written into its store beside it. Verifies nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryFutureExt, TryStreamExt, stream};
use serde::Serialize;
use serde_json::{Value, json};

use super::key::PrivateKey;
use super::legacy_tag::{LegacyTag, legacy_tag, signature_of};
use crate::adapters::clock;
use crate::adapters::store::{Selector, Store, StoreError};
use crate::domain::oci::{
    Annotations, Descriptor, Digest, ImageManifest, Manifest, Repository, Tag, annotation, media_type,
};
use crate::domain::trust::attest::{Bundle, Envelope, SimpleSigning, Statement, pae, predicate};

/// Most signatures under one tag: nobody reads more.
const MAX_SIGNATURES: usize = 100;
/// Most referrers looked at to see whether something is stated already.
const MAX_LOOKED_AT: usize = 100;
/// Signatures and statements on their way to a registry together.
const AT_ONCE: usize = 8;
/// Tries to bring a signature under a tag that others write too.
const UPDATES: usize = 5;

/// In which forms signatures are written (contract section 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignatureFormat {
    /// Bundles, and cosign's older `.sig` tag beside them.
    #[default]
    Both,
    /// Bundles only.
    Bundle,
    /// The older tag only.
    Legacy,
}

/// Why nothing was attached.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is there already cannot be added to.
    #[error("{what} cannot be added to: {why}")]
    Occupied {
        /// The tag.
        what: String,
        /// Why.
        why: String,
    },
    /// A document that cannot be written.
    #[error("{what} cannot be written")]
    Document {
        /// Which.
        what: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// Where and by whom something is attached.
#[derive(Clone, Copy)]
pub struct Signing<'s> {
    /// The store.
    pub store: &'s dyn Store,
    /// The repository there.
    pub repository: &'s Repository,
    /// What the image is called in signatures: its path without registry and tag.
    pub name: &'s str,
    /// Who signs.
    pub key: &'s PrivateKey,
    /// In which forms.
    pub format: SignatureFormat,
}

/// What is to be stated.
#[derive(Clone, Copy, Debug)]
pub struct Said<'s> {
    /// The manifest or index it is about.
    pub subject: &'s Descriptor,
    /// Of what kind it is.
    pub predicate_type: &'s str,
    /// What is said.
    pub predicate: &'s Value,
}

impl Signing<'_> {
    /// Signs a manifest or index. What is there already stays; doing it again changes nothing.
    pub async fn sign(&self, subject: &Descriptor) -> Result<(), SigningError> {
        self.attach(std::slice::from_ref(subject), &[]).await
    }

    /// States `predicate` about a manifest or index, as a bundle; gives the digest of the referrer. The same said again by the
    /// same key changes nothing.
    pub async fn attest(
        &self,
        subject: &Descriptor,
        predicate_type: &str,
        predicate: &Value,
    ) -> Result<Option<Digest>, SigningError> {
        Ok(self.attest_all(&[Said { subject, predicate_type, predicate }]).await?.pop())
    }

    /// Signs manifests and indexes, and states what is to be stated, with as few questions as it takes: what is about the same
    /// image is asked for once and listed once. What is there already stays.
    pub async fn attach(&self, subjects: &[Descriptor], said: &[Said<'_>]) -> Result<(), SigningError> {
        let nothing = json!({});
        let is_signed = |subject| Said { subject, predicate_type: predicate::SIGN, predicate: &nothing };
        let bundled = if self.format == SignatureFormat::Legacy { &[] } else { subjects };
        let tagged = if self.format == SignatureFormat::Bundle { &[] } else { subjects };
        let said: Vec<Said<'_>> = bundled.iter().map(is_signed).chain(said.iter().copied()).collect();
        let tags: Vec<_> = tagged.iter().map(|subject| self.sign_tag(subject).boxed()).collect();
        let bundles = self.attest_all(&said).map_ok(drop).boxed();
        self.together(vec![bundles, self.together(tags).map_ok(drop).boxed()]).await.map(drop)
    }

    /// Does several things at once; in a layout one after the other: they share the index that names them.
    async fn together<T>(&self, things: Vec<BoxFuture<'_, Result<T, SigningError>>>) -> Result<Vec<T>, SigningError> {
        let at_once = if self.store.as_layout().is_some() { 1 } else { AT_ONCE };
        stream::iter(things).buffered(at_once).try_collect().await
    }

    /// States all of it; gives the digest of the referrer that carries each.
    async fn attest_all(&self, said: &[Said<'_>]) -> Result<Vec<Digest>, SigningError> {
        let subjects: BTreeSet<&Digest> = said.iter().map(|said| &said.subject.digest).collect();
        // Unfiltered: registries without the referrers API list cosign's with another artifact type.
        let mut asked: Vec<BoxFuture<'_, Result<_, SigningError>>> = Vec::new();
        for subject in subjects {
            let ask = async move { Ok((subject, self.store.referrers(self.repository, subject, None).await?)) };
            asked.push(ask.boxed());
        }
        let listed: BTreeMap<&Digest, Vec<Descriptor>> = self.together(asked).await?.into_iter().collect();
        let config = Descriptor::of(media_type::EMPTY, b"{}");
        let (mut referrers, mut bundles, mut digests) = (Vec::new(), Vec::new(), Vec::new());
        for said in said {
            let bundle = self.bundle(said)?;
            let layer = Descriptor::of(predicate::BUNDLE, &bundle);
            let there = listed.get(&said.subject.digest).map(Vec::as_slice).unwrap_or_default();
            if let Some(there) = self.find_stated(there, said.predicate_type, &layer).await? {
                digests.push(there);
                continue;
            }
            let bytes = written("referrer", &referrer(said, layer.clone(), config.clone()))?;
            digests.push(Digest::of(&bytes));
            referrers.push(bytes);
            bundles.push((layer, bundle));
        }
        if !referrers.is_empty() {
            bundles.push((config, b"{}".to_vec()));
            self.put_all(bundles).await?;
            self.store.put_referrers(self.repository, media_type::MANIFEST, &referrers).await?;
        }
        Ok(digests)
    }

    /// A statement, signed.
    fn bundle(&self, said: &Said<'_>) -> Result<Vec<u8>, SigningError> {
        let Said { subject, predicate_type, predicate } = *said;
        let statement = Statement::about(self.name, &subject.digest, predicate_type, predicate.clone());
        let payload = written("statement", &statement)?;
        let signature = self.key.sign(&pae(predicate::IN_TOTO, &payload));
        let envelope = Envelope { payload, payload_type: predicate::IN_TOTO.to_owned(), signatures: vec![signature] };
        Bundle::signed_by_key(&self.key.public().hint(), &envelope)
            .map_err(|source| SigningError::Document { what: "bundle", source })
    }

    /// The referrer that carries this very bundle already: signatures of one key over the same bytes are the same.
    async fn find_stated(
        &self,
        listed: &[Descriptor],
        predicate_type: &str,
        bundle: &Descriptor,
    ) -> Result<Option<Digest>, SigningError> {
        let may_be = |entry: &&Descriptor| {
            entry.annotations.get(predicate::BUNDLE_PREDICATE).is_none_or(|kind| kind == predicate_type)
        };
        for entry in listed.iter().filter(may_be).take(MAX_LOOKED_AT) {
            let raw = match self.store.manifest(self.repository, &Selector::Digest(entry.digest.clone())).await {
                Ok(raw) => raw,
                Err(error) if is_about_content(&error) => continue,
                Err(error) => return Err(error.into()),
            };
            if let Ok(Manifest::Image(image)) = Manifest::parse(&raw.bytes, Some(&raw.descriptor.media_type))
                && image.layers.iter().any(|layer| layer.digest == bundle.digest)
            {
                return Ok(Some(entry.digest.clone()));
            }
        }
        Ok(None)
    }

    /// Adds a signature under cosign's `.sig` tag.
    async fn sign_tag(&self, subject: &Descriptor) -> Result<(), SigningError> {
        let Some(tag) = legacy_tag(&subject.digest, LegacyTag::Signatures) else {
            let (what, why) = (format!("the .sig tag of {}", subject.digest), "no tag is that long".to_owned());
            // Bundles say the same where both are asked for.
            return match self.format {
                SignatureFormat::Legacy => Err(SigningError::Occupied { what, why }),
                SignatureFormat::Both | SignatureFormat::Bundle => Ok(()),
            };
        };
        let payload = SimpleSigning::payload(self.name, &subject.digest)
            .map_err(|source| SigningError::Document { what: "signed payload", source })?;
        let mut layer = Descriptor::of(predicate::SIMPLE_SIGNING, &payload);
        let signature = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, self.key.sign(&payload));
        layer.annotations.insert(predicate::LEGACY_SIGNATURE.to_owned(), signature);
        // The last look sees whether somebody overwrote what the last try wrote.
        for attempt in 0..=UPDATES {
            let there = self.signatures_under(&tag).await?;
            let is_ours = |known: &&Descriptor| {
                known.digest == layer.digest
                    && signature_of(known).is_some_and(|bytes| self.key.public().verify(&payload, &bytes).is_ok())
            };
            let known = there.as_ref().map_or(&[][..], |there| &there.layers);
            if known.iter().any(|known| is_ours(&known)) {
                return Ok(());
            }
            if known.len() >= MAX_SIGNATURES {
                let why = format!("R-13: it holds {} signatures already", known.len());
                return Err(SigningError::Occupied { what: format!("{}:{tag}", self.repository), why });
            }
            if attempt < UPDATES {
                self.put_tag(&tag, there, (layer.clone(), &payload)).await?;
            }
        }
        Err(SigningError::Occupied { what: tag.to_string(), why: "others keep overwriting it".to_owned() })
    }

    async fn signatures_under(&self, tag: &Tag) -> Result<Option<ImageManifest>, SigningError> {
        let occupied = |why: String| SigningError::Occupied { what: format!("{}:{tag}", self.repository), why };
        let raw = match self.store.manifest(self.repository, &Selector::Tag(tag.clone())).await {
            Ok(raw) => raw,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error @ StoreError::Manifest { .. }) => return Err(occupied(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        match Manifest::parse(&raw.bytes, Some(&raw.descriptor.media_type)) {
            Ok(Manifest::Image(image)) => Ok(Some(image)),
            Ok(Manifest::Index(_)) => Err(occupied("it is an index".to_owned())),
            Err(error) => Err(occupied(error.to_string())),
        }
    }

    async fn put_tag(
        &self,
        tag: &Tag,
        there: Option<ImageManifest>,
        (layer, payload): (Descriptor, &[u8]),
    ) -> Result<(), SigningError> {
        let mut image = there.unwrap_or_else(|| ImageManifest {
            schema_version: 2,
            media_type: Some(media_type::MANIFEST.to_owned()),
            artifact_type: None,
            config: Descriptor::of(media_type::CONFIG, b""),
            layers: Vec::new(),
            subject: None,
            annotations: Annotations::new(),
        });
        let blob = Descriptor::of(&layer.media_type, payload);
        image.layers.push(layer);
        let config = written("signatures' config", &TagConfig::of(&image.layers))?;
        image.config = Descriptor::of(&image.config.media_type, &config);
        self.put_all(vec![(blob, payload.to_vec()), (image.config.clone(), config)]).await?;
        let bytes = written("signatures", &image)?;
        let kind = image.media_type.as_deref().unwrap_or(media_type::MANIFEST);
        self.store.put_manifest(self.repository, Some(tag), kind, &bytes).await?;
        Ok(())
    }

    async fn put_all(&self, blobs: Vec<(Descriptor, Vec<u8>)>) -> Result<(), SigningError> {
        let mut put = Vec::with_capacity(blobs.len());
        for (blob, bytes) in blobs {
            let one =
                async move { Ok(self.store.put_blob(self.repository, &blob, Box::pin(Cursor::new(bytes))).await?) };
            put.push(one.boxed());
        }
        self.together(put).await.map(drop)
    }
}

/// The manifest that carries a bundle.
fn referrer(said: &Said<'_>, layer: Descriptor, config: Descriptor) -> ImageManifest {
    let Descriptor { media_type, digest, size, .. } = said.subject;
    ImageManifest {
        schema_version: 2,
        media_type: Some(media_type::MANIFEST.to_owned()),
        artifact_type: Some(predicate::BUNDLE.to_owned()),
        config,
        layers: vec![layer],
        subject: Some(Descriptor::new(media_type.clone(), digest.clone(), *size)),
        annotations: Annotations::from([
            (predicate::BUNDLE_CONTENT.to_owned(), "dsse-envelope".to_owned()),
            (predicate::BUNDLE_PREDICATE.to_owned(), said.predicate_type.to_owned()),
            (annotation::CREATED.to_owned(), clock::now_rfc3339()),
        ]),
    }
}

/// Whether the fault is in what a store holds rather than in reaching it.
pub(super) fn is_about_content(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::NotFound { .. }
            | StoreError::Mismatch { .. }
            | StoreError::Hostile { .. }
            | StoreError::Manifest { .. }
            | StoreError::Reference(_)
    )
}

fn written(what: &'static str, document: &impl Serialize) -> Result<Vec<u8>, SigningError> {
    serde_json::to_vec(document).map_err(|source| SigningError::Document { what, source })
}

/// The config of a `.sig` image as cosign writes it: signatures are layers, uncompressed.
#[derive(Serialize)]
struct TagConfig<'a> {
    architecture: &'static str,
    created: &'static str,
    history: Vec<Value>,
    os: &'static str,
    rootfs: TagRoot<'a>,
    config: Value,
}

#[derive(Serialize)]
struct TagRoot<'a> {
    r#type: &'static str,
    diff_ids: Vec<&'a Digest>,
}

impl<'a> TagConfig<'a> {
    fn of(layers: &'a [Descriptor]) -> Self {
        const NEVER: &str = "0001-01-01T00:00:00Z";
        Self {
            architecture: "",
            created: NEVER,
            history: layers.iter().map(|_| json!({"created": NEVER})).collect(),
            os: "",
            rootfs: TagRoot { r#type: "layers", diff_ids: layers.iter().map(|layer| &layer.digest).collect() },
            config: json!({}),
        }
    }
}
