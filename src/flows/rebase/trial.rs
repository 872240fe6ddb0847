//! The recipe's tests, put to the image on its new base before it gets its name. Which recipe that is, the image's name tells;
//! the image itself is not asked.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::RebaseOptions;
use super::find::{Bases, OwnImage, Refusal};
use super::home::{Home, bring_layers};
use super::make::Made;
use super::told::{Carried, TestState, Tested};
use crate::adapters::engine::embedded::{Trial, trial_checks};
use crate::adapters::host::{self, IdMode};
use crate::adapters::store::layout::Layout;
use crate::domain::recipe::{TestCase, TestKind};
use crate::domain::text::escape;
use crate::domain::trust::Check;
use crate::flows::{Context, LoadedRecipe};
use crate::report::{Kind, Report};

/// What the recipe asks of it, and what is to be run now. Where the recipe cannot be read, neither can its tests, and nothing is
/// known of them.
pub(super) fn asked_of(
    recipe: Option<&LoadedRecipe>,
    options: &RebaseOptions,
) -> Result<(Tested, Vec<TestCase>), Refusal> {
    let Some(loaded) = recipe else {
        return Ok((Tested { state: TestState::NoRecipe, ..Tested::default() }, Vec::new()));
    };
    let tests = match (loaded.valid(), options.no_tests) {
        (Ok(recipe), _) => recipe.tests.clone(),
        (Err(_), true) => Vec::new(),
        (Err(report), false) => {
            let why = format!("its tests are not known: {}", report.message);
            return Err(Refusal::new("recipe.broken", why));
        }
    };
    let state = match (options.no_tests, tests.is_empty(), options.dry_run) {
        (true, ..) => TestState::Skipped,
        (_, true, _) => TestState::NoTests,
        (.., true) => TestState::WouldRun,
        _ => TestState::NotReached,
    };
    let told = Tested { recipe: Some(escape(&loaded.shown)), count: tests.len(), state, checks: Vec::new() };
    Ok((told, if state == TestState::NotReached { tests } else { Vec::new() }))
}

impl Context {
    /// The recipe of the workspace that makes the image, where one does.
    pub(super) async fn recipe_behind(&self, image: &OwnImage) -> Result<Option<LoadedRecipe>, Report> {
        let law = &image.site.law;
        let is_ours = law.store.as_deref() == Some("local");
        let (context, reference) = (self.clone(), format!("{}:{}", law.repository, image.tag));
        if !is_ours {
            return Ok(None);
        }
        let found = tokio::task::spawn_blocking(move || context.recipe_making(&reference)).await;
        found.map_err(|error| Report::new(Kind::Failed, &error))?
    }

    /// Puts what was made to its recipe's tests; gives those that reject it.
    pub(super) async fn tested(
        &self,
        tests: &[TestCase],
        (image, bases): (&OwnImage, &Bases),
        (target, made): (&Arc<Layout>, &Made),
        told: &mut Tested,
    ) -> Result<Vec<Check>, Report> {
        if tests.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.put_to(tests, (image, bases), (target, made)).await?;
        let rejecting: Vec<Check> =
            found.iter().filter(|(_, rejects)| *rejects).map(|(check, _)| check.clone()).collect();
        told.checks = found.into_iter().map(|(check, _)| check).collect();
        told.state = if rejecting.is_empty() { TestState::Passed } else { TestState::Failed };
        Ok(rejecting)
    }

    async fn put_to(
        &self,
        tests: &[TestCase],
        (image, bases): (&OwnImage, &Bases),
        (target, made): (&Arc<Layout>, &Made),
    ) -> Result<Vec<(Check, bool)>, Report> {
        let runs = tests.iter().any(|test| matches!(test.kind, TestKind::Run(_)));
        let ids = if runs { host::id_mode(self.settings.id_mode)? } else { IdMode::Root };
        // Programs need the layers themselves. Those of the new base are brought; ours are here, or it is said that they are not.
        if runs && image.home == Home::Registry && image.own_layers(bases).all(|layer| target.has(layer)) {
            bring_layers(target, bases, &mut Carried::default()).await?;
        }
        let trials: Vec<Trial> = made
            .manifests
            .iter()
            .zip(&made.images)
            .map(|((platform, _), (manifest, config))| Trial {
                platform: platform.clone(),
                manifest: manifest.clone(),
                config: config.clone(),
                repository: image.repository.clone(),
                layout: Arc::clone(target),
                cache: self.paths.cache.clone(),
                ids,
                tests: tests.to_vec(),
            })
            .collect();
        let cancel = CancellationToken::new();
        let _ended_with_this = cancel.clone().drop_guard();
        let running = tokio::task::spawn_blocking(move || {
            let one = |trial: &Trial| Ok((trial.platform.to_string(), trial.run(&cancel)?));
            trials.iter().map(one).collect::<Result<Vec<_>, Report>>()
        });
        let found = running.await.map_err(|error| Report::new(Kind::Failed, &error))??;
        Ok(trial_checks(tests, &found))
    }
}
