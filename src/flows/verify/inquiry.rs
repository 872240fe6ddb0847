//! What one verification asks the world, each question once: keys, signatures, where tags point. Judges nothing.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, watch};

use super::reading::{Reading, gap_of_store};
use crate::adapters::clock;
use crate::adapters::seen::SeenTags;
use crate::adapters::settings::StorePlace;
use crate::adapters::signing::{Keyring, Subject, attached};
use crate::adapters::store::{KeptDocuments, Memory, RememberedStore, Selector, Store};
use crate::domain::oci::{Digest, ImageRef, Repository, Tag};
use crate::domain::trust::{Attached, Gap, Known, reason};
use crate::flows::Context;
use crate::flows::compare::one_line;
use crate::flows::jurisdiction::Jurisdiction;
use crate::report::Report;

/// How long a store is waited for where only freshness hangs on it.
const PATIENCE: Duration = Duration::from_secs(3);
/// The same about what is pinned: whether its tag has moved is good to know, and no more.
const PINNED_PATIENCE: Duration = Duration::from_secs(1);

/// A repository, opened, and who judges what lies in it.
#[derive(Clone)]
pub(in crate::flows) struct Site {
    pub(in crate::flows) store: Arc<dyn Store>,
    pub(in crate::flows) repository: Repository,
    /// Its one full name.
    pub(in crate::flows) full_name: String,
    pub(in crate::flows) law: Jurisdiction,
}

impl Site {
    /// Where an image lies.
    pub(in crate::flows) fn of(context: &Context, image: &ImageRef) -> Result<Self, Report> {
        let (store, repository) = context.open(image)?;
        let law = context.jurisdiction(image, Some(&repository));
        let full_name = context.full_name(image, &repository);
        Ok(Self { store, repository, full_name, law })
    }

    /// Its documents.
    pub(super) fn reading(&self, context: &Context) -> Reading<'_> {
        let kept = KeptDocuments::new(&context.paths.cache);
        Reading { kept, store: &self.store, repository: &self.repository }
    }
}

/// Questions already asked.
pub(in crate::flows) struct Asked<K, V>(Mutex<HashMap<K, Arc<OnceCell<V>>>>);

impl<K: Hash + Eq, V: Clone> Asked<K, V> {
    pub(in crate::flows) fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    /// The answer; `ask` runs for the first who wants it, unless that one gives up.
    pub(in crate::flows) async fn once(&self, key: K, ask: impl Future<Output = V>) -> V {
        let cell = {
            let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(asked.entry(key).or_default())
        };
        cell.get_or_init(|| ask).await.clone()
    }
}

/// What is attached to an image that was sent to a registry.
#[derive(Clone)]
pub(in crate::flows) struct Sent {
    /// The store it is put through, which has it on its way back.
    pub(in crate::flows) store: Arc<dyn Store>,
    /// Whether all of it has been put: nothing that is attached is asked for before.
    pub(in crate::flows) is_attached: watch::Receiver<bool>,
}

/// The questions of one verification.
pub(in crate::flows) struct Inquiry {
    /// Seconds since 1970, the same for all of it.
    pub(super) now: i64,
    pub(super) seen: SeenTags,
    context: Context,
    /// What is pinned is judged by what its store answered before, where it does not answer now.
    pinned: bool,
    /// The repository something is put into, by its full name.
    sent: Option<(String, Sent)>,
    rings: Asked<String, Known<Arc<Keyring>>>,
    attached: Asked<(String, Digest), Known<Attached>>,
    tags: Asked<(String, Tag), Known<Digest>>,
}

impl Inquiry {
    /// Nothing is asked yet.
    pub(in crate::flows) fn new(context: &Context) -> Self {
        Self {
            now: context.frozen_now.unwrap_or_else(clock::now_unix),
            seen: SeenTags::new(&context.paths.state),
            context: context.clone(),
            pinned: false,
            sent: None,
            rings: Asked::new(),
            attached: Asked::new(),
            tags: Asked::new(),
        }
    }

    /// About a base that a lock pins: a bake does not wait for a store that was asked before.
    pub(in crate::flows) fn of_pinned(context: &Context) -> Self {
        Self { pinned: true, ..Self::new(context) }
    }

