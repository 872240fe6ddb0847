//! Before a bake and at its end: a base that is pinned, with all below it, verified before anything runs; and what was baked,
//! judged before it gets a name. Signs nothing, names nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::gather::{Depth, Gathering};
use super::inquiry::{Inquiry, Site};
use super::judge::Bench;
use super::{AT_ONCE, Pinned, Rung};
use crate::adapters::store::Store;
use crate::domain::layer::packages::Package;
use crate::domain::oci::{Descriptor, Digest, ImageRef, Manifest, Place, Platform, Repository};
use crate::domain::text::escape;
use crate::domain::trust::{Check, CheckVerdict, Finding, Known, Level, Verified, reason};
use crate::flows::Context;
use crate::report::{Kind, Report};

/// What was baked, judged.
pub struct JudgedBake {
    /// Its checks.
    pub level: Level,
    /// What is installed in the image of each platform.
    pub packages: Vec<Known<Arc<Vec<Package>>>>,
}

impl Context {
    /// Verifies the base a bake is about to begin on, and all below it: exactly what is pinned, `digest` the index or manifest
    /// and `platforms` the manifest of each. What stands in the way is in the verdict.
    pub async fn verify_base(
        &self,
        base: &str,
        digest: &Digest,
        platforms: &BTreeMap<Platform, Digest>,
        allow_downgrade: bool,
    ) -> Result<Verified, Report> {
        self.verify_base_by(&Inquiry::of_pinned(self), (base, digest), platforms, allow_downgrade).await
    }

    /// The same, where some of what is asked is known already.
    pub(in crate::flows) async fn verify_base_by(
        &self,
        inquiry: &Inquiry,
        (base, digest): (&str, &Digest),
        platforms: &BTreeMap<Platform, Digest>,
        allow_downgrade: bool,
    ) -> Result<Verified, Report> {
        let policy = self.policy()?;
        let reference = self.parse_reference(base)?;
        let site = Site::of(self, &reference)?;
        let doing = |report: Report| report.while_doing(format!("base {reference} cannot be verified"));
        let reading = site.reading(self);
        let mut images = Vec::new();
        for (platform, manifest) in platforms {
            let read = if manifest == digest {
                reading.image(manifest, None).await
            } else {
                match reading.manifest(digest).await {
                    Ok(Manifest::Index(index)) if index.manifests.iter().any(|entry| entry.digest == *manifest) => {
                        reading.child(manifest, (digest.clone(), index)).await
                    }
                    Ok(_) => {
                        let message = format!("{digest} does not list {manifest}, which the lock pins for {platform}");
                        return Err(doing(Report::message(Kind::Rejected, message)));
                    }
                    Err(unread) => Err(unread),
                }
            };
            images.push((platform.clone(), read.map_err(|unread| doing(unread.into()))?));
        }
        let tag = reference.tag_or_latest();
        let pinned = Pinned { reference, tag, site, digest: digest.clone(), images };
        let depth = Depth { layers: !policy.rego.is_empty(), signatures: true, pinned: true, allow_downgrade };
        let chains = self.gathered(inquiry, pinned, None, depth).await?;
        let bench = Bench::new(&policy, inquiry.now);
        let levels = bench.levels_as_base(&chains, digest);
        let verified = Verified::new(escape(base), digest.clone(), levels);
        self.remember(inquiry, &verified, &chains, allow_downgrade)?;
        Ok(verified)
    }

    /// Judges what was baked and lies in the local store without a name: its layers, its config, and whether it is built on what
    /// `gate` verified. Signatures come later, and tests have been judged by whoever ran them.
    pub async fn judge_baked(
        &self,
        repository: &Repository,
        images: &[(Platform, Descriptor)],
        reference: &str,
        gate: Option<&Verified>,
    ) -> Result<JudgedBake, Report> {
        self.judge_in((self.local()?, repository), images, reference, gate).await
    }

    /// The same of what lies, or is tried, in another store.
    pub(in crate::flows) async fn judge_in(
        &self,
        (store, repository): (Arc<dyn Store>, &Repository),
        images: &[(Platform, Descriptor)],
        reference: &str,
        gate: Option<&Verified>,
    ) -> Result<JudgedBake, Report> {
        let policy = self.policy()?;
        let inquiry = Inquiry::of_pinned(self);
        let image = ImageRef {
            place: Place::Store("local".into()),
            repository: Some(repository.clone()),
            tag: None,
            digest: images.first().map(|(_, descriptor)| descriptor.digest.clone()),
        };
        let mut site = Site::of(self, &image)?;
        site.store = store;
        let depth = Depth { layers: true, signatures: false, pinned: true, allow_downgrade: false };
        let chains = stream::iter(images.to_vec()).map(|(platform, descriptor)| {
            let (site, inquiry, shown) = (site.clone(), &inquiry, image.to_string());
            async move {
                let documents = site.reading(self).image(&descriptor.digest, None).await.map_err(Report::from)?;
                let gathering = Gathering { context: self, inquiry, platform: &platform, depth };
                gathering.chain(Rung::top(shown, None, site, documents), None).await
            }
        });
        let mut chains: Vec<_> = chains.buffered(AT_ONCE).try_collect().await?;
        for gathered in &mut chains {
            if let Some(top) = gathered.chain.first_mut() {
                reference.clone_into(&mut top.reference);
            }
        }
        let Some((_, first)) = images.first() else {
            return Err(Report::message(Kind::Failed, "nothing was baked"));
        };
        let bench = Bench { is_fresh: true, from_scratch: gate.is_none(), ..Bench::new(&policy, inquiry.now) };
        let level = bench.levels(&chains, &first.digest).into_iter().next();
        let mut level = level.ok_or_else(|| Report::message(Kind::Failed, "what was baked cannot be judged"))?;
        let bases = chains.iter().map(|gathered| gathered.chain.get(1));
        let bases: Vec<Option<Digest>> = bases.map(|base| base.map(|base| base.digest.clone())).collect();
        if let Some(gate) = gate {
            self.hold_to(gate, &bases, &mut level).await;
        }
        let tops = chains.into_iter().filter_map(|gathered| gathered.chain.into_iter().next());
        Ok(JudgedBake { level, packages: tops.map(|top| top.packages).collect() })
    }

    /// What was verified is what was used (S-09).
    async fn hold_to(&self, gate: &Verified, bases: &[Option<Digest>], level: &mut Level) {
        let kept = crate::adapters::store::KeptDocuments::new(&self.paths.cache);
        let listed = kept.read(&gate.digest).and_then(|bytes| match Manifest::parse(&bytes, None).ok()? {
            Manifest::Index(index) => Some(index.manifests.into_iter().map(|entry| entry.digest).collect::<Vec<_>>()),
            Manifest::Image(_) => None,
        });
        let is_verified = |base: &Digest| *base == gate.digest || listed.iter().flatten().any(|entry| entry == base);
        let Some(other) = bases.iter().find(|base| !base.as_ref().is_some_and(is_verified)) else { return };
        let other = other.as_ref().map_or_else(|| "no base that can be had".to_owned(), Digest::to_string);
        let evidence = vec![format!("it is built on {other}; verified was {}", gate.digest)];
        let finding = Finding::new(CheckVerdict::Fail, reason::OTHER_BASE, evidence);
        match level.checks.iter_mut().find(|check| check.id == "lineage.layers") {
            Some(check) => check.finding = finding,
            None => level.checks.push(Check::new("lineage.layers", finding)),
        }
    }
}
