//! What was settled before the terminal UI began: keys, themes, whether anything may be changed. Never changes by itself.

use super::keymap::{Keymap, resolve};
use super::theme::BUILT_IN;
use crate::flows::Context;

/// What was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The keys in force.
    pub keymap: Keymap,
    /// What is wrong with keys of the user's own, with its place.
    pub problems: Vec<String>,
    /// Nothing is baked, published, edited or removed from here.
    pub readonly: bool,
    /// All themes there are.
    pub themes: Vec<String>,
}

impl Default for Settled {
    fn default() -> Self {
        Self {
            keymap: Keymap::default(),
            problems: Vec::new(),
            readonly: false,
            themes: BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect(),
        }
    }
}

impl Settled {
    /// As the user's settings have it; `theme` is the one in force.
    pub fn of(context: &Context, readonly: bool, theme: &str) -> Self {
        let (keymap, problems) = resolve(&context.key_settings());
        let mut settled = Self {
            keymap,
            problems: problems.iter().map(ToString::to_string).collect(),
            readonly: readonly || context.settings.readonly,
            ..Self::default()
        };
        // Themes that cannot be listed are told where they are chosen.
        let own = context.theme_names().unwrap_or_default();
        for name in own.into_iter().chain([theme.to_owned()]) {
            if !settled.themes.contains(&name) {
                settled.themes.push(name);
            }
        }
        settled
    }
}
