//! What is asked and done about images from here: rebase, rebake, what-if, roll-out; and where else one goes with them. Each
//! that changes something is asked about first. Pure.

use std::path::PathBuf;

use super::{Answer, Asked, Came, Effect, Model, Onto};
use crate::domain::lineage::Standing;
use crate::domain::text::escape;
use crate::domain::units::count;
use crate::flows::rebase::Answer as Outcome;
use crate::report::Report;
use crate::tui::effect::Effect as Outer;
use crate::tui::errands;
use crate::tui::keymap::Action;
use crate::tui::screens::{Around, Compare, Reveal, Wish};
use crate::tui::widgets::{Confirm, Toast};

pub(super) fn wish(effect: Effect) -> Wish {
    Wish::Do(Outer::Lineage(effect))
}

fn warn(text: impl Into<String>, next: &str) -> Vec<Wish> {
    vec![Wish::Tell(Toast::warning(text).next(next))]
}

fn none_selected() -> Vec<Wish> {
    warn("no image is selected", "r reads the stores")
}

impl Model {
    fn ask(&mut self, asked: Asked, effect: Effect) -> Vec<Wish> {
        self.answer = Some(Answer::new(asked));
        (self.detail, self.live.is_open, self.onto) = (None, false, None);
        vec![wish(effect)]
    }

    /// What a rebase of this image would come to.
    pub fn rebase(&mut self, image: String) -> Vec<Wish> {
        let asked = Asked::Rebase { image: image.clone(), dry_run: true };
        self.ask(asked, Effect::Rebase { image, dry_run: true })
    }

    /// What a base that is another one would do.
    pub fn impact(&mut self, base: String, onto: String) -> Vec<Wish> {
        let asked = Asked::Impact { base: base.clone(), onto: onto.clone() };
        self.ask(asked, Effect::Impact { base, onto })
    }

    /// What a roll-out would do.
    pub fn roll_out(&mut self, base: String, only: Vec<String>) -> Vec<Wish> {
        let asked = Asked::Plan { base: base.clone(), only: only.clone() };
        self.ask(asked, Effect::Plan { base, only })
    }

    /// Whether this does something with what is meant.
    pub(super) fn can(&self, action: Action) -> bool {
        match action {
            Action::Rebase => self.to_rebase().is_ok(),
            Action::Bake => match self.answer.as_ref().and_then(Answer::rebased) {
                Some(image) => self.named(image).is_none_or(|number| self.may_have_recipe(number)),
                None => {
                    self.meant().into_iter().any(|number| self.own(number).is_some() && self.may_have_recipe(number))
                }
            },
            Action::Publish => !self.own_meant().is_empty(),
            Action::RollOut => self.meant().into_iter().any(|number| self.base_of(number).is_some()),
            Action::Open => self.answer.as_ref().is_none_or(Answer::leads_on),
            _ => true,
        }
    }

    /// The one image that can be put on what its base is now; else why not, and what to do.
    fn to_rebase(&self) -> Result<String, (String, &'static str)> {
        let (graph, number) = match (self.graph(), self.meant().as_slice()) {
            (Some(graph), [number]) => (graph, *number),
            (_, []) | (None, _) => return Err(("no image is selected".into(), "r reads the stores")),
            (_, several) => {
                let text = format!("{} images are marked", several.len());
                return Err((text, "A rolls out to all of them; u takes the marks away"));
            }
        };
        let Some(image) = self.own(number) else {
            let text = "only images of the local store are rebased";
            return Err((text.into(), "A rolls its new version out to what is built on it"));
        };
        match graph.standing(number) {
            Standing::Stale { .. } => Ok(image),
            Standing::Current { .. } => {
                Err((format!("{image} is on what its base is now"), "r reads the stores again"))
            }
            Standing::Root => Err((format!("{image} is built on nothing that was found"), "r reads the stores again")),
            Standing::Through { stale } => {
                let below = self.facts.short(graph, *stale);
                Err((
                    format!("{image} is on what its base is now; {below}, below it, is stale"),
                    "n goes to what is stale",
                ))
            }
            Standing::Unknown { follows } => {
                let text = format!("{} is gone: nobody can tell what {image} is to be on", escape(follows));
                Err((text, "`bakery rebase IMAGE --onto REFERENCE` does where you can"))
            }
        }
    }

