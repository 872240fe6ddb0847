//! Rebasing: an image of the local store put on what its base is now, without running a step, where that is proven to come to
//! the same as baking it there. What is not proven is told with the paths and fields that decide it.
//!
//! Order: `find` (the image, the base it is on, the base it goes to), `prove` (what stands in the way), the new base verified,
//! `make` (documents without a name), what was made judged, signed and stated, the tag.

mod find;
mod make;
mod prove;

use serde::Serialize;

use self::find::Bases;
use super::Context;
use super::statements::Making;
use crate::adapters::store::layout::Layout;
use crate::domain::oci::{Digest, Platform};
use crate::domain::rebase::{ConfigConflict, PathConflict};
use crate::domain::text::escape;
use crate::domain::trust::{Check, Verified};
use crate::report::Report;

pub use self::find::Refusal;

/// How to rebase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RebaseOptions {
    /// The base to go to; where none is named, what the tag of its base points to now.
    pub onto: Option<String>,
    /// The base it is on, where neither annotations nor layers tell.
    pub base: Option<String>,
    /// Only say what would come of it: no layer is fetched, nothing is signed, no tag moves.
    pub dry_run: bool,
    /// Let a base pass that is older than the one last seen under its tag.
    pub allow_downgrade: bool,
}

/// What it comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It is on what its base is now.
    Current,
    /// Proven: the same as a bake on the new base.
    Safe,
    /// Its own layers or its config stand in the way: it has to be baked again.
    NeedsRebake,
    /// It may not be done at all.
    Refused,
}

impl Answer {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Safe => "safe",
            Self::NeedsRebake => "needs-rebake",
            Self::Refused => "refused",
        }
    }
}

/// What stands in the way on one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InTheWay {
    /// Which.
    pub platform: Platform,
    /// Paths.
    pub paths: Vec<PathConflict>,
    /// Fields of the config.
    pub fields: Vec<ConfigConflict>,
}

/// What came of a rebase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebase {
    /// The image; escaped.
    pub reference: String,
    /// What its tag pointed to.
    pub before: Digest,
    /// The base; escaped. Empty where none was found.
    pub base: String,
    /// What it is on, and what it goes to.
    pub bases: Option<(Digest, Digest)>,
    /// What it comes to.
    pub answer: Answer,
    /// What stands in the way, by platform.
    pub in_the_way: Vec<InTheWay>,
    /// Why it may not be done.
    pub refusal: Option<Refusal>,
    /// Checks of the new base and of what was made that say no.
    pub checks: Vec<Check>,
    /// The image on its new base; without a name where it was not to be done.
    pub after: Option<Digest>,
    /// Whether the tag was moved.
    pub is_done: bool,
}

impl Context {
    /// Puts an image of the local store on what its base is now, or says why that cannot be done. That it cannot is no error.
    pub async fn rebase(&self, text: &str, options: &RebaseOptions) -> Result<Rebase, Report> {
        let image = self.own_image(text).await?;
        let mut told = Rebase {
            reference: escape(&image.reference.to_string()),
            before: image.digest.clone(),
            base: String::new(),
            bases: None,
            answer: Answer::Refused,
            in_the_way: Vec::new(),
            refusal: None,
            checks: Vec::new(),
            after: None,
            is_done: false,
        };
        let bases = match self.bases(&image, options).await? {
            Ok(bases) => bases,
            Err(refusal) => return Ok(Rebase { refusal: Some(refusal), ..told }),
        };
        told.base = escape(&bases.name);
        told.bases = Some((bases.old.clone(), bases.new.clone()));
        if bases.is_same() {
            return Ok(Rebase { answer: Answer::Current, ..told });
        }
        let proven = match self.prove(&image, &bases).await? {
            Ok(proven) => proven,
            Err(refusal) => return Ok(Rebase { refusal: Some(refusal), ..told }),
        };
        told.in_the_way = proven.in_the_way;
        if !told.in_the_way.is_empty() {
            return Ok(Rebase { answer: Answer::NeedsRebake, ..told });
        }
        let verified = self.verified_base(&bases, options.allow_downgrade).await?;
        told.checks = blocking(verified.blocking().map(|(_, check)| check));
        if !told.checks.is_empty() {
            return Ok(told);
        }
        self.finish(told, (&image, &bases), (proven.configs, verified), options.dry_run).await
    }

    /// Makes it, judges it, and gives it the name.
    async fn finish(
        &self,
        told: Rebase,
        (image, bases): (&find::OwnImage, &Bases),
        (configs, verified): (Vec<crate::domain::oci::ImageConfig>, Verified),
        dry_run: bool,
    ) -> Result<Rebase, Report> {
        let target = self.local()?;
        // While it lives nothing that has no name yet is freed.
        let _hold = target.hold()?;
        let made = make::documents(&target, image, bases, configs)?;
        let name = image.name();
        let judged = self.judge_baked(&image.repository, &made.manifests, &name, Some(&verified)).await?;
        let checks = blocking(judged.level.checks.iter().filter(|check| check.finding.verdict.blocks()));
        let after = Some(made.top.digest.clone());
        if !checks.is_empty() {
            return Ok(Rebase { checks, after, ..told });
        }
        if dry_run {
            return Ok(Rebase { answer: Answer::Safe, after, ..told });
        }
        make::bring_layers(&target, bases).await?;
        if let Some(signer) = self.signer()? {
            let all: Vec<Check> = verified.chain.iter().flat_map(|level| level.checks.clone()).collect();
            let checks: Vec<Check> = all.into_iter().chain(judged.level.checks).collect();
            let making = Making::of_rebase(image.dependency(), bases.dependencies(), &self.policy()?, made.created);
            let documents = making.documents(&made.top, &made.manifests, &judged.packages, &checks)?;
            let attaching = self.attaching(&image.repository, &signer)?;
            attaching.attach(&*signer.open().await?, &made.top, &documents).await?;
        }
        move_tag(&target, &name, image, &made.top)?;
        Ok(Rebase { answer: Answer::Safe, after, is_done: true, ..told })
    }
}

/// Moves the tag, unless somebody else did meanwhile.
fn move_tag(
    target: &Layout,
    name: &str,
    image: &find::OwnImage,
    top: &crate::domain::oci::Descriptor,
) -> Result<(), Report> {
    let moved = target.tag_from(name, &image.digest, top)?;
    if moved {
        return Ok(());
    }
    Err(Report::message(crate::report::Kind::Failed, format!("{} points to another image now", escape(name)))
        .help("nothing was moved; rebase it again"))
}

fn blocking<'c>(checks: impl Iterator<Item = &'c Check>) -> Vec<Check> {
    checks.cloned().collect()
}
