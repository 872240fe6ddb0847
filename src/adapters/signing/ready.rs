//! What is attached to images, in two halves: everything that needs no key, which takes long to open, is asked for, made and
//! written before; what is signed goes last. Blobs are there before the manifest that names them. Verifies nothing.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde_json::{Value, json};

use super::attach::{Attachment, Said, SignatureFormat, SigningError, is_about_content};
use super::key::PrivateKey;
use super::legacy_tag::{LegacyTag, legacy_tag, signature_of};
use crate::adapters::clock;
use crate::adapters::store::{ForeseenStore, NewManifest, Selector, SmallBlob, StoreError};
use crate::domain::oci::{Annotations, Descriptor, Digest, ImageManifest, Manifest, Tag, annotation, media_type};
use crate::domain::trust::attest::{Bundle, Envelope, SimpleSigning, Statement, pae, predicate};

/// Most signatures under one tag: nobody reads more.
const MAX_SIGNATURES: usize = 100;
/// Most referrers looked at to see whether something is stated already.
const MAX_LOOKED_AT: usize = 100;
/// Questions on their way to a registry together.
const AT_ONCE: usize = 8;
/// Tries to bring a signature under a tag that others write too.
const UPDATES: usize = 5;

/// Everything that needs no key, for what is to be attached.
pub struct Ready<'s> {
    at: Attachment<'s>,
    statements: Vec<Unsigned>,
    tags: Vec<TagUnsigned>,
    /// What is about each subject already.
    listed: BTreeMap<Digest, Vec<Descriptor>>,
}

/// What is signed and written, and not attached yet.
pub struct Sealed<'s, 'k> {
    at: Attachment<'s>,
    key: &'k PrivateKey,
    tags: Vec<TagUnsigned>,
    referrers: Vec<NewManifest>,
    /// The referrers, one a statement, each after what it is about.
    stated: Vec<(Digest, Digest)>,
}

/// Whether it is looked at once more what was written where others write, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// Until it stays there.
    Again,
    /// Whoever had it written reads it.
    Never,
}

/// A statement before it is signed.
struct Unsigned {
    subject: Descriptor,
    predicate_type: String,
    payload: Vec<u8>,
}

/// A signature under cosign's `.sig` tag before it is made.
#[derive(Clone)]
struct TagUnsigned {
    tag: Tag,
    payload: Vec<u8>,
    there: Option<ImageManifest>,
    /// The config that has been put already, and with it the payload.
    put: Option<Digest>,
}

impl<'s> Ready<'s> {
    /// Asks what is there, and writes what no signature is in.
    pub(super) async fn of(at: Attachment<'s>, tagged: &[Descriptor], said: &[Said<'_>]) -> Result<Self, SigningError> {
        let mut statements = Vec::new();
        for Said { subject, predicate_type, predicate } in said {
            let statement = Statement::about(at.name, &subject.digest, predicate_type, (*predicate).clone());
            let payload = written("statement", &statement)?;
            let (subject, predicate_type) = ((*subject).clone(), (*predicate_type).to_owned());
            statements.push(Unsigned { subject, predicate_type, payload });
        }
        let mut tags = Vec::new();
        for subject in tagged {
            tags.extend(TagUnsigned::of(at, &subject.digest)?);
        }
        let tags = tags.into_iter().map(|tag: TagUnsigned| tag.prepared(at).boxed()).collect();
        let (listed, tags, (), ()) = futures_util::try_join!(
            listed(at, &statements),
            together(tags),
            put_empty(at, &statements),
            // As many as will be needed where nothing is stated yet.
            expect_bundles(at, statements.len()),
        )?;
        Ok(Self { at, statements, tags, listed })
    }

    /// Leaves it at that: nothing will be signed.
    pub async fn give_up(self) {
        // What is left open costs a store no more than what broke off.
        let _ = expect_bundles(self.at, 0).await;
    }

    /// Signs all of it and attaches it; gives the referrers, one a statement. What is there already stays.
    pub async fn sign(self, key: &PrivateKey) -> Result<Vec<Digest>, SigningError> {
        let sealed = self.seal(key).await?;
        sealed.attach().await?;
        Ok(sealed.stated.into_iter().map(|(_, referrer)| referrer).collect())
    }

    /// Signs what is stated and writes that, so that only what names it is wanting. Nothing is attached yet.
    pub async fn seal<'k>(self, key: &'k PrivateKey) -> Result<Sealed<'s, 'k>, SigningError> {
        let Self { at, statements, tags, listed } = self;
        let (mut referrers, mut bundles, mut stated) = (Vec::new(), Vec::new(), Vec::new());
        for statement in &statements {
            let bundle = SmallBlob::new(predicate::BUNDLE, statement.bundle(key)?);
            let there = listed.get(&statement.subject.digest).map(Vec::as_slice).unwrap_or_default();
            if let Some(there) = find_stated(at, there, (&statement.predicate_type, &bundle.descriptor)).await? {
                stated.push((statement.subject.digest.clone(), there));
                continue;
            }
            let bytes = written("referrer", &referrer(statement, bundle.descriptor.clone()))?;
            stated.push((statement.subject.digest.clone(), Digest::of(&bytes)));
            referrers.push(NewManifest { tag: None, media_type: media_type::MANIFEST.to_owned(), bytes });
            bundles.push(bundle);
        }
        put_blobs(at, &bundles).await?;
        expect_bundles(at, 0).await?;
        Ok(Sealed { at, key, tags, referrers, stated })
    }
}