    pub(super) fn ask_rebase(&mut self) -> Vec<Wish> {
        match self.to_rebase() {
            Ok(image) => self.rebase(image),
            Err((why, next)) => warn(why, next),
        }
    }

    /// Enter on what came of a question: does it, after another one.
    pub(super) fn go_on(&mut self) -> Vec<Wish> {
        let Some(answer) = &self.answer else { return Vec::new() };
        if let Some(rebase) = answer.can_rebase() {
            let text = "Its tag moves to the rebased image, signed and attested anew where this workspace signs.";
            let then = vec![wish(Effect::Rebase { image: rebase.reference.clone(), dry_run: false })];
            let title = format!("rebase {}?", rebase.reference);
            let mut confirm = Confirm::no_or(title, text, "rebase it", then);
            if let Some((old, new)) = &rebase.bases {
                confirm.code = vec![format!("{}  {} → {}", rebase.base, old.short(), new.short())];
            }
            return vec![Wish::Ask(confirm)];
        }
        let (Some(plan), Asked::Plan { base, only }) = (answer.can_begin(), &answer.asked) else { return Vec::new() };
        let all = plan.counts().3;
        let budget = match plan.budget {
            0 => "one failed".to_owned(),
            more => format!("more than {more} failed"),
        };
        let text = format!(
            "Each is moved, verified, and handed on to where it was published before. Once {budget}, what is under way comes \
             to its end and nothing further begins. It goes on when you leave."
        );
        let then = vec![wish(Effect::Begin { base: base.clone(), only: only.clone() })];
        let title = format!("roll {base} out to {}?", count(all as u64, "image"));
        let mut confirm = Confirm::no_or(title, text, "roll it out", then);
        confirm.code = vec![format!("{base} → {}", plan.onto.short())];
        vec![Wish::Ask(confirm)]
    }

    /// The same question again.
    pub(super) fn ask_again(&mut self) -> Vec<Wish> {
        match self.answer.as_ref().map(|answer| answer.asked.clone()) {
            Some(Asked::Rebase { image, .. }) => self.rebase(image),
            Some(Asked::Impact { base, onto }) => self.impact(base, onto),
            Some(Asked::Plan { base, only }) => self.roll_out(base, only),
            None => Vec::new(),
        }
    }

    /// The images of the local store that are meant: that of an answer, else what is marked or selected.
    fn own_meant(&self) -> Vec<String> {
        match self.answer.as_ref().and_then(Answer::rebased) {
            Some(image) => vec![image.to_owned()],
            None => self.meant().into_iter().filter_map(|number| self.own(number)).collect(),
        }
    }

    /// Whether a recipe makes it, or that was not looked into yet.
    fn may_have_recipe(&self, number: usize) -> bool {
        !matches!(self.known.of(number), Some(Ok(assessment)) if assessment.recipe.is_none())
    }

    /// Bakes the recipes of what is meant again.
    pub(super) fn ask_rebake(&self) -> Vec<Wish> {
        let images = self.own_meant();
        if images.is_empty() {
            return warn("only images of the local store are baked here", "whoever made it has the recipe");
        }
        vec![Wish::Rebake(images)]
    }

    /// The question before recipes are baked again; `none`: images that no recipe makes.
    pub fn rebake(&self, recipes: &[(String, PathBuf, String)], none: &[String]) -> Vec<Wish> {
        let mut wishes: Vec<Wish> = Vec::new();
        if !none.is_empty() {
            let text = format!("no recipe of this workspace makes {}", none.join(", "));
            wishes.push(Wish::Tell(Toast::warning(text).next("whoever made it has the recipe")));
        }
        let title = match recipes {
            [] => return wishes,
            [(image, ..)] => format!("bake {image} again on what its base is now?"),
            several => format!("bake {} again on what their bases are now?", count(several.len() as u64, "image")),
        };
        let text = "The lock moves to what the base's tag points to now, then the recipe is baked: its steps run.";
        let files = recipes.iter().map(|(_, file, _)| file.clone()).collect();
        let mut confirm = Confirm::no_or(title, text, "bake again", vec![wish(Effect::Update(files))]);
        confirm.code = recipes.iter().map(|(.., shown)| shown.clone()).collect();
        wishes.push(Wish::Ask(confirm));
        wishes
    }

