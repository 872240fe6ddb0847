//! Verifying: an image, its base, its base's base; what each is, who vouches for it, and whether the policy is content.
//!
//! Reading order: `inquiry` (what is asked of the world, once), `bases` (the chain), `gather` (evidence of it), `judge`.

mod bases;
mod gate;
mod gather;
mod inquiry;
mod judge;
mod reading;
mod state;

pub use gate::JudgedBake;
pub(in crate::flows) use inquiry::{Asked, Inquiry, Sent, Site};
pub(in crate::flows) use reading::{Documents, Reading, images_of};
pub use state::SignatureState;
pub(in crate::flows) use state::{Row, Signatures};

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use self::bases::{Hint, Rung};
use self::gather::{Depth, Gathered, Gathering};
use self::judge::Bench;
use self::reading::{is_for, none};
use super::Context;
use crate::adapters::store::Selector;
use crate::domain::oci::{Digest, ImageRef, Manifest, Platform, Tag};
use crate::domain::text::escape;
use crate::domain::trust::{CheckVerdict, Verified, reason};
use crate::report::{Kind, Report};

/// Platforms looked at together.
const AT_ONCE: usize = 4;

/// How to verify.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyOptions {
    /// The base, where annotations do not name it or are not to be believed.
    pub base: Option<String>,
    /// Of an index, only the image for this platform; `None`: all of them.
    pub platform: Option<Platform>,
    /// Let a base pass that is older than the one last seen under its tag.
    pub allow_downgrade: bool,
}

/// An image whose tag was asked once; everything after goes by digest (S-09).
struct Pinned {
    reference: ImageRef,
    tag: Option<Tag>,
    site: Site,
    digest: Digest,
    /// Its images, each with its platform.
    images: Vec<(Platform, Documents)>,
}

impl Context {
    /// Verifies an image and its chain of bases. That verification says no is no error: it is in the verdict. Given up before
    /// its end, nothing is remembered (S-11).
    pub async fn verify(&self, image: &str, options: &VerifyOptions) -> Result<Verified, Report> {
        self.verify_by(&Inquiry::new(self), image, options).await
    }

    /// The same for what has just been sent to a registry: of its bases, which were verified before it was made, what their
    /// stores answered then counts. What is attached to it is read back once it is there.
    pub(in crate::flows) async fn verify_sent(&self, image: &str, sent: Sent) -> Result<Verified, Report> {
        let site = Site::of(self, &self.parse_reference(image)?)?;
        self.verify_by(&Inquiry::of_sent(self, &site, sent), image, &VerifyOptions::default()).await
    }

    async fn verify_by(&self, inquiry: &Inquiry, image: &str, options: &VerifyOptions) -> Result<Verified, Report> {
        let (verified, chains) = self.verified(inquiry, image, options).await?;
        self.remember(inquiry, &verified, &chains, options.allow_downgrade)?;
        Ok(verified)
    }

    /// The same of one image among many: what is asked of the world is shared, and nothing is remembered.
    pub(in crate::flows) async fn verify_among(&self, inquiry: &Inquiry, image: &str) -> Result<Verified, Report> {
        self.verified(inquiry, image, &VerifyOptions::default()).await.map(|(verified, _)| verified)
    }

    async fn verified(
        &self,
        inquiry: &Inquiry,
        image: &str,
        options: &VerifyOptions,
    ) -> Result<(Verified, Vec<Gathered>), Report> {
        let policy = self.policy()?;
        let given = options.base.as_deref().map(|base| Hint::given(self, base)).transpose()?;
        let pinned = self.pinned_image(inquiry, image, options.platform.as_ref()).await?;
        let depth = Depth {
            // Rules of the workspace's own may ask anything.
            layers: pinned.site.law.is_local || !policy.rego.is_empty(),
            signatures: true,
            pinned: false,
            allow_downgrade: options.allow_downgrade,
        };
        let (digest, shown) = (pinned.digest.clone(), pinned.reference.to_string());
        let chains = self.gathered(inquiry, pinned, given, depth).await?;
        let bench = Bench::new(&policy, inquiry.now);
        let verified = Verified::new(escape(&shown), digest.clone(), bench.levels(&chains, &digest));
        Ok((verified, chains))
    }

    /// All that is known of an image of one platform, as rules of the workspace's own are given it.
    pub async fn evidence(&self, image: &str, platform: Option<&Platform>) -> Result<Value, Report> {
        let inquiry = Inquiry::new(self);
        let here = crate::adapters::host::platform();
        let mut pinned = self.pinned_image(&inquiry, image, platform).await?;
        let own = pinned.images.iter().position(|(found, _)| here.is_served_by(found)).unwrap_or(0);
        pinned.images = pinned.images.into_iter().skip(own).take(1).collect();
        let depth = Depth { layers: true, signatures: true, pinned: false, allow_downgrade: false };
        let chains = self.gathered(&inquiry, pinned, None, depth).await?;
        let gathered = chains.first().ok_or_else(|| Report::message(Kind::Failed, "there is no image"))?;
        Ok(Bench::document(gathered))
    }