impl Sealed<'_, '_> {
    /// Attaches it.
    pub async fn attach(&self) -> Result<(), SigningError> {
        self.settled(Look::Again).await
    }

    /// Attaches it, for whoever reads then all that is attached, and asks [`Self::is_seen_in`] whether this is among it.
    pub async fn attach_unseen(&self) -> Result<(), SigningError> {
        self.settled(Look::Never).await
    }

    /// Whether all of it was there when its store was asked last: others may have overwritten lists at the same moment.
    pub fn is_seen_in(&self, store: &ForeseenStore) -> bool {
        let is_signed = |tag: &TagUnsigned| {
            let raw = store.under(&tag.tag);
            let there = raw.and_then(|raw| Manifest::parse(&raw.bytes, Some(&raw.descriptor.media_type)).ok());
            matches!(there, Some(Manifest::Image(image)) if tag.is_signed_in(Some(&image), self.key))
        };
        self.stated.iter().all(|(subject, referrer)| store.has_listed(subject, referrer))
            && self.tags.iter().all(is_signed)
    }

    async fn settled(&self, look: Look) -> Result<(), SigningError> {
        let Self { at, key, tags, referrers, .. } = self;
        let (at, tags, referrers) = (*at, tags.clone(), referrers.clone());
        if at.store.as_layout().is_some() {
            // They share the index that names them: it is changed once.
            return settle(at, tags, referrers, (key, look)).await;
        }
        let bundled = settle(at, Vec::new(), referrers, (key, look)).boxed();
        together(vec![bundled, settle(at, tags, Vec::new(), (key, look)).boxed()]).await.map(drop)
    }
}

async fn expect_bundles(at: Attachment<'_>, coming: usize) -> Result<(), SigningError> {
    Ok(at.store.expect_blobs(at.repository, predicate::BUNDLE, coming).await?)
}

/// What is about each subject already. Unfiltered: registries without the referrers API list cosign's with another artifact type.
async fn listed(
    at: Attachment<'_>,
    statements: &[Unsigned],
) -> Result<BTreeMap<Digest, Vec<Descriptor>>, SigningError> {
    let subjects: BTreeSet<&Digest> = statements.iter().map(|statement| &statement.subject.digest).collect();
    let asked = subjects.into_iter().map(|subject| {
        async move { Ok((subject.clone(), at.store.referrers(at.repository, subject, None).await?)) }.boxed()
    });
    Ok(together(asked.collect()).await?.into_iter().collect())
}

/// Puts the config of what carries a bundle. Where something was signed before it is there: it is looked for first.
async fn put_empty(at: Attachment<'_>, statements: &[Unsigned]) -> Result<(), SigningError> {
    let empty = empty();
    match statements.is_empty() || at.store.has_blob(at.repository, &empty.descriptor).await? {
        true => Ok(()),
        false => put_blobs(at, &[empty]).await,
    }
}

async fn put_blobs(at: Attachment<'_>, blobs: &[SmallBlob]) -> Result<(), SigningError> {
    match blobs {
        [] => Ok(()),
        blobs => Ok(at.store.put_blobs(at.repository, blobs).await?),
    }
}

