//! The look in force on this terminal: the theme that counts, with the user's roles over it, and another one while it is
//! tried on. Draws nothing; keeps nothing in files.

use std::sync::Arc;

use super::run::Start;
use super::theme::{self, Depth, Look, Theme, ThemeFile, unknown_role};
use crate::flows::settings::UserSettings;
use crate::flows::{Context, environment, terminal};
use crate::report::{Kind, Report};

/// What the loop draws with.
pub(super) struct Dress {
    context: Arc<Context>,
    depth: Depth,
    ascii: bool,
    /// The theme's name.
    pub(super) name: String,
    /// How everything looks.
    pub(super) look: Look,
}

impl Dress {
    /// As settings and terminal have it.
    pub(super) fn new(context: &Arc<Context>, start: &Start) -> Result<Self, Report> {
        let variable = terminal::variable;
        let tmux = variable("TMUX").is_some();
        let depth = Depth::of(start.no_color, variable("COLORTERM").as_deref(), variable("TERM").as_deref(), tmux);
        let settled = context.settings.theme.as_deref();
        let name = theme::automatic(depth, settled, variable("COLORFGBG").as_deref());
        let ascii = start.ascii || !environment::utf8();
        let look = of_context(context, &name)?.look(depth, ascii);
        // What was settled on stays settled, also where this terminal has no colours for it.
        let name = settled.map_or(name, str::to_owned);
        Ok(Self { context: Arc::clone(context), depth, ascii, name, look })
    }

    /// Puts another theme on; where that fails everything stays as it is.
    pub(super) fn wear(&mut self, name: &str) -> Result<(), Report> {
        // Whatever is chosen, a terminal without colours gets weight and lines that are made for it.
        let shown = theme::automatic(self.depth, Some(name), None);
        self.look = of_context(&self.context, &shown)?.look(self.depth, self.ascii);
        name.clone_into(&mut self.name);
        Ok(())
    }
}

/// The theme of this name with the user's roles over it.
pub(super) fn of_context(context: &Context, name: &str) -> Result<Theme, Report> {
    dressed(&context.settings, name, context.theme_file(name)?)
}

/// The same from its parts; `file` is the user's own theme of this name.
pub fn dressed(settings: &UserSettings, name: &str, file: Option<ThemeFile>) -> Result<Theme, Report> {
    let mut theme = theme::named(name, file)?;
    for setting in &settings.roles {
        if !theme.restyle(&setting.role, setting.style) {
            let place = format!("config.yaml:{}:{}: {}", setting.line, setting.column, unknown_role(&setting.role));
            let known = theme::Role::ALL.map(theme::Role::name).join(", ");
            return Err(Report::message(Kind::Usage, place).help(format!("roles are {known}")));
        }
    }
    Ok(theme)
}
