//! Where bakes may go: the workspace's builders, or the one engine somebody named; what they are heard to be able to do, and what
//! is refused because none can. Starts nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};

use super::Context;
use super::bake::{BakeRequest, Seated};
use super::engines::{self, lacking};
use super::prepare::Prepared;
use crate::adapters::engine::Engine;
use crate::adapters::engine::scripted::ScriptedEngine;
use crate::adapters::settings::EngineSettings;
use crate::domain::engine::{Capabilities, EngineAddress};
use crate::domain::oci::Platform;
use crate::domain::pool::{Builder, Pool, Seats};
use crate::domain::recipe::Recipe;
use crate::report::{Kind, Report};

/// How long a builder may take to say what it can do.
pub(super) const ASKING: Duration = Duration::from_secs(20);

/// What comes of asking a builder what it can do.
pub(super) type Answer = Result<Capabilities, Report>;

/// A builder, or the one engine there is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Its engine as written; `A,B` where a second one compares.
    engine: String,
    /// As one of the workspace's `engines`.
    pub(super) own: Option<EngineSettings>,
}

impl Place {
    /// One of the workspace's engines.
    fn of(own: &EngineSettings) -> Self {
        Self { engine: own.engine.to_string(), own: Some(own.clone()) }
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        self.own.as_ref().map_or(engines::split(&self.engine).0, |own| &own.name)
    }

    /// How long a bake on it may say nothing.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.own.as_ref().and_then(|own| own.timeout)
    }

    fn has(&self, platform: &Platform) -> bool {
        self.own.as_ref().is_none_or(|own| own.platforms.is_empty() || own.platforms.contains(platform))
    }

    /// Asks what it can do, within a bound.
    pub(super) fn ask(&self, context: &Context) -> BoxFuture<'static, Answer> {
        let bound = self.timeout().unwrap_or(ASKING).min(ASKING);
        let (name, engine) = (self.name().to_owned(), self.engine(context));
        async move {
            let engine = engine?;
            match tokio::time::timeout(bound, engine.capabilities()).await {
                Ok(answer) => answer.map_err(Report::from),
                Err(_) => Err(mute(&name, bound)),
            }
        }
        .boxed()
    }

    fn engine(&self, context: &Context) -> Result<std::sync::Arc<dyn Engine>, Report> {
        if let Some(scripted) = ScriptedEngine::from_environment(self.name()) {
            return Ok(std::sync::Arc::new(scripted.map_err(|error| Report::new(Kind::Failed, &error))?));
        }
        match &self.own {
            Some(own) => engines::of_pool(own, context),
            None => engines::engine(&engines::address(engines::split(&self.engine).0)?, context),
        }
    }
}

/// What a builder is at fault of that says nothing.
fn mute(name: &str, bound: Duration) -> Report {
    let message = format!("builder {name} said nothing for {} s", bound.as_secs().max(1));
    Report::message(Kind::Unreachable, message).help("`bakery doctor` says what the engine answers")
}

/// All places bakes may go to.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) all: Vec<Place>,
    slots: usize,
}

impl Places {
    /// The workspace's `engines`; `named`: that one alone, one that is none of them with so many at once. Files their `tls` names
    /// must be there.
    pub(super) fn of(context: &Context, named: Option<&str>, parallel: usize) -> Result<Self, Report> {
        let engines = &context.workspace.engines;
        let chosen: Vec<&EngineSettings> =
            engines.iter().filter(|own| named.is_none_or(|named| own.name == named)).collect();
        if !chosen.is_empty() {
            chosen.iter().try_for_each(|own| own.check_tls())?;
            return Ok(Self { all: chosen.into_iter().map(Place::of).collect(), slots: parallel });
        }
        let engine = engines::written(named.unwrap_or(context.engine_name()), &context.workspace)?;
        let first = engines::split(&engine).0;
        if let Some(own) = engines.iter().find(|own| own.engine.to_string() == first) {
            own.check_tls()?;
        }
        Ok(Self { all: vec![Place { engine, own: None }], slots: parallel.max(1) })
    }

    /// Whether they are the workspace's builders.
    pub(super) fn is_pool(&self) -> bool {
        self.all.iter().any(|place| place.own.is_some())
    }

    /// As the scheduler knows them.
    pub(super) fn builders(&self) -> Vec<Builder> {
        let builder = |place: &Place| Builder {
            name: place.name().to_owned(),
            slots: place.own.as_ref().map_or(self.slots, |own| own.slots),
            platforms: place
                .own
                .as_ref()
                .filter(|own| !own.platforms.is_empty())
                .map(|own| own.platforms.iter().cloned().collect()),
        };
        self.all.iter().map(builder).collect()
    }

    /// Gives a request its seats: a builder's number for each platform; with what the one engine there is said it can do.
    pub(super) fn seat(&self, request: &mut BakeRequest, seats: &[usize], heard: &BTreeMap<usize, Capabilities>) {
        let Some(first) = seats.first().and_then(|seat| self.all.get(*seat)) else { return };
        request.engine.clone_from(&first.engine);
        request.builder = first.own.as_ref().map(|own| own.name.clone());
        // A builder of several is asked again: whether it still answers decides where the bake goes.
        let alone = first.own.is_none() && engines::split(&first.engine).1.is_none();
        request.can = seats.first().and_then(|seat| heard.get(seat)).filter(|_| alone).cloned();
        let seated = |(platform, seat): (&Platform, &usize)| {
            let own = self.all.get(*seat)?.own.as_ref()?;
            Some(Seated {
                platform: platform.clone(),
                engine: own.engine.to_string(),
                builder: own.name.clone(),
                native: own.platforms.contains(platform),
                timeout: own.timeout,
                tls: own.tls.clone(),
            })
        };
        request.seats = request.platforms.iter().zip(seats).filter_map(seated).collect();
    }

