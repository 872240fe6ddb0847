//! From text to a recipe and everything wrong with it. Reads no file beside it; `lint` asks about those.

use super::forms;
use super::keys::Table;
use super::schema::{Base, Recipe, Step};
use super::{cases, config, steps};
use crate::domain::oci::{ImageRef, Platform, ReferenceError};
use crate::domain::text::escape;
use crate::domain::yaml::{self, Fields, Node, Problem, Problems, Reading, nearest, parse_scalar, quote};

/// The keys of a recipe, in the order of the contract.
pub const KEYS: &[&str] = Table::Recipe.keys();

/// A text, read.
#[derive(Debug)]
pub struct Parsed {
    /// The recipe, less what could not be read; [`Parsed::finish`] says whether it is whole.
    pub recipe: Option<Recipe>,
    /// The steps that could be read, also where there is no recipe.
    pub steps: Vec<Step>,
    /// The text as a tree, for those who need places; `None` when it is no YAML.
    pub tree: Option<Node>,
    /// Everything wrong with it, not sorted yet.
    pub problems: Problems,
}

impl Parsed {
    /// The recipe and its problems in the order of the text.
    pub fn finish(self) -> (Option<Recipe>, Vec<Problem>) {
        let recipe = self.recipe.filter(|_| !self.problems.has_errors());
        (recipe, self.problems.into_sorted())
    }
}

/// Reads a recipe; `stores` are the names of the workspace's stores.
pub fn parse(bytes: &[u8], stores: &[&str]) -> Parsed {
    let mut problems = Problems::new();
    let tree = yaml::read(bytes, &mut problems);
    let mut steps = Vec::new();
    let recipe = tree.as_ref().and_then(|tree| read_recipe(tree, stores, &mut steps, &mut problems));
    Parsed { recipe, steps, tree, problems }
}

/// Whether a text looks like a recipe: its first key is `recipe`. Cheap, and says nothing about problems.
pub fn is_recipe(text: &str) -> bool {
    text.trim_start_matches('\u{feff}')
        .lines()
        .map(str::trim_end)
        .find(|line| !line.is_empty() && !line.trim_start().starts_with('#') && *line != "---")
        .is_some_and(|line| {
            let key = line.split(':').next().unwrap_or("").trim();
            line.contains(':') && matches!(key, "recipe" | "\"recipe\"" | "'recipe'")
        })
}

fn read_recipe(tree: &Node, stores: &[&str], steps: &mut Vec<Step>, problems: &mut Problems) -> Option<Recipe> {
    let fields = Fields::open(tree, "a recipe", KEYS, problems)?;
    if let Some(version) = fields.require("recipe", problems) {
        version.number("recipe", 1..=1, problems);
    }
    let name = fields.require("name", problems).and_then(|node| parse_scalar(node, "name", problems));
    let tag = fields.require("tag", problems).and_then(|node| parse_scalar(node, "tag", problems));
    let base = fields.require("base", problems).and_then(|node| read_base(node, stores, problems));
    let platforms = fields.value("platforms", problems).map(|node| read_platforms(node, problems)).unwrap_or_default();
    *steps = fields.value("steps", problems).map(|node| steps::read(node, problems)).unwrap_or_default();
    let config = fields.value("config", problems).map(|node| config::read(node, problems)).unwrap_or_default();
    let tests = fields.value("tests", problems).map(|node| cases::read(node, problems)).unwrap_or_default();
    let recipe = Recipe { name: name?, tag: tag?, base: base?, platforms, steps: steps.clone(), config, tests };
    refuse_own_base(&recipe, tree, problems);
    Some(recipe)
}

fn read_base(node: &Node, stores: &[&str], problems: &mut Problems) -> Option<Base> {
    let text = node.text("base", problems)?;
    if text == "scratch" {
        return Some(Base::Scratch);
    }
    match ImageRef::parse(text, |name| stores.contains(&name)) {
        Ok(reference) => {
            if reference.tag.is_none() && reference.digest.is_none() {
                problems
                    .warning(node.span, format!("base {} names no tag, so it means `latest`", quote(text)))
                    .help("name the tag the base is made under");
            }
            Some(Base::Image(reference))
        }
        Err(error) => {
            let first = text.split('/').next().unwrap_or(text);
            let near = matches!(error, ReferenceError::UnknownStore(_))
                .then(|| nearest(first, stores.iter().copied().chain(["scratch"])))
                .flatten();
            let mean = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            problems
                .error(node.span, format!("`base`: {}{mean}", escape(&error.to_string())))
                .help(format!("write STORE/NAME:TAG with a store of {}, or scratch", stores.join(", ")));
            None
        }
    }
}

/// A base that is this very image can never be baked.
fn refuse_own_base(recipe: &Recipe, tree: &Node, problems: &mut Problems) {
    use crate::domain::oci::Place;
    let Base::Image(base) = &recipe.base else { return };
    let same = base.place == Place::Store("local".into())
        && base.repository.as_ref() == Some(&recipe.name)
        && base.tag_or_latest().as_ref() == Some(&recipe.tag)
        && base.digest.is_none();
    if same && let Some(node) = tree.value("base") {
        problems.error(node.span, format!("the base of {} is itself", recipe.reference()));
    }
}

fn read_platforms(node: &Node, problems: &mut Problems) -> Vec<Platform> {
    let mut platforms: Vec<Platform> = Vec::new();
    let Some(items) = node.list("platforms", problems) else { return platforms };
    if items.is_empty() {
        problems.error(node.span, "`platforms` is empty").help("leave it out for the host's own");
    }
    for item in items {
        let Some(text) = item.text("platforms", problems) else { continue };
        if let Some((os, name)) = text.split_once('/')
            && let Some(go_name) = forms::architecture_alias(name)
        {
            problems
                .error(item.span, format!("no architecture is called {} here", quote(name)))
                .help(format!("write {}/{go_name}", escape(os)));
            continue;
        }
        match text.parse::<Platform>() {
            Ok(platform) => {
                if platform.os != "linux" {
                    problems.error(item.span, format!("{}: only linux images can be baked", quote(text)));
                } else if platforms.contains(&platform) {
                    problems.error(item.span, format!("duplicate platform {}", quote(text)));
                } else {
                    platforms.push(platform);
                }
            }
            Err(error) => {
                problems.error(item.span, escape(&error.to_string())).help("platforms are linux/amd64, linux/arm64, …");
            }
        }
    }
    platforms
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            Just("recipe: 1\n".to_owned()),
            Just("steps:\n  - copy: {from: a, to: /b}\n".to_owned()),
            Just("config:\n  env: ".to_owned()),
            Just("tests: [{name: a, run: b}]\n".to_owned()),
            "[-:{}\\[\\],&*!|>'\"%@`#? \t\r\n\u{feff}]{1,6}",
            "[a-z0-9~]{1,4}",
            "\\PC{0,4}",
        ];
        prop::collection::vec(word, 0..20).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader_and_every_problem_has_a_place_in_it(text in text()) {
            let (recipe, problems) = parse(text.as_bytes(), &["local"]).finish();
            let lines = text.split('\n').count();
            for problem in &problems {
                prop_assert!(problem.line >= 1 && problem.column >= 1 && problem.line as usize <= lines + 1, "{problem:?}");
                prop_assert!(!problem.message.contains(crate::domain::text::is_hazardous), "{problem:?}");
            }
            prop_assert!(recipe.is_some() || problems.iter().any(|p| p.severity == super::super::Severity::Error));
        }

        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            parse(&bytes, &[]).finish();
        }
    }
}
