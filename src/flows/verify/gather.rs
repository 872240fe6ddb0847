//! Evidence of a whole chain: what is attached, where tags point, what was seen before, and the layers of all its images as one
//! tree, since each base's layers are the beginning of the image's. Judges nothing.

use std::sync::Arc;

use futures_util::future::{join, join_all};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::bases::{Climb, Hint, Ladder, Rung};
use super::inquiry::Inquiry;
use super::reading::gap_of_report;
use crate::domain::layer::Tree;
use crate::domain::layer::packages::Package;
use crate::domain::oci::{Digest, Platform};
use crate::domain::text::escape;
use crate::domain::trust::{Attached, Evidence, Gap, Known, LastSeen, SecretSeen, reason};
use crate::flows::Context;
use crate::flows::compare::{Found, Merged, created_by};
use crate::report::Report;

/// How much of a chain is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Depth {
    /// Read the layers, too; else only where a base's contract asks what the image above it did.
    pub(super) layers: bool,
    /// Ask for signatures.
    pub(super) signatures: bool,
    /// It is pinned by a lock: a store that does not say where its tag points now holds up nothing.
    pub(super) pinned: bool,
    /// Let a base pass that is older than the one last seen.
    pub(super) allow_downgrade: bool,
}

/// The evidence of a chain on one platform.
#[derive(Clone, Debug)]
pub(super) struct Gathered {
    /// The image first.
    pub(super) chain: Vec<Evidence>,
    /// Why it ends before its foot.
    pub(super) gap: Option<Gap>,
    /// What is to be remembered of each image once all is well: its tag's full name, and what that points to.
    pub(super) memories: Vec<Option<(String, LastSeen)>>,
}

/// What the world says of one image, beside its layers.
struct Asked {
    index: Option<(Digest, Known<Attached>)>,
    attached: Known<Attached>,
    tag_now: Known<Option<Digest>>,
}

/// Gathers evidence of one image.
pub(super) struct Gathering<'c> {
    pub(super) context: &'c Context,
    pub(super) inquiry: &'c Inquiry,
    pub(super) platform: &'c Platform,
    pub(super) depth: Depth,
}

impl Gathering<'_> {
    /// The image and all below it.
    pub(super) async fn chain(&self, top: Rung, given: Option<Hint>) -> Result<Gathered, Report> {
        let climb = Climb { context: self.context, inquiry: self.inquiry, platform: self.platform };
        let ladder = climb.down(top, given).await;
        let asked = join_all(ladder.rungs.iter().map(|rung| self.ask(&climb, rung)));
        let (asked, layers) = join(asked, self.layers(&ladder)).await;
        let layers = Layers::of(layers, &ladder);
        let mut gathered = Gathered { chain: Vec::new(), gap: ladder.gap, memories: Vec::new() };
        for (rung, asked) in ladder.rungs.into_iter().zip(asked) {
            let (evidence, memory) = self.evidence(rung, asked, &layers)?;
            gathered.chain.push(evidence);
            gathered.memories.push(memory);
        }
        Ok(gathered)
    }

    async fn ask(&self, climb: &Climb<'_>, rung: &Rung) -> Asked {
        if !self.depth.signatures {
            let gap = || Gap { reason: reason::NOT_ASKED, why: "nobody asked for its signatures".into() };
            return Asked { index: None, attached: Err(gap()), tag_now: Err(gap()) };
        }
        let own = self.inquiry.attached(&rung.site, &rung.documents.digest);
        let through = async {
            let tag_now = match &rung.tag {
                Some(tag) => self.inquiry.tag(&rung.site, tag).await.map(Some),
                None => Ok(None),
            };
            let tag_now = match tag_now {
                Err(gap) if self.depth.pinned && matches!(gap.reason, reason::UNREACHABLE | reason::NOT_FOUND) => {
                    Ok(None)
                }
                told => told,
            };
            let points_to = tag_now.as_ref().ok().and_then(Option::as_ref);
            let index = match climb.index_of(rung, points_to).await {
                Some(digest) => {
                    let attached = self.inquiry.attached(&rung.site, &digest).await;
                    Some((digest, attached))
                }
                None => None,
            };
            (tag_now, index)
        };
        let (attached, (tag_now, index)) = join(own, through).await;
        Asked { index, attached, tag_now }
    }

    /// The uppermost image's layers on one tree, where somebody wants to know.
    async fn layers(&self, ladder: &Ladder) -> Known<Merged> {
        let unread = |why: &str| Gap { reason: reason::NOT_ASKED, why: why.to_owned() };
        let Some(top) = ladder.rungs.first() else { return Err(unread("there is no image")) };
        let bound = |rung: &Rung| super::judge::has_contract(&rung.documents.config);
        if !self.depth.layers && !ladder.rungs.iter().skip(1).any(bound) {
            return Err(unread("nothing that is asked hangs on its layers"));
        }
        let documents = &top.documents;
        let unnamed = |report: &Report| gap_of_report(report);
        let found = Found {
            reference: self.context.parse_reference(&top.reference).map_err(|report| unnamed(&report))?,
            digest: documents.digest.clone(),
            manifest: documents.manifest.clone(),
            config: documents.config.clone(),
            store: Arc::clone(&top.site.store),
            repository: top.site.repository.clone(),
        };
        let sources = found.sources(&self.context.layouts_here()).map_err(|report| unnamed(&report))?;
        let merged = self.context.merged(&sources, Vec::new(), created_by(&found.config)).await;
        merged.map_err(|report| unnamed(&report))
    }

    fn evidence(
        &self,
        rung: Rung,
        asked: Asked,
        layers: &Layers,
    ) -> Result<(Evidence, Option<(String, LastSeen)>), Report> {
        let Rung { reference, tag, site, documents, inherited, is_prefix, .. } = rung;
        let level = u32::try_from(documents.manifest.layers.len()).unwrap_or(u32::MAX);
        let created = documents.config.created.as_deref().and_then(seconds);
        let now = LastSeen { digest: documents.digest.clone(), created: created.unwrap_or(0) };
        // Only what a tag points to now can have been moved back; an image that is pinned while its tag moved on is stale.
        let index = asked.index.as_ref().map(|(digest, _)| digest);
        let is_tagged = matches!(&asked.tag_now, Ok(Some(digest)) if *digest == now.digest || Some(digest) == index);
        let memory = tag.as_ref().filter(|_| is_tagged && !site.law.is_local);
        let memory = memory.map(|tag| (format!("{}:{tag}", site.full_name), now.clone()));
        let last = match &memory {
            Some((name, _)) if !self.depth.allow_downgrade => self.inquiry.seen.last(name, self.platform)?,
            _ => None,
        };
        let evidence = Evidence {
            reference,
            store: site.law.store,
            repository: site.law.repository,
            tag: tag.map(|tag| tag.to_string()),
            is_local: site.law.is_local,
            platform: self.platform.clone(),
            digest: documents.digest,
            index: asked.index,
            annotations: documents.manifest.annotations,
            layers: documents.manifest.layers,
            config: Arc::new(documents.config),
            created,
            attached: asked.attached,
            inherited,
            tree: layers.tree(is_prefix),
            packages: layers.packages(is_prefix, level),
            secrets: layers.secrets(is_prefix, (inherited, level)),
            tag_now: asked.tag_now,
            last_seen: last.filter(|last| last.digest != now.digest),
        };
        Ok((evidence, memory))
    }
}

