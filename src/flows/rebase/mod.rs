//! Rebasing: an image put on what its base is now, without running a step, where nothing of its own is proven to meet what the
//! base changed. What is not proven is told with the paths and fields that decide it; that its steps ran programs, which may have
//! read what changed, is told, too.
//!
//! Order: `find` (the image, the base it is on, the base it goes to), `prove` (what stands in the way), the new base verified,
//! `make` (documents without a name), what was made judged, `trial` (its recipe's tests), `home` (brought to where the image
//! lives, vouched for, verified there, the tag), `pin` (its recipe's lock).

mod find;
mod home;
mod make;
mod pin;
mod prove;
mod told;
mod trial;

use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;
use futures_util::future::{join, try_join};

use self::find::{Bases, OwnImage};
use self::home::{Home, foreseen};
use self::make::{Made, Target};
use self::prove::Proven;
use super::signer::Signer;
use super::statements::{Attaching, Document, Making, unsigned};
use super::{Context, LoadedRecipe};
use crate::adapters::store::layout::{Hold, Layout};
use crate::adapters::store::{ForeseenStore, TriedStore};
use crate::domain::text::escape;
use crate::domain::trust::{Check, Verified};
use crate::report::{Kind, Report};

pub use self::find::Refusal;
pub use self::told::{Answer, Carried, InTheWay, LockMove, Rebase, RebaseOptions, TestState, Tested};

impl Context {
    /// Puts an image of the local store or of a registry on what its base is now, or says why that cannot be done. That it
    /// cannot is no error.
    pub async fn rebase(&self, text: &str, options: &RebaseOptions) -> Result<Rebase, Report> {
        let kept = self.keeping_stores();
        Self { trees: kept.trees.keeping(), ..kept }.rebased(text, options).await
    }

    async fn rebased(&self, text: &str, options: &RebaseOptions) -> Result<Rebase, Report> {
        let name = self.own_name(text)?;
        // A key takes longer to open than all that is proven meanwhile: it goes first.
        let ready = if options.dry_run { None } else { self.ready_rebase_signer(&name) };
        ready.iter().for_each(Signer::begin);
        let image = self.own_image(name).await?;
        let mut told = Rebase::begun(escape(&image.reference.to_string()), image.digest.clone());
        if let Some(refusal) = self.without_key(&image) {
            return Ok(Rebase { refusal: Some(refusal), ..told });
        }
        let bases = match self.bases(&image, options).await? {
            Ok(bases) => bases,
            Err(refusal) => return Ok(Rebase { refusal: Some(refusal), ..told }),
        };
        told.base = escape(&bases.name);
        told.was = (bases.was != bases.name).then(|| escape(&bases.was));
        told.bases = Some((bases.old.clone(), bases.new.clone()));
        told.ran = image.ran_programs(&bases);
        if bases.is_same() {
            return self.stay(told, (&image, &bases), options).await;
        }
        let signer = match ready {
            None if !options.dry_run => {
                let signer = self.rebase_signer(&image)?;
                signer.iter().for_each(Signer::begin);
                signer
            }
            ready => ready,
        };
        // Neither hangs on the other; what stands in the way is told first.
        let verifying = self.verified_base(&bases, options.allow_downgrade).boxed();
        let (proven, verified) = join(self.prove(&image, &bases).boxed(), verifying).await;
        let proven = match proven? {
            Ok(proven) => proven,
            Err(refusal) => return Ok(Rebase { refusal: Some(refusal), ..told }),
        };
        told.carried.read = proven.read;
        told.in_the_way.clone_from(&proven.in_the_way);
        if !told.in_the_way.is_empty() {
            return Ok(Rebase { answer: Answer::NeedsRebake, ..told });
        }
        let verified = verified?;
        told.checks = blocking(verified.blocking().map(|(_, check)| check));
        if !told.checks.is_empty() {
            return Ok(told);
        }
        self.finish(told, (&image, &bases), (proven, verified), (signer, options)).await
    }

    /// It is where it should be; its recipe's lock may not be.
    async fn stay(
        &self,
        told: Rebase,
        (image, bases): (&OwnImage, &Bases),
        options: &RebaseOptions,
    ) -> Result<Rebase, Report> {
        let recipe = self.recipe_behind(image).await?;
        let lock = match self.lock_to_follow(recipe.as_ref(), bases, options).await? {
            None => None,
            Some(Err(stays)) => Some(stays),
            Some(Ok(follow)) if options.dry_run => Some(follow.told()),
            Some(Ok(follow)) => {
                let verified = self.verified_base(bases, options.allow_downgrade).await?;
                let mut checks = verified.blocking().map(|(_, check)| check.id.as_str());
                Some(match checks.next() {
                    Some(check) => follow.leave(&format!("the base does not verify: {check}")),
                    None => follow.write()?,
                })
            }
        };
        Ok(Rebase { answer: Answer::Current, lock, ..told })
    }

    /// Where what is made is put; while the hold lives nothing that has no name yet is freed. What is only tried, or goes elsewhere,
    /// is put nowhere.
    fn target(&self, image: &OwnImage, options: &RebaseOptions) -> Result<(Target, Option<Hold>), Report> {
        let tried = || Arc::new(TriedStore::on(Arc::clone(&image.site.store)));
        if options.dry_run {
            return Ok((Target::Tried(tried(), None), None));
        }
        let held = self.local().and_then(|local| Ok((local.hold()?, local)));
        let (hold, local) = held.map_err(|report| unmade(report, image))?;
        let target = match image.home {
            Home::Local => Target::Local(local),
            Home::Registry => Target::Tried(tried(), Some(local)),
        };
        Ok((target, Some(hold)))
    }

