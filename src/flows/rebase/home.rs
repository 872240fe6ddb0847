//! Where the image lives: the local store or a registry. What was made is brought there without a name, what vouches for it is
//! attached, then the tag moves, unless it points elsewhere by now. Layers of ours are there already and are never sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::{join, try_join, try_join3};
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use tokio::sync::watch;

use super::find::{Bases, OwnImage, OwnName, Refusal};
use super::make::Made;
use super::told::Carried;
use crate::adapters::settings::StorePlace;
use crate::adapters::signing::Sealed;
use crate::adapters::store::layout::Layout;
use crate::adapters::store::{ForeseenStore, NewManifest, Selector, SmallBlob, Store, StoreError};
use crate::domain::oci::{Descriptor, Digest, ImageRef, Place, Registry, Repository};
use crate::domain::text::escape;
use crate::domain::trust::attest::predicate;
use crate::flows::Context;
use crate::flows::jurisdiction::Jurisdiction;
use crate::flows::signer::Signer;
use crate::flows::statements::{Attaching, unsigned};
use crate::flows::verify::{Sent, Site, ending};
use crate::report::{Kind, Report};

/// Layers brought together.
const AT_ONCE: usize = 4;

/// Where the image lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// The local store.
    Local,
    /// A registry.
    Registry,
}

impl Context {
    /// The image where it lies in a registry, whatever this workspace calls that.
    pub(in crate::flows) fn in_registry(&self, image: &ImageRef) -> Option<(Registry, Repository)> {
        let path = image.repository.clone();
        match &image.place {
            Place::Registry(host) => Some((host.clone(), path?)),
            Place::Store(name) => match &self.workspace.stores.get(name)?.place {
                StorePlace::Registry { host, prefix: None, .. } => Some((host.clone(), path?)),
                StorePlace::Registry { host, prefix: Some(prefix), .. } => {
                    Some((host.clone(), format!("{prefix}/{}", path?).parse().ok()?))
                }
                StorePlace::Layout(_) | StorePlace::Daemon { .. } => None,
            },
            Place::Layout(_) => None,
        }
    }

    /// Why what comes of it could not be vouched for by us.
    pub(super) fn without_key(&self, image: &OwnImage) -> Option<Refusal> {
        if image.home == Home::Local {
            return None;
        }
        let why = match &image.site.law.store {
            None => "it lies under no store of this workspace, so nobody could vouch for what comes of it".to_owned(),
            Some(store) if self.store_settings(store).is_ok_and(|settings| settings.key.is_some()) => return None,
            Some(store) => format!("store {store}, which it lies under, names no `key` of ours to sign with"),
        };
        Some(Refusal::new("store.no-key", why))
    }

    /// Who signs what comes of it.
    pub(super) fn rebase_signer(&self, image: &OwnImage) -> Result<Option<Signer>, Report> {
        self.signer_of(whose_key(image.home, &image.site.law))
    }

    /// The same before anything has been looked at, where nobody has to be asked for that.
    pub(super) fn ready_rebase_signer(&self, name: &OwnName) -> Option<Signer> {
        let law = self.jurisdiction(&name.placed, name.placed.repository.as_ref());
        self.ready_signer(whose_key(name.home, &law))
    }

    /// Where statements about it go.
    pub(super) fn rebase_attaching(
        &self,
        image: &OwnImage,
        signer: &Signer,
        foreseen: &Arc<ForeseenStore>,
    ) -> Result<Attaching, Report> {
        match image.home {
            Home::Local => self.attaching(&image.repository, signer),
            Home::Registry => {
                let site = Site { store: Arc::clone(foreseen) as _, ..image.site.clone() };
                self.attaching_at(&site, signer)
            }
        }
    }

    /// Brings everything but what is attached to where the image lives.
    pub(super) async fn bring_home(
        &self,
        (image, bases): (&OwnImage, &Bases),
        (target, made): (&Arc<Layout>, &Made),
        carried: &mut Carried,
    ) -> Result<(), Report> {
        if image.home == Home::Local {
            return bring_layers(target, bases, carried).await;
        }
        let (store, repository) = (&image.site.store, &image.site.repository);
        let configs = made.images.iter().map(|(manifest, _)| &manifest.config);
        let configs = configs.map(|config| SmallBlob { descriptor: config.clone(), bytes: made.written(config) });
        let configs: Vec<SmallBlob> = configs.collect();
        // Blobs hang on nothing, and manifests on all of them.
        let configs = async { Ok(store.put_blobs(repository, &configs).await?) };
        let own = self.own_layers_there(image, bases);
        let layers = self.send_layers((image, bases), target, carried);
        let (own, (), ()) = try_join3(own.boxed(), layers.boxed(), configs).await?;
        carried.there += own;
        let new = |manifest: &Descriptor| {
            let (media_type, bytes) = (manifest.media_type.clone(), made.written(manifest));
            NewManifest { tag: None, media_type, bytes }
        };
        let manifests: Vec<NewManifest> = made.manifests.iter().map(|(_, manifest)| new(manifest)).collect();
        store.put_manifests(repository, &manifests).await?;
        if made.is_index {
            store.put_manifests(repository, &[new(&made.top)]).await?;
        }
        Ok(())
    }

