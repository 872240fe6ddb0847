//! A new recipe in four answers: its base, its name, its tag, what it is for. Makes one file, and never over another.

use std::path::PathBuf;

use super::Context;
use crate::adapters::files;
use crate::domain::oci::{Repository, Tag};
use crate::domain::recipe::{self, Severity};
use crate::domain::text::escape;
use crate::domain::yaml::nearest;
use crate::report::{Kind, Report};

/// A new recipe in four answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecipe {
    /// The base, as it is written in recipes.
    pub base: String,
    /// The repository in the local store: `team-a/payments-api`.
    pub name: String,
    /// The tag.
    pub tag: String,
    /// What it is for: one of [`recipe_kinds`].
    pub kind: String,
}

/// What recipes can be for: a name, what it begins with for people, and the text it begins with.
const KINDS: &[(&str, &str, &str)] = &[
    ("empty", "no step yet", include_str!("templates/empty.yaml")),
    ("files", "one file written, as a first step", include_str!("templates/files.yaml")),
    ("packages", "packages of the base's own manager", include_str!("templates/packages.yaml")),
    ("python", "a Python program", include_str!("templates/python.yaml")),
    ("node", "a Node.js program", include_str!("templates/node.yaml")),
    ("java", "a Java program", include_str!("templates/java.yaml")),
    ("web", "pages that nginx serves", include_str!("templates/web.yaml")),
];

/// Words in the name of a base, and what recipes on it are mostly for.
const HINTS: &[(&str, &str)] = &[
    ("python", "python"),
    ("node", "node"),
    ("java", "java"),
    ("jdk", "java"),
    ("jre", "java"),
    ("temurin", "java"),
    ("nginx", "web"),
];

/// The names alone and what they mean, in the same order.
const NAMED: [(&str, &str); KINDS.len()] = {
    let mut named = [("", ""); KINDS.len()];
    let mut at = 0;
    while at < KINDS.len() {
        named[at] = (KINDS[at].0, KINDS[at].1);
        at += 1;
    }
    named
};

/// What a new recipe can be for: a name, and what it begins with, for people.
pub fn recipe_kinds() -> &'static [(&'static str, &'static str)] {
    &NAMED
}

/// What a recipe on this base is most likely for, by its name.
pub fn kind_for(base: &str) -> &'static str {
    let repository = base.rsplit('/').next().unwrap_or(base).split([':', '@']).next().unwrap_or(base);
    HINTS.iter().find(|(word, _)| repository.contains(word)).map_or("files", |(_, kind)| kind)
}

impl Context {
    /// Makes a first recipe on `image`, named after it, in a folder of its own; gives the file, and as people name it.
    /// Never overwrites.
    pub fn new_recipe(&self, image: &str) -> Result<(PathBuf, String), Report> {
        let parsed = self.parse_reference(image)?;
        let repository = parsed.repository.as_ref().map(ToString::to_string).unwrap_or_default();
        let last = repository.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("image");
        let names = std::iter::once(format!("my-{last}")).chain((2..100).map(|number| format!("my-{last}-{number}")));
        let mut free = names.filter(|name| !files::is_there(&self.place_of(name)));
        let name = free.next().ok_or_else(|| {
            Report::message(Kind::Usage, format!("there are many recipes named my-{last} already"))
                .help("write one by hand, or give one of them another name")
        })?;
        let (base, tag, kind) = (image.to_owned(), "0.1.0".to_owned(), "files".to_owned());
        self.new_recipe_as(&NewRecipe { base, name, tag, kind })
    }