    /// Why nobody bakes this, where that is so: one engine's lacks as they are, else what each builder lacks. A builder that did
    /// not answer may be able to do it all; a recipe that runs nothing is given as `None`.
    pub(super) fn refusal(
        &self,
        recipe: Option<(&Recipe, &str)>,
        platforms: &[Platform],
        heard: &BTreeMap<usize, Capabilities>,
    ) -> Option<Report> {
        let lacks = |at: usize, on: &[Platform]| lacking((self.all[at].name(), heard.get(&at)?), recipe?, on);
        if !self.is_pool() {
            return lacks(0, platforms);
        }
        let had = |platform: &Platform| {
            (0..self.all.len())
                .any(|at| self.all[at].has(platform) && lacks(at, std::slice::from_ref(platform)).is_none())
        };
        let missing: Vec<&Platform> = platforms.iter().filter(|platform| !had(platform)).collect();
        if missing.is_empty() {
            return None;
        }
        let names: Vec<String> = missing.iter().map(ToString::to_string).collect();
        let mut causes: Vec<String> = Vec::new();
        for (at, place) in self.all.iter().enumerate() {
            for platform in missing.iter().filter(|platform| place.has(platform)) {
                let Some(report) = lacks(at, std::slice::from_ref(*platform)) else { continue };
                causes.extend(std::iter::once(report.message).chain(report.causes));
            }
        }
        causes.dedup();
        let what = if causes.is_empty() { "has" } else { "can do what it asks for" };
        let mut report = Report::message(Kind::Usage, format!("no engine {what} {}", names.join(" and ")));
        report.causes = causes;
        Some(report.help("add one to `engines` in bakery.yaml, or name one with --engine"))
    }
}

/// Refuses what the one engine of a request cannot do; one that does not answer is no reason: the bake tells.
pub(super) async fn refuse(context: &Context, request: &BakeRequest) -> Result<(), Report> {
    let loaded = request.judged(context)?;
    let recipe = loaded.valid()?;
    let places = Places::of(context, Some(&request.engine), 1)?;
    if !recipe.runs() {
        return Ok(());
    }
    let Ok(can) = places.all[0].ask(context).await else { return Ok(()) };
    let heard = BTreeMap::from([(0, can)]);
    places.refusal(Some((recipe, &request.recipe)), &request.platforms, &heard).map_or(Ok(()), Err)
}

/// One engine, as it answers.
pub(super) struct Asked {
    /// Its name in the workspace; `None`: the one that bakes where no builder does.
    pub(super) builder: Option<EngineSettings>,
    /// Where it is.
    pub(super) engine: String,
    /// What it can do, or why it does not say.
    pub(super) can: Answer,
}

impl Context {
    /// The workspace's builders with nothing to do; none where it has no `engines`.
    pub fn builders(&self) -> Vec<Seats> {
        let all = self.workspace.engines.iter().map(Place::of).collect();
        Pool::new(Places { all, slots: 1 }.builders(), Vec::new()).board(0).builders
    }

    /// Asks every engine there is, side by side; not this machine's own, which needs no asking.
    pub(super) async fn ask_engines(&self) -> Vec<Asked> {
        let mut places: Vec<Place> = Vec::new();
        if self.engine().map_or(true, |engine| engine != EngineAddress::Embedded) {
            places.push(Place { engine: self.engine_name().to_owned(), own: None });
        }
        places.extend(self.workspace.engines.iter().map(Place::of));
        let answers = join_all(places.iter().map(|place| async {
            match place.own.as_ref().map_or(Ok(()), EngineSettings::check_tls) {
                Ok(()) => place.ask(self).await,
                Err(error) => Err(error.into()),
            }
        }));
        let answers = answers.await;
        let asked = |(place, can): (Place, Answer)| Asked { builder: place.own, engine: place.engine, can };
        places.into_iter().zip(answers).map(asked).collect()
    }

    /// Refuses a recipe whose steps ask what no engine can do, each with its line; `named`: that engine alone. Gives a note where
    /// an engine cannot be asked: a plan is no promise.
    pub async fn refuse_lacks(&self, prepared: &Prepared, named: Option<&str>) -> Result<Option<String>, Report> {
        let places = Places::of(self, named, 1)?;
        let platforms: Vec<Platform> = prepared.plan.platforms.iter().map(|part| part.platform.clone()).collect();
        let (mut heard, mut notes) = (BTreeMap::new(), Vec::new());
        if prepared.recipe.runs() {
            let answers = join_all(places.all.iter().map(|place| place.ask(self))).await;
            for (at, answer) in answers.into_iter().enumerate() {
                match answer {
                    Ok(can) => drop(heard.insert(at, can)),
                    Err(report) => {
                        let said = std::iter::once(report.message).chain(report.causes).collect::<Vec<_>>().join(": ");
                        notes.push(format!("note: what {} can do is not known: {said}", places.all[at].name()));
                    }
                }
            }
        }
        let recipe = prepared.recipe.runs().then_some((&prepared.recipe, prepared.plan.recipe.as_str()));
        match places.refusal(recipe, &platforms, &heard) {
            Some(report) => Err(report),
            None => Ok((!notes.is_empty()).then(|| notes.join("\n"))),
        }
    }
}