    /// How many layers of our own there are; all of them are where the image is.
    async fn own_layers_there(&self, image: &OwnImage, bases: &Bases) -> Result<u64, Report> {
        let (store, repository) = (&image.site.store, &image.site.repository);
        let own: BTreeMap<&Digest, &Descriptor> = image.own_layers(bases).map(|layer| (&layer.digest, layer)).collect();
        let there = stream::iter(own.into_values().cloned()).map(|layer| async move {
            let is_there = store.has_blob(repository, &layer).await?;
            Ok::<_, StoreError>((layer, is_there))
        });
        let there: Vec<(Descriptor, bool)> = there.buffer_unordered(AT_ONCE).try_collect().await?;
        match there.iter().find(|(_, is_there)| !is_there) {
            None => Ok(there.len() as u64),
            Some((absent, _)) => {
                let message = format!("layer {} of {} is not there any more", absent.digest, image.reference);
                Err(Report::message(Kind::Failed, message).help("bake and publish it again"))
            }
        }
    }

    /// The base's layers a registry lacks: mounted from the base's repository where that is beside it, else copied.
    async fn send_layers(
        &self,
        (image, bases): (&OwnImage, &Bases),
        target: &Arc<Layout>,
        carried: &mut Carried,
    ) -> Result<(), Report> {
        let (store, repository) = (&image.site.store, &image.site.repository);
        let onto = self.parse_reference(&bases.name)?;
        let beside = match (self.in_registry(&image.reference), self.in_registry(&onto)) {
            (Some((home, _)), Some((host, base))) if home == host && base != *repository => Some(base),
            _ => None,
        };
        let layers: BTreeMap<&Digest, &Descriptor> = bases.new_layers().map(|layer| (&layer.digest, layer)).collect();
        let brought = stream::iter(layers.into_values().cloned()).map(|layer| {
            let (beside, target) = (beside.as_ref(), Arc::clone(target));
            async move {
                // What the image has now is there; what is new to it is looked for where it cannot be mounted.
                let has_it = image.layers().any(|own| own.digest == layer.digest);
                match beside.filter(|_| !has_it) {
                    Some(beside) if store.mount_blob(repository, &layer, beside).await? => {
                        return Ok((Brought::Mounted, layer.size));
                    }
                    _ if store.has_blob(repository, &layer).await? => return Ok((Brought::There, layer.size)),
                    _ => {}
                }
                let source = match target.has(&layer) {
                    true => target.open_blob(repository, &layer).await?,
                    false => bases.store.open_blob(&bases.repository, &layer).await?,
                };
                store.put_blob(repository, &layer, source).await?;
                Ok::<_, StoreError>((Brought::Copied, layer.size))
            }
        });
        let brought: Vec<(Brought, u64)> = brought.buffer_unordered(AT_ONCE).try_collect().await?;
        brought.into_iter().for_each(|(how, size)| how.count(carried, size));
        Ok(())
    }

    /// Verifies what lies in a registry without a name, as whoever pulls it would.
    async fn verified_home(&self, image: &OwnImage, digest: &Digest, sent: Sent) -> Result<(), Report> {
        let there = ImageRef { tag: None, ..image.placed.pinned(digest.clone()) };
        let verified = self.verify_sent(&there.to_string(), sent).await?;
        ending(&verified).map_err(|kind| {
            let message = format!("{} does not get the new image: it does not verify there", image.reference);
            let mut report = Report::message(kind, message);
            let cause = |(level, check): (&crate::domain::trust::Level, &crate::domain::trust::Check)| {
                let first = check.finding.evidence.first().map(|line| escape(line)).unwrap_or_default();
                format!("{}: {} {}: {first}", level.reference, escape(&check.id), escape(&check.finding.reason))
            };
            report.causes = verified.blocking().take(8).map(cause).collect();
            report.help(format!("`bakery verify {there}` shows the whole chain; the tag was not moved"))
        })
    }