/// Puts manifests whose blobs are there, and signatures under their tags until they stay there.
async fn settle(
    at: Attachment<'_>,
    mut tags: Vec<TagUnsigned>,
    mut manifests: Vec<NewManifest>,
    (key, look): (&PrivateKey, Look),
) -> Result<(), SigningError> {
    // The last look sees whether somebody overwrote what the last try wrote.
    for attempt in 0..=UPDATES {
        // Also the first time: much may have happened while the key was opened.
        let there = together(tags.iter().map(|tag| signatures_under(at, &tag.tag).boxed()).collect()).await;
        let mut refused = match there {
            Ok(there) => {
                tags.iter_mut().zip(there).for_each(|(tag, there)| tag.there = there);
                None
            }
            Err(error) => Some(error),
        };
        tags.retain(|tag| refused.is_none() && !tag.is_signed_in(tag.there.as_ref(), key));
        for tag in &tags {
            if attempt == UPDATES {
                let why = "others keep overwriting it".to_owned();
                return Err(SigningError::Occupied { what: tag.tag.to_string(), why });
            }
            match tag.signed_by(at, key).await {
                Ok(signed) => manifests.push(signed),
                Err(error) => refused = Some(error),
            }
        }
        match look {
            _ if manifests.is_empty() => {}
            Look::Again => drop(at.store.put_manifests(at.repository, &manifests).await?),
            Look::Never => at.store.put_manifests_unseen(at.repository, &manifests, &|_| ()).await?,
        }
        match refused {
            // What has room for it stands.
            Some(error) => return Err(error),
            None if tags.is_empty() || look == Look::Never => break,
            None => manifests.clear(),
        }
    }
    Ok(())
}

/// Does several things at once.
async fn together<T>(things: Vec<BoxFuture<'_, Result<T, SigningError>>>) -> Result<Vec<T>, SigningError> {
    stream::iter(things).buffered(AT_ONCE).try_collect().await
}

/// The config of what carries a bundle.
fn empty() -> SmallBlob {
    SmallBlob::new(media_type::EMPTY, b"{}".to_vec())
}

impl Unsigned {
    /// The same, signed.
    fn bundle(&self, key: &PrivateKey) -> Result<Vec<u8>, SigningError> {
        let payload = self.payload.clone();
        let signature = key.sign(&pae(predicate::IN_TOTO, &payload));
        let envelope = Envelope { payload, payload_type: predicate::IN_TOTO.to_owned(), signatures: vec![signature] };
        Bundle::signed_by_key(&key.public().hint(), &envelope)
            .map_err(|source| SigningError::Document { what: "bundle", source })
    }
}