    /// Asks a tag where it points, once, and reads what is there.
    async fn pinned_image(&self, inquiry: &Inquiry, text: &str, platform: Option<&Platform>) -> Result<Pinned, Report> {
        let reference = self.parse_reference(text)?;
        let site = Site::of(self, &reference)?;
        let doing = |report: Report| report.while_doing(format!("{reference} cannot be verified"));
        let tag = reference.tag_or_latest();
        let (digest, manifest) = match (&reference.digest, &tag) {
            (Some(digest), _) => {
                let read = site.reading(self).manifest(digest).await;
                (digest.clone(), read.map_err(|unread| doing(unread.into()))?)
            }
            (None, Some(tag)) => {
                let found = site.store.manifest(&site.repository, &Selector::Tag(tag.clone())).await;
                let raw = found.map_err(|error| doing(error.into()))?;
                let parsed = super::browse::parse(&*site.store, &site.repository, &raw.bytes, &raw.descriptor);
                let digest = raw.descriptor.digest;
                inquiry.told(&site, tag, &digest).await;
                (digest, parsed.map_err(doing)?)
            }
            (None, None) => {
                return Err(Report::message(Kind::Usage, format!("{reference} names no tag and no digest")));
            }
        };
        let images = self.images_behind(&site, (&digest, manifest), platform).await.map_err(doing)?;
        Ok(Pinned { reference, tag, site, digest, images })
    }

    /// The images of an index, or the one that is none.
    async fn images_behind(
        &self,
        site: &Site,
        (digest, manifest): (&Digest, Manifest),
        platform: Option<&Platform>,
    ) -> Result<Vec<(Platform, Documents)>, Report> {
        let reading = site.reading(self);
        let Manifest::Index(index) = manifest else {
            let documents = reading.image(digest, None).await?;
            let own = documents.config.platform();
            if let Some(wanted) = platform.filter(|wanted| !wanted.is_served_by(&own)) {
                return Err(Report::message(Kind::Failed, format!("it is for {own}, not for {wanted}")));
            }
            return Ok(vec![(own, documents)]);
        };
        let entries: Vec<_> = images_of(&index)?.into_iter().cloned().collect();
        let wanted: Vec<_> =
            entries.iter().filter(|entry| platform.is_none_or(|wanted| is_for(entry, wanted))).collect();
        match (platform, wanted.first()) {
            (None, None) => return Err(none(digest).into()),
            (Some(platform), None) => {
                return Err(Report::message(Kind::Failed, format!("it has no image for {platform}")));
            }
            _ => {}
        }
        let read = stream::iter(wanted.into_iter().cloned()).map(|entry| {
            let (reading, index) = (&reading, index.clone());
            async move {
                let documents = reading.child(&entry.digest, (digest.clone(), index)).await.map_err(Report::from)?;
                let told = entry.platform.as_ref().map(|platform| platform.to_platform());
                Ok((told.unwrap_or_else(|| documents.config.platform()), documents))
            }
        });
        read.buffered(AT_ONCE).try_collect().await
    }

    /// The evidence of all its platforms.
    async fn gathered(
        &self,
        inquiry: &Inquiry,
        pinned: Pinned,
        given: Option<Hint>,
        depth: Depth,
    ) -> Result<Vec<Gathered>, Report> {
        let Pinned { reference, tag, site, images, .. } = pinned;
        let shown = reference.to_string();
        let chains = stream::iter(images).map(|(platform, documents)| {
            let (site, tag, reference, given) = (site.clone(), tag.clone(), shown.clone(), given.clone());
            async move {
                let gathering = Gathering { context: self, inquiry, platform: &platform, depth };
                gathering.chain(Rung::top(reference, tag, site, documents), given).await
            }
        });
        chains.buffered(AT_ONCE).try_collect().await
    }

    /// Remembers where the tags of a chain point, once nothing stands in the way (S-07).
    fn remember(
        &self,
        inquiry: &Inquiry,
        verified: &Verified,
        chains: &[Gathered],
        backwards: bool,
    ) -> Result<(), Report> {
        if verified.verdict.blocks() || verified.chain.is_empty() {
            return Ok(());
        }
        for gathered in chains {
            for (evidence, memory) in gathered.chain.iter().zip(&gathered.memories) {
                if let Some((tag, seen)) = memory {
                    inquiry.seen.keep(tag, &evidence.platform, seen, backwards)?;
                }
            }
        }
        Ok(())
    }
}

impl Rung {
    fn top(reference: String, tag: Option<Tag>, site: Site, documents: Documents) -> Self {
        Self { reference, tag, site, documents, index_hint: None, inherited: 0, is_prefix: true }
    }
}

/// How a command that verified ends: well, or with what stands in the way. Where nothing failed and all that is unknown is so
/// because a store does not answer, that is what happened.
pub fn ending(verified: &Verified) -> Result<(), Kind> {
    if !verified.verdict.blocks() && !verified.chain.is_empty() {
        return Ok(());
    }
    let mut blocking = verified.blocking().map(|(_, check)| &check.finding).peekable();
    let silent = |finding: &crate::domain::trust::Finding| {
        finding.verdict == CheckVerdict::Unknown && finding.reason == reason::UNREACHABLE
    };
    if blocking.peek().is_some() && blocking.all(silent) { Err(Kind::Unreachable) } else { Err(Kind::Rejected) }
}
