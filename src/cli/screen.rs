//! `bakery` alone: opens the terminal UI.

use std::io::{self, IsTerminal};

use clap::CommandFactory;

use super::arguments::Cli;
use super::run::Session;
use crate::flows::Context;
use crate::flows::environment::{dumb_terminal, no_color};
use crate::report::{Kind, Report};
use crate::tui::screens::Screen;
use crate::tui::{self, Start};

pub(super) async fn run(session: &Session) -> Result<(), Report> {
    if dumb_terminal() {
        return Err(Report::message(Kind::Usage, "this terminal cannot move its cursor (TERM=dumb)")
            .help("`bakery --linear` works here, and every command: `bakery --help` lists them"));
    }
    if !has_terminal() {
        // Nobody sits there: what a script needs is the list of commands.
        session.output.note(Cli::command().render_help().to_string());
        return Err(Report::message(Kind::Usage, "the terminal UI needs a terminal")
            .help("give a command, each does without one; or --linear: lines in, lines out"));
    }
    open(session, session.context()?, Opening::default()).await
}

/// Whether somebody sits there: keys can be read and screens be shown.
pub(super) fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal() && !dumb_terminal()
}

/// How the terminal UI opens.
#[derive(Default)]
pub(super) struct Opening {
    /// On a tour, this many times as fast.
    pub(super) tour: Option<f64>,
    /// With a bake played again, so many times as fast.
    pub(super) replay: Option<(String, f64)>,
}

/// Opens the terminal UI on a workspace.
pub(super) async fn open(session: &Session, context: Context, how: Opening) -> Result<(), Report> {
    let no_color = no_color() || session.output.never_colors;
    let (ascii, readonly) = (session.output.ascii, session.readonly);
    let Opening { tour, replay } = how;
    tui::run(context, Start { screen: Screen::Store, ascii, no_color, readonly, tour, replay }).await
}