    /// The tag that a roll-out or a what-if of an image is about: of a base its own, else the one its base is had by.
    pub(super) fn base_of(&self, number: usize) -> Option<String> {
        let graph = self.graph()?;
        let stale = match graph.standing(number) {
            Standing::Through { stale } => *stale,
            _ => number,
        };
        if let Standing::Stale { follows, .. } = graph.standing(stale) {
            return Some(follows.clone());
        }
        let image = &graph.images()[number];
        let followed = image.places.iter().map(ToString::to_string).find(|tag| self.facts.followers.contains_key(tag));
        let once = || self.facts.once.get(&number).cloned();
        followed.or_else(once).or_else(|| match graph.standing(number) {
            Standing::Current { follows } => Some(follows.clone()),
            _ => None,
        })
    }

    pub(super) fn ask_rollout(&mut self) -> Vec<Wish> {
        if self.live.is_running() {
            return warn("a roll-out is under way", "L shows it");
        }
        let meant = self.meant();
        let mut bases: Vec<String> = meant.iter().filter_map(|number| self.base_of(*number)).collect();
        bases.sort();
        bases.dedup();
        match (bases.as_slice(), meant.is_empty()) {
            (_, true) => none_selected(),
            ([], _) => warn("no tag is known that its base is had by", "select a base, or something built on one"),
            ([base], _) => {
                let marked = !self.marked.is_empty();
                let only = meant.iter().filter(|_| marked).filter_map(|number| self.own(*number)).collect();
                self.roll_out(base.clone(), only)
            }
            (several, _) => {
                let text = format!("what is marked follows {} bases: {}", several.len(), several.join(", "));
                warn(text, "mark what follows one; u takes all marks away")
            }
        }
    }

    /// Begins typing what a base would be.
    pub(super) fn ask_impact(&mut self) -> Vec<Wish> {
        let Some(number) = self.selected() else { return none_selected() };
        let Some(base) = self.base_of(number).or_else(|| self.own_tag(number)) else {
            return warn("no tag is known that could move", "select a base, or something built on one");
        };
        let choices = self.choices(&base);
        (self.detail, self.answer) = (None, None);
        self.onto = Some(Onto { base, choices, ..Onto::default() });
        Vec::new()
    }

    fn own_tag(&self, number: usize) -> Option<String> {
        self.graph()?.images().get(number)?.places.first().map(ToString::to_string)
    }

    /// What a tag could point to: what other tags of its repository do, the newest first.
    fn choices(&self, base: &str) -> Vec<(String, String)> {
        let repository = base.rsplit_once(':').map_or(base, |(repository, _)| repository);
        let images = self.graph().into_iter().flat_map(|graph| graph.images());
        let mut choices: Vec<(Option<i64>, String, String)> = Vec::new();
        for image in images {
            for place in image.places.iter().filter(|place| place.repository == repository) {
                let note = if place.to_string() == base { "what it is now" } else { "" };
                choices.push((image.created, place.to_string(), format!("{}  {note}", image.digest.short())));
            }
        }
        choices.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        choices.into_iter().map(|(_, reference, note)| (reference, note)).collect()
    }

    /// What was typed is meant, or what is selected below it.
    pub(super) fn onto_chosen(&mut self) -> Vec<Wish> {
        let Some(onto) = self.onto.take() else { return Vec::new() };
        let selected = onto.shown().nth(onto.cursor.selected).map(|(reference, _)| reference.clone());
        let typed = onto.typed.text.trim().to_owned();
        let is_reference = typed.contains('/') || typed.contains('@');
        let meant = match selected {
            Some(selected) if onto.moved || typed.is_empty() || !is_reference => selected,
            _ => typed,
        };
        if meant.is_empty() {
            return warn("name what the base would be", "STORE/NAME:TAG or STORE/NAME@sha256:…");
        }
        self.impact(onto.base, meant)
    }

