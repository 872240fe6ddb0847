//! What a roll-out is of: the base's tag, what it points to, every image as it is found. Moves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::RolloutOptions;
use crate::adapters::signing::Keyring;
use crate::adapters::store::Selector;
use crate::domain::oci::{Digest, ImageRef, Place};
use crate::domain::rollout::{Named, Owed, Planned, Wanted, plan};
use crate::domain::text::escape;
use crate::flows::Context;
use crate::flows::prepare::LoadedRecipe;
use crate::report::{Kind, Report};

/// What earlier roll-outs were to do and did not, by place and by name.
type LeftBehind = (BTreeMap<String, Owed>, BTreeMap<String, Named>);

/// What the process is asked; every image as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Draft {
    /// The workspace's folder.
    pub(super) workspace: PathBuf,
    /// The base's tag, as everything here is called.
    pub(super) base: String,
    /// What it points to.
    pub(super) onto: Digest,
    /// How to roll out.
    pub(super) options: RolloutOptions,
    /// The images, in dependency order.
    pub(super) items: Vec<Planned>,
}

impl Context {
    /// Finds everything stale built on what a base's tag pointed to.
    pub(super) async fn draft_rollout(&self, base: &str, options: &RolloutOptions) -> Result<Draft, Report> {
        let base = self.base_tag(base)?;
        // What is moved is verified by these: that they cannot be read is known before anything is.
        Keyring::load(self.store_settings("local")?).map_err(Report::from)?;
        let onto = self.points_to(&base).await?;
        let lineage = self.lineage().await;
        if options.publish
            && let Some((what, report)) = lineage.unread.iter().find(|(_, report)| report.kind == Kind::Unreachable)
        {
            let doing = format!("{} cannot be read: what is to be handed on there is not known", escape(what));
            return Err(report.clone().while_doing(doing).help("with --no-publish nothing is handed on"));
        }
        let context = self.clone();
        let recipes = tokio::task::spawn_blocking(move || context.all_recipes()).await;
        let recipes = recipes.map_err(|error| Report::new(Kind::Failed, &error))??;
        let (owed, names) = self.left_behind()?;
        let wanted = Wanted {
            only: self.only(&options.only)?,
            publish: options.publish,
            made: recipes.iter().filter_map(made).collect(),
            owed: if options.publish { owed } else { BTreeMap::new() },
            names,
        };
        let items = plan(&lineage.graph, &base, &wanted);
        let unknown = wanted.only.iter().find(|only| !items.iter().any(|item| item.reference == **only));
        if let Some(unknown) = unknown {
            return Err(Report::message(Kind::Usage, format!("{unknown} is not stale on {base}"))
                .help("`bakery lineage` shows what is"));
        }
        Ok(Draft { workspace: self.workspace.root.clone(), base, onto, options: options.clone(), items })
    }

    /// What roll-outs of this workspace were to hand on, or to name anew, and did not; of each place and name the newest that was
    /// to knows.
    fn left_behind(&self) -> Result<LeftBehind, Report> {
        let (mut places, mut names) = (BTreeMap::new(), BTreeMap::new());
        for state in self.own_states()? {
            let state = state?;
            for (place, owed) in state.handing_on() {
                places.entry(place.clone()).or_insert(owed);
            }
            for (name, named) in state.naming() {
                names.entry(name.clone()).or_insert(named);
            }
        }
        let owed = places.into_iter().filter_map(|(place, owed)| Some((place, owed?)));
        Ok((owed.collect(), names.into_iter().filter_map(|(name, named)| Some((name, named?))).collect()))
    }

    /// A base's tag, as the lineage calls it.
    fn base_tag(&self, text: &str) -> Result<String, Report> {
        let image = self.parse_reference(text)?;
        let tag = image.tag_or_latest().filter(|_| image.digest.is_none());
        let (Some(tag), Some(repository)) = (tag, &image.repository) else {
            return Err(Report::message(Kind::Usage, format!("{} names no tag that could have moved", escape(text)))
                .help("name a base by its tag: global/python:3.12"));
        };
        let law = self.jurisdiction(&image, Some(repository));
        let repository = match (&image.place, law.store) {
            (Place::Registry(_), Some(store)) => format!("{store}/{}", law.repository),
            (Place::Registry(host), None) => format!("{host}/{repository}"),
            _ => ImageRef { tag: None, digest: None, ..image.clone() }.to_string(),
        };
        Ok(format!("{repository}:{tag}"))
    }

    /// Where a tag points now.
    pub(super) async fn points_to(&self, reference: &str) -> Result<Digest, Report> {
        let image = self.parse_reference(reference)?;
        let (store, repository) = self.open(&image)?;
        let unnamed = || Report::message(Kind::Usage, format!("{} names no tag", escape(reference)));
        let selector = match (&image.digest, image.tag_or_latest()) {
            (Some(digest), _) => Selector::Digest(digest.clone()),
            (None, tag) => Selector::Tag(tag.ok_or_else(unnamed)?),
        };
        Ok(store.resolve(&repository, &selector).await?.digest)
    }

    fn only(&self, named: &[String]) -> Result<BTreeSet<String>, Report> {
        let one = |name: &String| {
            let image = self.parse_reference(name)?;
            let tag = image.tag_or_latest();
            Ok(ImageRef { tag, ..image }.to_string())
        };
        named.iter().map(one).collect()
    }

    /// The recipe that makes an image, where it can be baked on the base it is to go to; else why not.
    pub(super) async fn recipe_for(&self, planned: &Planned) -> Result<LoadedRecipe, Report> {
        let Some(reference) = planned.reference.strip_prefix("local/").map(str::to_owned) else {
            return Err(Report::message(Kind::Failed, "it is in no local store"));
        };
        let context = self.clone();
        let found = tokio::task::spawn_blocking(move || context.recipes_making(&reference)).await;
        let mut found = found.map_err(|error| Report::new(Kind::Failed, &error))??.into_iter();
        let Some(recipe) = found.next() else {
            return Err(Report::message(Kind::Failed, "no recipe of this workspace makes it"));
        };
        if let Some(other) = found.next() {
            let message = format!("{} and {} both make it", recipe.shown, other.shown);
            return Err(Report::message(Kind::Failed, message));
        }
        let base = recipe.valid()?.base.to_string();
        if base != planned.base {
            let message = format!("its recipe {} is on {base}, not on {}", recipe.shown, planned.base);
            return Err(Report::message(Kind::Failed, message));
        }
        Ok(recipe)
    }
}

/// What a recipe makes.
fn made(recipe: &LoadedRecipe) -> Option<String> {
    recipe.recipe.as_ref().map(|recipe| format!("local/{}", recipe.reference()))
}