    /// The same, where something is put at a site: what else there is to ask is asked meanwhile.
    pub(super) fn of_sent(context: &Context, site: &Site, sent: Sent) -> Self {
        Self { sent: Some((site.full_name.clone(), sent)), ..Self::of_pinned(context) }
    }

    /// What is put at this site.
    fn sent_to(&self, site: &Site) -> Option<&Sent> {
        self.sent.as_ref().filter(|(name, _)| *name == site.full_name).map(|(_, sent)| sent)
    }

    /// The keys that judge what lies at a site.
    async fn ring(&self, law: &Jurisdiction) -> Known<Arc<Keyring>> {
        let no_keys = |why: String| Gap { reason: reason::NO_KEYS, why };
        let Some(name) = &law.store else {
            return Err(no_keys("it lies under no store of this workspace, so nobody's signature counts".into()));
        };
        let load = async {
            let unusable = |report: Report| Gap { reason: reason::BAD_KEYS, why: one_line(&report) };
            let settings = self.context.store_settings(name).map_err(unusable)?;
            let ring = Keyring::load(settings).map_err(|error| unusable(error.into()))?;
            if ring.is_empty() && matches!(settings.place, StorePlace::Daemon { .. }) {
                return Err(no_keys(format!(
                    "store {name} is a daemon's, which keeps no signatures; `base: {{signed-by: []}}` in policy.yaml asks for none"
                )));
            }
            if ring.is_empty() {
                return Err(no_keys(format!("store {name} names no keys; add `keys: […]` to it in bakery.yaml")));
            }
            Ok(Arc::new(ring))
        };
        self.rings.once(name.clone(), load).await
    }

    /// What is attached to a digest, judged by the keys of its site.
    pub(in crate::flows) async fn attached(&self, site: &Site, digest: &Digest) -> Known<Attached> {
        let ask = async {
            let ring = self.ring(&site.law).await?;
            // Of what is sent, only what is there then counts.
            let pinned = match self.sent_to(site) {
                Some(sent) if sent.is_attached.clone().wait_for(|is_attached| *is_attached).await.is_err() => {
                    return Err(Gap { reason: reason::NOT_FOUND, why: "it was not attached".into() });
                }
                sent => self.pinned && sent.is_none(),
            };
            if pinned {
                // A signature that holds goes on to hold: the store need not be asked for it again.
                let known = self.attached_by(site, digest, &ring, Memory::First).await;
                if known.as_ref().is_ok_and(|known| known.signers().next().is_some()) {
                    return known;
                }
            }
            let memory = if pinned { Memory::WhenSilent } else { Memory::Never };
            self.attached_by(site, digest, &ring, memory).await
        };
        self.attached.once((site.full_name.clone(), digest.clone()), ask).await
    }

    async fn attached_by(&self, site: &Site, digest: &Digest, ring: &Keyring, memory: Memory) -> Known<Attached> {
        let store = Arc::clone(self.sent_to(site).map_or(&site.store, |sent| &sent.store));
        let store = match store.as_layout() {
            Some(_) => store,
            None => Arc::new(RememberedStore::new(store, &self.context.paths.cache, memory)) as _,
        };
        let subject = Subject { store: &*store, repository: &site.repository, digest, names: &site.law.names };
        attached(subject, ring, self.now).await
    }

    /// Where a tag points.
    pub(super) async fn tag(&self, site: &Site, tag: &Tag) -> Known<Digest> {
        let ask = async {
            let selector = Selector::Tag(tag.clone());
            let patience = if self.pinned { PINNED_PATIENCE } else { PATIENCE };
            match tokio::time::timeout(patience, site.store.resolve(&site.repository, &selector)).await {
                Ok(Ok(descriptor)) => Ok(descriptor.digest),
                Ok(Err(error)) => Err(gap_of_store(error)),
                Err(_) => Err(Gap {
                    reason: reason::UNREACHABLE,
                    why: format!("{} does not say in {} s where {tag} points", site.store.name(), patience.as_secs()),
                }),
            }
        };
        self.tags.once((site.full_name.clone(), tag.clone()), ask).await
    }

    /// Says where a tag points, as it has been asked already.
    pub(in crate::flows) async fn told(&self, site: &Site, tag: &Tag, digest: &Digest) {
        let _ = self.tags.once((site.full_name.clone(), tag.clone()), async { Ok(digest.clone()) }).await;
    }
}