    /// Makes a recipe from four answers; gives the file, and as people name it. Never overwrites.
    pub fn new_recipe_as(&self, asked: &NewRecipe) -> Result<(PathBuf, String), Report> {
        let refuse = |what: &str, error: &dyn std::fmt::Display, help: &str| {
            let message = format!("{what}: {}", escape(&error.to_string()));
            Report::message(Kind::Usage, message).help(help)
        };
        let name: Repository = asked.name.trim().parse().map_err(|error| {
            refuse("that is no name for an image", &error, "write it as team-a/payments-api: lower case, no tag")
        })?;
        let tag: Tag = asked.tag.trim().parse().map_err(|error| {
            refuse("that is no tag", &error, "letters, digits, _ . -, such as 1.0.0; not beginning with . or -")
        })?;
        let base = asked.base.trim();
        if base != "scratch" {
            self.parse_reference(base)?;
        }
        let template = template(&asked.kind)?;
        self.refuse_second(&format!("{name}:{tag}"))?;
        let last = name.as_str().rsplit('/').next().unwrap_or(name.as_str());
        let text = filled(
            template,
            &[("name", name.as_str()), ("tag", tag.as_str()), ("base", &plain(base)), ("title", last)],
        );
        let file = self.place_of(last);
        let shown = self.shown(&file);
        let stores: Vec<&str> = self.store_names().collect();
        let (_, problems) = recipe::parse(text.as_bytes(), &stores).finish();
        if let Some(problem) = problems.iter().find(|problem| problem.severity == Severity::Error) {
            return Err(Report::message(Kind::Usage, format!("no recipe can be made of that: {}", problem.message)));
        }
        files::make_file(&file, text.as_bytes(), 0o644)?;
        Ok((file, shown))
    }

    /// A folder of its own in the recipes' folder.
    fn place_of(&self, name: &str) -> PathBuf {
        self.workspace.recipes.join(name).join(format!("{name}.yaml"))
    }

    /// Two recipes that make one image could not be baked together.
    fn refuse_second(&self, reference: &str) -> Result<(), Report> {
        let stores: Vec<&str> = self.store_names().collect();
        let makes = |text: &String| {
            recipe::parse(text.as_bytes(), &stores).recipe.is_some_and(|recipe| recipe.reference() == reference)
        };
        match self.recipe_texts().any(|text| makes(&text)) {
            true => Err(Report::message(Kind::Usage, format!("another recipe makes {reference} already"))
                .help("give this one another name or tag")),
            false => Ok(()),
        }
    }
}

fn template(kind: &str) -> Result<&'static str, Report> {
    if let Some((.., text)) = KINDS.iter().find(|(name, ..)| *name == kind) {
        return Ok(text);
    }
    let names: Vec<&str> = KINDS.iter().map(|(name, ..)| *name).collect();
    let report = Report::message(Kind::Usage, format!("no kind of recipe is called {:?}", escape(kind)));
    Err(match nearest(kind, names.iter().copied()) {
        Some(near) => report.help(format!("did you mean {near}?")),
        None => report.help(format!("kinds are {}", names.join(", "))),
    })
}

/// A base as it is written: bare, or in quotes where YAML would read something else.
fn plain(base: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "/._:@-".contains(c);
    if base.chars().all(bare) && base.starts_with(|c: char| c.is_ascii_alphanumeric()) && !base.ends_with(':') {
        return base.to_owned();
    }
    format!("\"{}\"", base.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A template with its `{{names}}` filled in, each once: what is filled in is no template.
fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        let Some((name, after)) = after.split_once("}}") else { break };
        text.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = after;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_follows_from_the_bases_name() {
        for (base, kind) in [
            ("global/python:3.12", "python"),
            ("global/lang/node-slim:18", "node"),
            ("registry.example:5000/eclipse-temurin:17", "java"),
            ("global/nginx:1", "web"),
            ("global/os:12", "files"),
            ("python/os:12", "files"),
            ("", "files"),
        ] {
            assert_eq!(kind_for(base), kind, "{base}");
            assert!(template(kind).is_ok());
        }
        assert!(template("pyton").unwrap_err().help.unwrap().contains("python"));
    }

    #[test]
    fn what_is_filled_in_is_no_template() {
        assert_eq!(filled("a {{name}} {{tag}}{", &[("name", "{{tag}}"), ("tag", "1")]), "a {{tag}} 1{");
        assert_eq!(plain("global/os:12"), "global/os:12");
        assert_eq!(plain("oci:a b:os"), "\"oci:a b:os\"");
    }
}