    /// Moves a tag of the local store, unless somebody else did meanwhile. Where they moved it to the same, it is done.
    pub(super) fn name_here(&self, target: &Layout, image: &OwnImage, top: &Descriptor) -> Result<(), Report> {
        if target.tag_from(&image.name(), &image.digest, top)? {
            return Ok(());
        }
        let now = target.resolve_selector(&image.repository, &Selector::Tag(image.tag.clone())).ok();
        if now.is_some_and(|now| now.digest == top.digest) { Ok(()) } else { Err(moved(image)) }
    }

    /// The same in a registry: attaches what was sealed, verifies what lies there then, and moves the tag. Nothing gets a name that
    /// does not verify there.
    pub(super) async fn name_there(
        &self,
        image: &OwnImage,
        made: &Made,
        (foreseen, sealed): (&Arc<ForeseenStore>, &Sealed<'_, '_>),
    ) -> Result<(), Report> {
        let (store, repository, top) = (&image.site.store, &image.site.repository, &made.top);
        let selector = Selector::Tag(image.tag.clone());
        let verifying = |is_attached| {
            let sent = Sent { store: Arc::clone(foreseen) as _, is_attached };
            self.verified_home(image, &top.digest, sent).boxed()
        };
        let (attached, is_attached) = watch::channel(false);
        let attach = async {
            sealed.attach_unseen().await.map_err(|error| unsigned(top, error))?;
            attached.send_replace(true);
            Ok::<_, Report>(store.resolve(repository, &selector).await)
        };
        // All that does not hang on what is attached is asked and judged meanwhile.
        let verified = verifying(is_attached).map(Ok);
        let (mut now, mut verified) = try_join(attach.boxed(), verified).await?;
        // What verifying read shows whether lists have been overwritten at the same moment: then all of it is done again.
        if !sealed.is_seen_in(foreseen) {
            sealed.attach().await.map_err(|error| unsigned(top, error))?;
            (verified, now) = join(verifying(watch::channel(true).1), store.resolve(repository, &selector)).await;
        }
        verified?;
        let now = now?;
        if now.digest == image.digest {
            // Registries compare nothing themselves: what happens between asking and putting is not seen.
            store.put_manifest(repository, Some(&image.tag), &top.media_type, &made.written(top)).await?;
            return Ok(());
        }
        if now.digest == top.digest { Ok(()) } else { Err(moved(image)) }
    }
}

fn moved(image: &OwnImage) -> Report {
    let message = format!("{} points to another image now", escape(&image.reference.to_string()));
    Report::message(Kind::Failed, message).help("nothing was moved; rebase it again")
}

/// The store of what vouches for an image: what was signed is read there at once.
pub(super) fn foreseen(image: &OwnImage) -> Arc<ForeseenStore> {
    const READ: &[&str] = &[predicate::BUNDLE, predicate::SIMPLE_SIGNING];
    Arc::new(ForeseenStore::new(Arc::clone(&image.site.store), &image.site.repository, READ))
}

/// The store whose key signs what lies there.
fn whose_key(home: Home, law: &Jurisdiction) -> &str {
    match (home, &law.store) {
        (Home::Registry, Some(store)) => store,
        _ => "local",
    }
}

/// How a layer of the new base came to be there.
#[derive(Clone, Copy)]
enum Brought {
    There,
    Mounted,
    Copied,
}

impl Brought {
    fn count(self, carried: &mut Carried, size: u64) {
        match self {
            Self::There => carried.there += 1,
            Self::Mounted => carried.mounted += 1,
            Self::Copied => {
                carried.copied += 1;
                carried.bytes += size;
            }
        }
    }
}

/// Brings what the local store lacks of the new base's layers; our own are there.
pub(super) async fn bring_layers(target: &Arc<Layout>, bases: &Bases, carried: &mut Carried) -> Result<(), Report> {
    for layer in bases.new_layers() {
        let brought = if target.has(layer) {
            Brought::There
        } else if let Some(from) = bases.store.as_layout() {
            let (target, from, layer) = (Arc::clone(target), from.clone(), layer.clone());
            let linked = tokio::task::spawn_blocking(move || target.link_blob(&from, &layer)).await;
            linked.map_err(|error| Report::new(Kind::Failed, &error))??;
            Brought::Mounted
        } else {
            let source = bases.store.open_blob(&bases.repository, layer).await?;
            target.put_blob(&bases.repository, layer, source).await?;
            Brought::Copied
        };
        brought.count(carried, layer.size);
    }
    Ok(())
}
