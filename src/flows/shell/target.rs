//! What `shell` was pointed at: an image, or a recipe and one of its steps. Opens neither.

use std::path::{Path, PathBuf};

use crate::domain::oci::{ImageRef, Place};
use crate::domain::text::escape;
use crate::flows::{Context, LoadedRecipe};
use crate::report::{Kind, Report};

/// What was meant.
#[derive(Debug)]
pub(super) enum Target {
    /// An image.
    Image(ImageRef),
    /// A recipe, and the step before which to stop, where one is named.
    Recipe(Box<LoadedRecipe>, Option<usize>),
}

impl Context {
    /// Tells images and recipes apart: `oci:…` and what begins with a store's name is an image, what ends in `@NUMBER` or
    /// `.yaml` a recipe; anything else whichever there is.
    pub(super) fn shell_target(&self, text: &str) -> Result<Target, Report> {
        let (name, step) = split_step(text);
        if step.is_some() || is_recipe_file(name) {
            return Ok(Target::Recipe(Box::new(self.one_recipe(name)?), step));
        }
        let image = self.parse_reference(text);
        if let Ok(image) = &image
            && matches!(image.place, Place::Store(_) | Place::Layout(_))
        {
            return Ok(Target::Image(image.clone()));
        }
        match (self.one_recipe(name), image) {
            (Ok(loaded), _) => Ok(Target::Recipe(Box::new(loaded), None)),
            (Err(_), Ok(image)) => Ok(Target::Image(image)),
            // What it is about then is the recipe, whose name may be misspelt.
            (Err(report), Err(_)) => Err(Report { kind: Kind::Usage, ..report }
                .while_doing(format!("{} is neither an image nor a recipe", escape(text)))),
        }
    }

    fn one_recipe(&self, name: &str) -> Result<LoadedRecipe, Report> {
        let mut found = self.recipes(&[PathBuf::from(name)])?;
        found.pop().ok_or_else(|| Report::message(Kind::Usage, format!("no recipe {name}")))
    }
}

/// `RECIPE@STEP`; a digest after the `@` is none.
fn split_step(text: &str) -> (&str, Option<usize>) {
    match text.rsplit_once('@') {
        Some((name, step)) if !name.is_empty() => match step.parse() {
            Ok(step) => (name, Some(step)),
            Err(_) => (text, None),
        },
        _ => (text, None),
    }
}

fn is_recipe_file(name: &str) -> bool {
    let ending = Path::new(name).extension();
    !name.starts_with("oci:") && ending.is_some_and(|ending| ending == "yaml" || ending == "yml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_after_the_at_sign_is_a_step_and_a_digest_is_not() {
        assert_eq!(split_step("app.yaml@3"), ("app.yaml", Some(3)));
        assert_eq!(split_step("team-a/app:1.0@12"), ("team-a/app:1.0", Some(12)));
        for whole in ["global/os:1@sha256:abc", "app.yaml", "@3", "app@", "app@-1", "app@1.5"] {
            assert_eq!(split_step(whole), (whole, None));
        }
        assert!(is_recipe_file("recipes/app.yaml") && !is_recipe_file("oci:store:x.yaml") && !is_recipe_file("app"));
    }
}