    /// Makes it, judges it, tests it, and gives it the name.
    async fn finish(
        &self,
        mut told: Rebase,
        (image, bases): (&OwnImage, &Bases),
        (proven, verified): (Proven, Verified),
        (signer, options): (Option<Signer>, &RebaseOptions),
    ) -> Result<Rebase, Report> {
        let (target, _hold) = self.target(image, options)?;
        let made = make::documents(&target, image, bases, proven.configs);
        let made = made.map_err(|report| unmade(report, image))?;
        let (name, at) = (image.name(), (target.store(), &image.repository));
        let judged = self.judge_in(at, &made.manifests, &name, Some(&verified)).await?;
        told.checks = blocking(judged.level.checks.iter().filter(|check| check.finding.verdict.blocks()));
        told.after = Some(made.top.digest.clone());
        if !told.checks.is_empty() {
            return Ok(told);
        }
        let recipe = self.recipe_behind(image).await?;
        let tests = match trial::asked_of(recipe.as_ref(), options) {
            Ok((tests, asked)) => {
                told.tests = tests;
                asked
            }
            Err(refusal) => return Ok(Rebase { refusal: Some(refusal), ..told }),
        };
        let Some(target) = target.local() else {
            let told = Rebase { answer: Answer::Safe, ..told };
            return self.with_lock(told, (recipe.as_ref(), bases), options).await;
        };
        if image.home == Home::Local {
            self.bring_home((image, bases), (&target, &made), &mut told.carried).await?;
        }
        let rejecting = self.tested(&tests, (image, bases), (&target, &made), &mut told.tests).await?;
        if !rejecting.is_empty() {
            return Ok(Rebase { checks: rejecting, ..told });
        }
        told.answer = Answer::Safe;
        let vouching = match &signer {
            Some(signer) => {
                let base = verified.chain.iter().flat_map(|level| level.checks.clone());
                let checks: Vec<Check> = base.chain(judged.level.checks).chain(told.tests.checks.clone()).collect();
                let making = Making::of_rebase(image.dependency(), bases.dependencies(), &self.policy()?, made.created);
                let documents = making.documents(&made.top, &made.manifests, &judged.packages, &checks)?;
                let foreseen = foreseen(image);
                let attaching = self.rebase_attaching(image, signer, &foreseen)?;
                Some(Vouching { signer, foreseen, attaching, documents })
            }
            None => None,
        };
        self.vouched((image, bases), (&target, &made), vouching.as_ref(), &mut told.carried).await?;
        told.is_done = true;
        self.with_lock(told, (recipe.as_ref(), bases), options).await
    }

    /// Brings it to where the image lives, attaches what vouches for it once it is there, and gives it the name. Whatever needs no
    /// more than a key is done meanwhile: one takes long to open.
    async fn vouched(
        &self,
        (image, bases): (&OwnImage, &Bases),
        (target, made): (&Arc<Layout>, &Made),
        vouching: Option<&Vouching<'_>>,
        carried: &mut Carried,
    ) -> Result<(), Report> {
        let opened = OnceLock::new();
        let home = async {
            match image.home {
                Home::Local => Ok(()),
                Home::Registry => self.bring_home((image, bases), (target, made), carried).await,
            }
        };
        let sealed = async {
            let Some(Vouching { signer, attaching, documents, .. }) = vouching else { return Ok(None) };
            let ready = attaching.ready(&made.top, documents).await?;
            let key = match signer.open().await {
                Ok(key) => opened.get_or_init(|| key),
                Err(report) => {
                    ready.give_up().await;
                    return Err(report);
                }
            };
            ready.seal(key).await.map(Some).map_err(|error| unsigned(&made.top, error))
        };
        let sealed = try_join(home.boxed(), sealed.boxed()).await?.1;
        match (image.home, vouching, sealed) {
            (Home::Registry, Some(Vouching { foreseen, .. }), Some(sealed)) => {
                self.name_there(image, made, (foreseen, &sealed)).await
            }
            // In a registry nothing gets a name that nobody vouches for.
            (Home::Registry, ..) => Err(unmade(Report::message(Kind::Failed, "nobody signs it"), image)),
            (Home::Local, _, sealed) => {
                if let Some(sealed) = sealed {
                    sealed.attach().await.map_err(|error| unsigned(&made.top, error))?;
                }
                self.name_here(target, image, &made.top)
            }
        }
    }

    /// The recipe's lock follows, now that the tag has moved.
    async fn with_lock(
        &self,
        told: Rebase,
        (recipe, bases): (Option<&LoadedRecipe>, &Bases),
        options: &RebaseOptions,
    ) -> Result<Rebase, Report> {
        let settle = async {
            Ok(match self.lock_to_follow(recipe, bases, options).await? {
                None => None,
                Some(Err(stays)) => Some(stays),
                Some(Ok(follow)) if options.dry_run => Some(follow.told()),
                Some(Ok(follow)) => Some(follow.write()?),
            })
        };
        let lock = settle.await.map_err(|report: Report| {
            let doing = format!("{} is rebased, but its recipe's lock did not follow", told.reference);
            report.while_doing(doing).help("mend that and rebase again: it is current then, and its lock follows")
        })?;
        Ok(Rebase { lock, ..told })
    }
}

/// What vouches for what was made, before it is signed.
struct Vouching<'s> {
    signer: &'s Signer,
    /// The store it is put into, which has what will be read there on its way back.
    foreseen: Arc<ForeseenStore>,
    attaching: Attaching,
    documents: Vec<Document>,
}

/// Nothing has a name yet.
fn unmade(report: Report, image: &OwnImage) -> Report {
    report.while_doing(format!("{} cannot be rebased", escape(&image.reference.to_string())))
}

fn blocking<'c>(checks: impl Iterator<Item = &'c Check>) -> Vec<Check> {
    checks.cloned().collect()
}