/// The referrer that carries this very bundle already: signatures of one key over the same bytes are the same.
async fn find_stated(
    at: Attachment<'_>,
    listed: &[Descriptor],
    (predicate_type, bundle): (&str, &Descriptor),
) -> Result<Option<Digest>, SigningError> {
    let may_be = |entry: &&Descriptor| {
        entry.annotations.get(predicate::BUNDLE_PREDICATE).is_none_or(|kind| kind == predicate_type)
    };
    for entry in listed.iter().filter(may_be).take(MAX_LOOKED_AT) {
        let raw = match at.store.manifest(at.repository, &Selector::Digest(entry.digest.clone())).await {
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

impl TagUnsigned {
    /// Of a manifest or index; `None` where no tag is so long, and bundles say the same.
    fn of(at: Attachment<'_>, subject: &Digest) -> Result<Option<Self>, SigningError> {
        let Some(tag) = legacy_tag(subject, LegacyTag::Signatures) else {
            let (what, why) = (format!("the .sig tag of {subject}"), "no tag is that long".to_owned());
            return match at.format {
                SignatureFormat::Legacy => Err(SigningError::Occupied { what, why }),
                SignatureFormat::Both | SignatureFormat::Bundle => Ok(None),
            };
        };
        let payload = SimpleSigning::payload(at.name, subject)
            .map_err(|source| SigningError::Document { what: "signed payload", source })?;
        Ok(Some(Self { tag, payload, there: None, put: None }))
    }

    fn is_signed_in(&self, there: Option<&ImageManifest>, key: &PrivateKey) -> bool {
        let digest = Digest::of(&self.payload);
        let is_ours = |known: &Descriptor| {
            known.digest == digest
                && signature_of(known).is_some_and(|bytes| key.public().verify(&self.payload, &bytes).is_ok())
        };
        known_under(there).iter().any(is_ours)
    }

    /// Puts what no signature is in.
    async fn prepared(mut self, at: Attachment<'_>) -> Result<Self, SigningError> {
        // Elsewhere that is asked when it is signed, and mostly nothing is there.
        if at.store.as_layout().is_some() {
            self.there = match signatures_under(at, &self.tag).await {
                // That is told once what else there is stands.
                Err(SigningError::Occupied { .. }) => None,
                there => there?,
            };
        }
        let payload = SmallBlob::new(predicate::SIMPLE_SIGNING, self.payload.clone());
        // Where it is there, so is what it is, and it may be ours.
        if !known_under(self.there.as_ref()).iter().any(|known| known.digest == payload.descriptor.digest) {
            let (_, config) = image_under(self.there.clone(), payload.descriptor.clone())?;
            self.put = Some(config.descriptor.digest.clone());
            put_blobs(at, &[payload, config]).await?;
        }
        Ok(self)
    }

    /// What is to be under the tag: the signature beside what is there. Its blobs are there then.
    async fn signed_by(&self, at: Attachment<'_>, key: &PrivateKey) -> Result<NewManifest, SigningError> {
        let known = known_under(self.there.as_ref());
        if known.len() >= MAX_SIGNATURES {
            let why = format!("R-13: it holds {} signatures already", known.len());
            return Err(SigningError::Occupied { what: format!("{}:{}", at.repository, self.tag), why });
        }
        let payload = SmallBlob::new(predicate::SIMPLE_SIGNING, self.payload.clone());
        let mut layer = payload.descriptor.clone();
        let signature = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key.sign(&self.payload));
        layer.annotations.insert(predicate::LEGACY_SIGNATURE.to_owned(), signature);
        let (image, config) = image_under(self.there.clone(), layer)?;
        if self.put.as_ref() != Some(&config.descriptor.digest) {
            put_blobs(at, &[payload, config]).await?;
        }
        let bytes = written("signatures", &image)?;
        let media_type = image.media_type.unwrap_or_else(|| media_type::MANIFEST.to_owned());
        Ok(NewManifest { tag: Some(self.tag.clone()), media_type, bytes })
    }
}

fn known_under(there: Option<&ImageManifest>) -> &[Descriptor] {
    there.map_or(&[], |there| &there.layers)
}

async fn signatures_under(at: Attachment<'_>, tag: &Tag) -> Result<Option<ImageManifest>, SigningError> {
    let occupied = |why: String| SigningError::Occupied { what: format!("{}:{tag}", at.repository), why };
    let raw = match at.store.manifest(at.repository, &Selector::Tag(tag.clone())).await {
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

/// What is under a `.sig` tag with one layer more, and its config.
fn image_under(there: Option<ImageManifest>, layer: Descriptor) -> Result<(ImageManifest, SmallBlob), SigningError> {
    let mut image = there.unwrap_or_else(|| ImageManifest {
        schema_version: 2,
        media_type: Some(media_type::MANIFEST.to_owned()),
        artifact_type: None,
        config: Descriptor::of(media_type::CONFIG, b""),
        layers: Vec::new(),
        subject: None,
        annotations: Annotations::new(),
    });
    image.layers.push(layer);
    let config =
        SmallBlob::new(&image.config.media_type, written("signatures' config", &TagConfig::of(&image.layers))?);
    image.config = config.descriptor.clone();
    Ok((image, config))
}

/// The manifest that carries a bundle.
fn referrer(said: &Unsigned, layer: Descriptor) -> ImageManifest {
    let Descriptor { media_type, digest, size, .. } = &said.subject;
    ImageManifest {
        schema_version: 2,
        media_type: Some(media_type::MANIFEST.to_owned()),
        artifact_type: Some(predicate::BUNDLE.to_owned()),
        config: empty().descriptor,
        layers: vec![layer],
        subject: Some(Descriptor::new(media_type.clone(), digest.clone(), *size)),
        annotations: Annotations::from([
            (predicate::BUNDLE_CONTENT.to_owned(), "dsse-envelope".to_owned()),
            (predicate::BUNDLE_PREDICATE.to_owned(), said.predicate_type.clone()),
            (annotation::CREATED.to_owned(), clock::now_rfc3339()),
        ]),
    }
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
