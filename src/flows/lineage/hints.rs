//! What others say of bases where images say nothing of them: the provenance attached to an image of the local store, and the lock
//! of the recipe that makes it. Nobody's signature is looked at: layers prove what counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt};
use serde_json::Value;

use crate::adapters::store::{Selector, Store, read_verified};
use crate::domain::lineage::{FurtherHints, Hint, Holder, Image};
use crate::domain::oci::{Descriptor, Digest, Manifest, Repository};
use crate::domain::trust::attest::{Bundle, Statement, predicate};
use crate::flows::Context;
use crate::flows::prepare::loaded_lock;

/// Images asked about at once.
const AT_ONCE: usize = 8;
/// Statements read of one image.
const MOST_STATEMENTS: usize = 8;
/// Largest one.
const MAX_BUNDLE: u64 = 4 << 20;
/// Dependencies of one provenance that may be its base.
const MOST_DEPENDENCIES: usize = 64;

impl Context {
    /// What provenances and locks say of bases, for images that name none by its digest.
    pub(super) async fn further_hints(&self, images: &[Image]) -> FurtherHints {
        let is_quiet = |image: &&Image| image.hint.as_ref().is_none_or(|hint| hint.digest.is_none());
        let quiet: Vec<(&Image, Vec<String>)> =
            images.iter().filter(is_quiet).map(|image| (image, local_names(image))).collect();
        let quiet: Vec<_> = quiet.into_iter().filter(|(_, names)| !names.is_empty()).collect();
        let Some(local) = self.local_if_present().ok().flatten().filter(|_| !quiet.is_empty()) else {
            return FurtherHints::new();
        };
        let locks = self.locks().await;
        let ask = |(image, names)| self.said_of(image, names, (&local, &locks)).boxed();
        let told: Vec<BoxFuture<'_, _>> = quiet.into_iter().map(ask).collect();
        let told: Vec<(Digest, Vec<Hint>)> = stream::iter(told).buffer_unordered(AT_ONCE).collect().await;
        told.into_iter().filter(|(_, hints)| !hints.is_empty()).collect()
    }

    /// What is said of one image.
    async fn said_of(
        &self,
        image: &Image,
        names: Vec<String>,
        (local, locks): (&Arc<dyn Store>, &BTreeMap<String, Hint>),
    ) -> (Digest, Vec<Hint>) {
        let mut hints = self.provenance(local, image, &names).await;
        hints.extend(names.iter().filter_map(|name| locks.get(name)).cloned());
        (image.digest.clone(), hints)
    }

    /// By `NAME:TAG`: what the lock beside the recipe that makes it pins.
    async fn locks(&self) -> BTreeMap<String, Hint> {
        let context = self.clone();
        let read = move || -> BTreeMap<String, Hint> {
            let locked = context.recipes_by_image().into_iter().filter_map(|(image, file)| {
                let lock = loaded_lock(&file).ok()??;
                Some((image, context.hint_of(&lock.base, Some(lock.digest))?))
            });
            locked.collect()
        };
        // A recipe that cannot be read says nothing.
        tokio::task::spawn_blocking(read).await.unwrap_or_default()
    }

    /// What the provenances attached to an image say it was made of.
    async fn provenance(&self, local: &Arc<dyn Store>, image: &Image, names: &[String]) -> Vec<Hint> {
        let repository = names.first().and_then(|name| name.rsplit_once(':')).and_then(|(name, _)| name.parse().ok());
        let Some(repository): Option<Repository> = repository else { return Vec::new() };
        let mut hints = Vec::new();
        for digest in image.digests() {
            let Ok(listed) = local.referrers(&repository, digest, None).await else { continue };
            for entry in listed.iter().filter(|entry| may_be_provenance(entry)).take(MOST_STATEMENTS) {
                if let Some(said) = statement(local, &repository, entry).await {
                    hints.extend(self.hints_of_provenance(&said));
                }
            }
        }
        hints.dedup();
        hints
    }

    /// The base it names; where it names none, everything it was made of may be it.
    fn hints_of_provenance(&self, predicate: &Value) -> Vec<Hint> {
        let listed = predicate.pointer("/buildDefinition/resolvedDependencies").and_then(Value::as_array);
        let digest = |entry: &Value| -> Option<Digest> {
            format!("sha256:{}", entry.pointer("/digest/sha256")?.as_str()?).parse().ok()
        };
        let mut listed = listed.into_iter().flatten().take(MOST_DEPENDENCIES);
        if let Some(name) = predicate.pointer("/buildDefinition/externalParameters/base").and_then(Value::as_str) {
            let is_base =
                |entry: &&Value| ["name", "uri"].iter().any(|key| entry.get(key).is_some_and(|is| is == name));
            let digest = listed.find(is_base).and_then(digest);
            return self.hint_of(name, digest).into_iter().collect();
        }
        listed.filter_map(digest).map(|digest| Hint { digest: Some(digest), ..Hint::default() }).collect()
    }
}

/// The predicate of a provenance.
async fn statement(local: &Arc<dyn Store>, repository: &Repository, entry: &Descriptor) -> Option<Value> {
    let raw = local.manifest(repository, &Selector::Digest(entry.digest.clone())).await.ok()?;
    let Ok(Manifest::Image(carrier)) = Manifest::parse(&raw.bytes, Some(&raw.descriptor.media_type)) else {
        return None;
    };
    let is_bundle = |layer: &&Descriptor| [predicate::BUNDLE, predicate::BUNDLE_OLDER].contains(&&*layer.media_type);
    let layer = carrier.layers.iter().find(is_bundle)?;
    let source = local.open_blob(repository, layer).await.ok()?;
    let bytes = read_verified(source, layer, MAX_BUNDLE).await.ok()?;
    let statement = Statement::parse(&Bundle::parse(&bytes).ok()?.envelope.payload).ok()?;
    (statement.predicate_type == predicate::PROVENANCE).then_some(statement.predicate)
}

/// `NAME:TAG` of each name an image has in the local store.
pub(super) fn local_names(image: &Image) -> Vec<String> {
    let local = image.places.iter().filter(|place| place.holder == Holder::Local);
    local.filter_map(|place| place.to_string().strip_prefix("local/").map(str::to_owned)).collect()
}

/// Whether a manifest about an image may hold a provenance.
fn may_be_provenance(entry: &Descriptor) -> bool {
    let kind = entry.annotations.get(predicate::BUNDLE_PREDICATE).map(String::as_str);
    kind.is_none_or(|kind| kind == predicate::PROVENANCE)
}
