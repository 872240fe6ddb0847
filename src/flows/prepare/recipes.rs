//! Finding and reading the recipes of a workspace, each once: what was read is what is checked, planned and baked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::adapters::inputs::FolderFacts;
use crate::adapters::recipes;
use crate::domain::oci::{ImageRef, Place};
use crate::domain::recipe::{self, Base, Problem, Recipe};
use crate::domain::text::escape;
use crate::domain::yaml::{Node, Problems, nearest};
use crate::flows::Context;
use crate::report::{Kind, Report};

/// A recipe file, read and judged.
#[derive(Debug)]
pub struct LoadedRecipe {
    /// As the user named it, or relative to the workspace.
    pub shown: String,
    /// Where it is.
    pub file: PathBuf,
    /// The bytes read; a bake uses these, whatever becomes of the file (Y-09).
    pub bytes: Vec<u8>,
    /// The recipe; `None` when a problem is an error.
    pub recipe: Option<Recipe>,
    /// Everything wrong with it, in the order of the text.
    pub problems: Vec<Problem>,
}

impl LoadedRecipe {
    /// The folder its `from` paths begin in.
    pub fn folder(&self) -> &Path {
        folder_of(&self.file)
    }

    /// The recipe, or a report that lists its errors.
    pub fn valid(&self) -> Result<&Recipe, Report> {
        if let Some(recipe) = &self.recipe {
            return Ok(recipe);
        }
        let errors: Vec<&Problem> =
            self.problems.iter().filter(|problem| problem.severity == recipe::Severity::Error).collect();
        let place = |p: &Problem| format!("{}:{}:{}: {}", escape(&self.shown), p.line, p.column, p.message);
        let mut report = match errors.as_slice() {
            [only] => Report::message(Kind::Usage, place(only)),
            all => {
                let message = format!("{} has {} errors", self.shown, all.len());
                let mut report = Report::message(Kind::Usage, message);
                report.causes = all.iter().take(20).map(|p| place(p)).collect();
                report
            }
        };
        report.help = Some(format!("`bakery check {}` shows them in place", escape(&self.shown)));
        Err(report)
    }
}

impl Context {
    /// Reads and judges the recipes named; all of the workspace where none is.
    pub fn recipes(&self, named: &[PathBuf]) -> Result<Vec<LoadedRecipe>, Report> {
        if named.is_empty() {
            return self.all_recipes();
        }
        let load = |name: &PathBuf| {
            let file = self.find_recipe(name)?;
            let shown = if file == *name { name.display().to_string() } else { self.shown(&file) };
            self.load_recipe(&file, &shown)
        };
        named.iter().map(load).collect()
    }

    /// The same, judged together with the workspace's other recipes: a look at every file below its recipes folder, which
    /// a bake can do without.
    pub fn check_recipes(&self, named: &[PathBuf]) -> Result<Vec<LoadedRecipe>, Report> {
        let mut all = self.recipes(named)?;
        if !all.iter().any(|loaded| loaded.recipe.as_ref().is_some_and(|recipe| local_base(recipe).is_some())) {
            return Ok(all);
        }
        let bases = self.local_bases();
        for loaded in &mut all {
            (loaded.recipe, loaded.problems) = self.judged_among(&loaded.file, &loaded.bytes, &bases)?;
        }
        Ok(all)
    }

    /// What [`Self::check_recipes`] would say of a text if it stood in `file`.
    pub fn check_text(&self, file: &Path, text: &[u8]) -> Result<Vec<Problem>, Report> {
        let parsed = self.parsed(file, text)?;
        if parsed.recipe.as_ref().is_none_or(|recipe| local_base(recipe).is_none()) {
            return Ok(parsed.finish().1);
        }
        Ok(self.judged_among(file, text, &self.local_bases())?.1)
    }

    fn judged_among(
        &self,
        file: &Path,
        text: &[u8],
        bases: &BTreeMap<String, String>,
    ) -> Result<(Option<Recipe>, Vec<Problem>), Report> {
        let mut parsed = self.parsed(file, text)?;
        if let (Some(recipe), Some(tree)) = (&parsed.recipe, &parsed.tree) {
            refuse_cycles(recipe, tree, bases, &mut parsed.problems);
        }
        Ok(parsed.finish())
    }

    /// Every `*.yaml` below the workspace's recipes whose first key is `recipe`.
    pub fn all_recipes(&self) -> Result<Vec<LoadedRecipe>, Report> {
        let folder = &self.workspace.recipes;
        let files = recipes::find(folder)?;
        files.iter().map(|file| self.load_recipe(file, &self.shown(file))).collect()
    }

