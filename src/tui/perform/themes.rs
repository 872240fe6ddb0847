//! Themes: which there are, and one kept in the user's settings.

use std::sync::Arc;

use super::{Performer, Slot};
use crate::flows::Context;
use crate::report::Report;
use crate::tui::dress::of_context;
use crate::tui::msg::{Msg, ThemeChoice};
use crate::tui::theme::{BUILT_IN, Theme};
use crate::tui::widgets::Toast;

impl Performer {
    pub(super) fn themes(&mut self) {
        let context = Arc::clone(&self.context);
        self.blocking(Slot::Themes, move || match choices(&context) {
            Ok(choices) => Msg::Themes(choices),
            Err(report) => Msg::Tell(Toast::failure(&report)),
        });
    }

    pub(super) fn keep_theme(&mut self, name: String) {
        let context = Arc::clone(&self.context);
        self.blocking(Slot::KeepTheme, move || {
            Msg::Tell(match context.keep_theme(&name) {
                Ok(file) => Toast::done(format!("theme {name}")).next(format!("kept in {}", file.display())),
                Err(report) => Toast::failure(&report),
            })
        });
    }
}

/// The built-in themes, then the user's own; one of these that cannot be used says why.
fn choices(context: &Context) -> Result<Vec<ThemeChoice>, Report> {
    let own = context.theme_names()?;
    let mut choices = Vec::new();
    for (name, text) in BUILT_IN.into_iter().filter(|(name, _)| !own.iter().any(|own| own == name)) {
        let about = Theme::parse(text).ok().and_then(|theme| theme.about).unwrap_or_default();
        choices.push(ThemeChoice { name: name.to_owned(), about: Ok(about) });
    }
    for name in own {
        let about = match of_context(context, &name) {
            Ok(theme) => Ok(theme.about.unwrap_or_else(|| "one of your own".to_owned())),
            Err(report) => Err(told(&name, report)),
        };
        choices.push(ThemeChoice { name, about });
    }
    Ok(choices)
}

/// Its first mistake; the file by its name alone, since there is little room.
fn told(name: &str, report: Report) -> String {
    let why = report.causes.into_iter().next().unwrap_or(report.message);
    let from = why.find(&format!("{name}.yaml:")).unwrap_or(0);
    why[from..].to_owned()
}