/// The layers of a whole chain.
struct Layers {
    tree: Known<Arc<Tree>>,
    /// Those of all layers; of fewer, from the same databases.
    merged: Option<Merged>,
    gap: Option<Gap>,
}

impl Layers {
    fn of(merged: Known<Merged>, ladder: &Ladder) -> Self {
        let merged = match merged {
            Ok(merged) => merged,
            Err(gap) => return Self { tree: Err(gap.clone()), merged: None, gap: Some(gap) },
        };
        let name = ladder.rungs.first().map(|rung| escape(&rung.reference)).unwrap_or_default();
        let broken = (1..).zip(&merged.layers).find_map(|(number, layer)| Some((number, layer.problem.as_ref()?)));
        if let Some((number, why)) = broken {
            // What cannot be read may be anything.
            let why = format!("layer {number} of {name} cannot be read in full: {why}");
            let gap = Gap { reason: reason::UNUSABLE, why };
            return Self { tree: Err(gap.clone()), merged: None, gap: Some(gap) };
        }
        Self { tree: Ok(Arc::clone(&merged.tree)), merged: Some(merged), gap: None }
    }

    fn unread(&self, is_prefix: bool) -> Option<Gap> {
        let foreign = || Gap {
            reason: reason::NOT_ASKED,
            why: "its layers are not those the image above it has, and were not read".into(),
        };
        if is_prefix { self.gap.clone() } else { Some(foreign()) }
    }

    fn tree(&self, is_prefix: bool) -> Known<Arc<Tree>> {
        match self.unread(is_prefix) {
            Some(gap) => Err(gap),
            None => self.tree.clone(),
        }
    }

    fn packages(&self, is_prefix: bool, level: u32) -> Known<Arc<Vec<Package>>> {
        if let Some(gap) = self.unread(is_prefix) {
            return Err(gap);
        }
        let (Some(merged), Ok(tree)) = (&self.merged, &self.tree) else { return Ok(Arc::default()) };
        let installed = merged.packages_at(tree, level);
        match installed.problems.first() {
            None => Ok(Arc::new(installed.packages)),
            Some(problem) => {
                let why = format!("the packages in {} are not known: {}", escape(&problem.path), problem.reason);
                Err(Gap { reason: reason::UNUSABLE, why })
            }
        }
    }

    /// What looks like a secret in the layers from the first to the second of `between`.
    fn secrets(&self, is_prefix: bool, between: (u32, u32)) -> Known<Vec<SecretSeen>> {
        match self.unread(is_prefix) {
            Some(gap) => Err(gap),
            None => Ok(self.merged.iter().flat_map(|merged| secrets_of(merged, between)).collect()),
        }
    }
}

/// The one place that knows where layers' secrets are told.
fn secrets_of(merged: &Merged, between: (u32, u32)) -> Vec<SecretSeen> {
    let within = |seen: &&SecretSeen| (between.0..between.1).contains(&seen.layer);
    merged.secrets.iter().filter(within).cloned().collect()
}

fn seconds(text: &str) -> Option<i64> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
}
