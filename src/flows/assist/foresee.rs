//! What a bake of a text would do and find, before it is saved: its plan, what it fetches, how long it took last time, and the
//! checks whose outcome shows already. Writes nothing; asks a store only where a base is neither pinned nor remembered.

use std::path::Path;
use std::time::Duration;

use super::{Foreseen, Foresight};
use crate::adapters::clock;
use crate::adapters::engine::BaseImage;
use crate::domain::oci::ImageRef;
use crate::domain::recipe::assist::{line_of, values_of};
use crate::domain::recipe::{Base, Lock, Recipe};
use crate::domain::trust::{BaseAhead, Cause, Check, CheckVerdict, Forecast, forecast};
use crate::flows::browse::told_time;
use crate::flows::prepare::{loaded_lock, platforms_of};
use crate::flows::standing::Prospect;
use crate::flows::{Context, LoadedRecipe, PrepareOptions, Prepared};
use crate::report::{Kind, Report};

/// How long a base that is not pinned is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

impl Context {
    /// What a bake of this text would do, as if it stood in `file`.
    pub async fn foresee(&self, file: &Path, text: &str) -> Result<Foresight, Report> {
        let (context, named, bytes) = (self.clone(), file.to_owned(), text.as_bytes().to_vec());
        let read = move || {
            let loaded = context.judge(&named, &context.shown(&named), bytes)?;
            let lock = loaded_lock(&named)?;
            Ok::<_, Report>((loaded, lock))
        };
        let done = tokio::task::spawn_blocking(read).await;
        let (loaded, lock) = done.map_err(|error| Report::new(Kind::Failed, &error))??;
        let prepared = self.prepared(&loaded, lock).await?;
        let checks = self.checks_ahead(file, text, &prepared).await;
        let reference = prepared.recipe.reference();
        let took = match self.known.took().of(&reference) {
            Some(took) => took,
            None => {
                let took = self.took(&reference).await;
                self.known.took().keep(&reference, took);
                took
            }
        };
        let prospect = Prospect::of(prepared);
        let missing = prospect.plan.platforms.iter().filter_map(|part| Some(part.base.as_ref()?.missing));
        Ok(Foresight { pulls: missing.fold(0, u64::saturating_add), took, checks, prospect })
    }

    /// Prepared without a word to any store where the base is pinned, here or by what was found out a moment ago.
    async fn prepared(&self, loaded: &LoadedRecipe, lock: Option<Lock>) -> Result<Prepared, Report> {
        let recipe = loaded.valid()?;
        let question = question(recipe, &loaded.file);
        let fits = |lock: &Lock| lock.fits(&recipe.base, &platforms_of(recipe));
        let lock = lock.filter(fits).or_else(|| self.known.locks().of(&question).filter(fits));
        let is_pinned = lock.is_some() || recipe.base == Base::Scratch;
        let preparing = self.prepare_with(loaded, lock, PrepareOptions::default());
        let prepared = match is_pinned {
            true => preparing.await?,
            false => tokio::time::timeout(PATIENCE, preparing).await.map_err(|_| unanswered(recipe))??,
        };
        if let Some(lock) = &prepared.lock {
            self.known.locks().keep(&question, lock.clone());
        }
        Ok(prepared)
    }

    async fn checks_ahead(&self, file: &Path, text: &str, prepared: &Prepared) -> Vec<Foreseen> {
        let policy = match self.policy() {
            Ok(policy) => policy,
            // Such a policy rejects everything.
            Err(report) => {
                let why = report.message;
                return vec![Foreseen { id: "policy".to_owned(), verdict: CheckVerdict::Fail, why, line: None }];
            }
        };
        let recipe = &prepared.recipe;
        let (named, first) = (recipe.base.to_string(), recipe.platforms.first().map(ToString::to_string));
        let facts = match prepared.bases.first() {
            Some(_) => self.base_facts(file, Some(&named), first.as_deref()).await.ok(),
            None => None,
        };
        let law = match &recipe.base {
            Base::Image(image) => Some(self.law_of(image)),
            Base::Scratch => None,
        };
        let tree = facts.as_ref().and_then(|facts| facts.opened.as_ref()).map(|opened| &*opened.tree);
        let ahead = |base: &BaseImage| -> Option<Vec<(Check, Cause)>> {
            let (store, repository) = law.as_ref()?;
            let base = BaseAhead {
                reference: &named,
                store: store.as_deref(),
                repository,
                config: &base.config,
                created: base.config.created.as_deref().and_then(told_time),
                tree,
            };
            Some(forecast(Forecast {
                recipe,
                inputs: &prepared.inputs,
                base: Some(base),
                policy: &policy,
                now: clock::now_unix(),
            }))
        };
        let found = match prepared.bases.first() {
            Some(base) => ahead(base).unwrap_or_default(),
            None => {
                let inputs = &prepared.inputs;
                forecast(Forecast { recipe, inputs, base: None, policy: &policy, now: clock::now_unix() })
            }
        };
        let packages = values_of(text, "packages");
        found.into_iter().map(|(check, cause)| foreseen(check, &cause, text, &packages)).collect()
    }

    /// The store that judges an image, and its path there.
    fn law_of(&self, image: &ImageRef) -> (Option<String>, String) {
        let law = self.jurisdiction(image, image.repository.as_ref());
        (law.store, law.repository)
    }
}

fn unanswered(recipe: &Recipe) -> Report {
    Report::message(Kind::Unreachable, format!("the store of {} does not answer", recipe.base))
        .help("a lock beside the recipe makes its plan known without it")
}

/// What a base is remembered by; a layout's path means another in another folder.
fn question(recipe: &Recipe, file: &Path) -> String {
    let platforms: Vec<String> = platforms_of(recipe).iter().map(ToString::to_string).collect();
    let folder = file.parent().unwrap_or(file).display();
    format!("{} {} {folder}", recipe.base, platforms.join(","))
}

fn foreseen(check: Check, cause: &Cause, text: &str, packages: &[(String, u32)]) -> Foreseen {
    let base = || line_of(text, &["base"]);
    let line = match cause {
        Cause::Base => base(),
        // What the recipe does not say is as the base has it.
        Cause::User => line_of(text, &["config", "user"]).or_else(base),
        Cause::Labels => line_of(text, &["config", "labels"]).or_else(base),
        Cause::Package(name) => packages.iter().find(|(known, _)| known == name).map(|(_, line)| *line),
        Cause::Step(line) => Some(*line),
    };
    let why = check.finding.evidence.join("; ");
    Foreseen { id: check.id, verdict: check.finding.verdict, why, line }
}