    /// Old base against new base of a stale image; any other is looked into.
    pub(super) fn compare(&self) -> Vec<Wish> {
        let (Some(graph), Some(number)) = (self.graph(), self.selected()) else { return none_selected() };
        let stale = match graph.standing(number) {
            Standing::Through { stale } => *stale,
            _ => number,
        };
        if let (Standing::Stale { follows, now, .. }, Some(edge)) = (graph.standing(stale), graph.base(stale)) {
            let repository = follows.rsplit_once(':').map_or(follows.as_str(), |(repository, _)| repository);
            let of = |number: usize| format!("{repository}@{}", graph.images()[number].digest);
            return vec![Wish::Compare(Compare::Images { before: of(edge.base), after: of(*now) })];
        }
        match self.own_tag(number) {
            Some(image) => vec![Wish::Compare(Compare::Image(image))],
            None => warn("no tag points to it any more", "select what is built on it"),
        }
    }

    fn tags_meant(&self) -> Vec<String> {
        self.meant().into_iter().filter_map(|number| self.own(number).or_else(|| self.own_tag(number))).collect()
    }

    pub(super) fn verify(&self) -> Vec<Wish> {
        let of_answer = match self.answer.as_ref().map(|answer| &answer.asked) {
            Some(Asked::Rebase { image, .. }) => vec![image.clone()],
            _ => self.tags_meant(),
        };
        match of_answer.as_slice() {
            [] => none_selected(),
            [image] => vec![Wish::Verify(image.clone())],
            images => vec![Wish::Do(Outer::Errand(errands::Effect::VerifyAll(images.to_vec())))],
        }
    }

    pub(super) fn publish(&self) -> Vec<Wish> {
        let images = self.own_meant();
        if images.is_empty() {
            return warn("nothing of the local store is selected", "what is elsewhere is published already");
        }
        vec![Wish::Do(Outer::Errand(errands::Effect::PlanPublish(images)))]
    }

    /// The reference; the digest where the right pane has the keys; all of an answer.
    pub(super) fn copy(&self) -> Vec<Wish> {
        if let Some(answer) = &self.answer {
            return vec![Wish::Do(Outer::Copy(answer.text(0..answer.len())))];
        }
        let Some(image) = self.selected_image() else { return Vec::new() };
        let text = if self.detail.is_some() { image.digest.to_string() } else { image.name() };
        vec![Wish::Do(Outer::Copy(text))]
    }

    /// Goes to the selected image's place on the Store screen.
    pub(super) fn to_store(&self) -> Vec<Wish> {
        match self.selected().and_then(|number| self.own(number).or_else(|| self.own_tag(number))) {
            Some(image) => vec![Wish::Reveal(Reveal::Image(image))],
            None => warn("no tag points to it any more", "select what is built on it"),
        }
    }

    /// Takes in what came of what was asked last.
    pub(super) fn answered(&mut self, asked: &Asked, came: Came, around: &Around) -> Vec<Wish> {
        let mut wishes = Vec::new();
        let is_done = matches!(&came, Came::Rebase(rebase) if rebase.is_done);
        let is_asked = self.answer.as_ref().is_some_and(|answer| match (&answer.asked, asked) {
            // What is done after it was tried is told in the same place.
            (Asked::Rebase { image, .. }, Asked::Rebase { image: done, dry_run: false }) => image == done,
            (asked_last, _) => asked_last == asked,
        });
        // What was done is told, wherever one is by now; what was only asked is for whoever still asks.
        if let Asked::Rebase { image, dry_run: false } = asked {
            wishes.push(Wish::Tell(match &came {
                Came::Rebase(rebase) if rebase.is_done => {
                    Toast::done(format!("{image} is rebased")).next("P publishes it")
                }
                Came::Rebase(rebase) if rebase.answer == Outcome::Current => {
                    Toast::done(format!("{image} is on what its base is now"))
                }
                Came::Failed(report) => Toast::failure(report),
                _ => Toast::warning(format!("{image} was not rebased")).next("what stands in the way is told here"),
            }));
        }
        if let Some(answer) = self.answer.as_mut().filter(|_| is_asked) {
            answer.take(came);
        }
        if is_done {
            wishes.push(Wish::ReadAgain);
        }
        self.settle(around);
        wishes
    }

    /// What was asked was given up.
    pub(super) fn broke_off(&mut self, report: Report) {
        if let Some(answer) = self.answer.as_mut().filter(|answer| answer.came.is_none()) {
            answer.take(Came::Failed(report));
        }
    }
}