    /// A recipe by the path given: as it is, relative to the workspace or below its recipes, with or without `.yaml`;
    /// else by the `NAME` or `NAME:TAG` of the image it makes.
    fn find_recipe(&self, name: &Path) -> Result<PathBuf, Report> {
        let below = self.workspace.recipes.join(name);
        let mut with_ending = below.clone().into_os_string();
        with_ending.push(".yaml");
        let in_workspace = self.workspace.root.join(name);
        let candidates = [name.to_owned(), in_workspace, below, PathBuf::from(with_ending)];
        if let Some(found) = candidates.into_iter().find(|path| recipes::is_file(path)) {
            return Ok(found);
        }
        if let Some(found) = self.recipe_of(name) {
            return Ok(found);
        }
        let report = Report::message(Kind::Usage, format!("no recipe {}", name.display()));
        let files = recipes::find(&self.workspace.recipes).unwrap_or_default();
        let shown: Vec<String> = files.iter().map(|file| self.shown(file)).collect();
        let wanted = name.display().to_string();
        Err(match nearest(&wanted, shown.iter().map(String::as_str)) {
            Some(near) => report.help(format!("did you mean {}?", escape(near))),
            None if shown.is_empty() => {
                report.help(format!("there is none below {}", self.shown(&self.workspace.recipes)))
            }
            None => report.help(format!("there are {}", escape(&shown.join(", ")))),
        })
    }

    /// The only recipe whose image is called so.
    fn recipe_of(&self, name: &Path) -> Option<PathBuf> {
        let (name, stores) = (name.to_str()?, self.store_names().collect::<Vec<_>>());
        let makes = |file: &PathBuf| {
            let recipe = recipes::read(file).ok().and_then(|text| recipe::parse(&text, &stores).recipe);
            recipe.is_some_and(|recipe| name == recipe.name.as_str() || name == recipe.reference())
        };
        let mut found = recipes::find(&self.workspace.recipes).ok()?.into_iter().filter(makes);
        found.next().filter(|_| found.next().is_none())
    }

    /// Relative to the workspace, where it lies in it.
    pub(in crate::flows) fn shown(&self, file: &Path) -> String {
        file.strip_prefix(&self.workspace.root).unwrap_or(file).display().to_string()
    }

    pub(super) fn load_recipe(&self, file: &Path, shown: &str) -> Result<LoadedRecipe, Report> {
        self.judge(file, shown, recipes::read(file)?)
    }

    /// Judges a recipe's text as if it stood in `file`, whatever stands there now.
    pub fn judge(&self, file: &Path, shown: &str, bytes: Vec<u8>) -> Result<LoadedRecipe, Report> {
        let (recipe, problems) = self.parsed(file, &bytes)?.finish();
        Ok(LoadedRecipe { shown: shown.to_owned(), file: file.to_owned(), bytes, recipe, problems })
    }

    fn parsed(&self, file: &Path, bytes: &[u8]) -> Result<recipe::Parsed, Report> {
        let stores: Vec<&str> = self.store_names().collect();
        let mut parsed = recipe::parse(bytes, &stores);
        recipe::lint(&mut parsed, &FolderFacts::open(folder_of(file), &self.secrets)?);
        Ok(parsed)
    }

    /// The texts of all recipes of the workspace that can be read.
    pub(in crate::flows) fn recipe_texts(&self) -> impl Iterator<Item = String> {
        let files = recipes::find(&self.workspace.recipes).unwrap_or_default();
        files.into_iter().filter_map(|file| String::from_utf8(recipes::read(&file).ok()?).ok())
    }

    /// Which recipes of the workspace have which other image of the local store as their base.
    fn local_bases(&self) -> BTreeMap<String, String> {
        let stores: Vec<&str> = self.store_names().collect();
        let files = recipes::find(&self.workspace.recipes).unwrap_or_default();
        let read = files.iter().filter_map(|file| recipe::parse(&recipes::read(file).ok()?, &stores).recipe);
        read.filter_map(|recipe| Some((recipe.reference(), local_base(&recipe)?))).collect()
    }
}

/// A chain of bases within the workspace that comes back to this recipe can never be baked.
fn refuse_cycles(recipe: &Recipe, tree: &Node, bases: &BTreeMap<String, String>, problems: &mut Problems) {
    let Some(first) = local_base(recipe) else { return };
    if first == recipe.reference() {
        return;
    }
    let mut chain = vec![recipe.reference()];
    let mut next = Some(&first);
    while let Some(reference) = next {
        let closed = *reference == chain[0];
        let seen = chain.contains(reference);
        chain.push(reference.clone());
        if closed && let Some(node) = tree.value("base") {
            problems
                .error(node.span, format!("bases go in a circle: {}", chain.join(" -> ")))
                .help("one of them must inherit from another store");
        }
        if seen {
            return;
        }
        next = bases.get(reference);
    }
}

/// The folder that the paths of a recipe file begin in.
pub(in crate::flows) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// `NAME:TAG` of a base in the local store.
pub(in crate::flows) fn local_base(recipe: &Recipe) -> Option<String> {
    match &recipe.base {
        Base::Image(image) => local_reference(image),
        Base::Scratch => None,
    }
}

fn local_reference(image: &ImageRef) -> Option<String> {
    let named = image.place == Place::Store("local".into()) && image.digest.is_none();
    let (repository, tag) = (image.repository.as_ref()?, image.tag_or_latest()?);
    named.then(|| format!("{repository}:{tag}"))
}
