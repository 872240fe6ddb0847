//! `bakery config`: the user's own settings, shown with where each comes from, and edited with their mistakes told.

use std::io::{self, IsTerminal, Write};

use serde_json::{Value, json};

use super::run::Session;
use crate::domain::text::escape;
use crate::flows::settings::{Config, Row, default_text};
use crate::flows::terminal;
use crate::report::{Kind, Report};
use crate::tui::dress::dressed;
use crate::tui::keymap::resolve;
use crate::tui::theme::BUILT_IN;

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Show every setting: what counts, where it comes from, what it is for
    Show {
        /// Print the settings as a file of comments instead, none of them set
        #[arg(long)]
        default: bool,
    },
    /// Open config.yaml in $EDITOR, and say what is wrong with it afterwards
    ///
    /// Where there is none it is made first, every setting in it as a comment.
    Edit,
    /// Print where config.yaml is, or would be
    Path,
}

pub(super) async fn run(command: Command, session: &Session) -> Result<(), Report> {
    match command {
        Command::Show { default: true } => session.output.line(default_text().trim_end()),
        Command::Show { default: false } => show(session),
        Command::Edit => edit(session).await,
        Command::Path => {
            let path = Config::place().display().to_string();
            if session.output.json {
                session.output.json(&json!({"file": path}))
            } else {
                session.output.line(escape(&path))
            }
        }
    }
}

/// Everything wrong with settings that can be read: a theme that is not there, roles nobody draws.
fn judge(config: &Config) -> Result<(), Report> {
    let name = config.user.theme.as_deref().unwrap_or("dark");
    dressed(&config.user, name, config.theme_file(name)?).map(|_| ())
}

/// A theme of the user's own: its name, and why it cannot be used.
fn own_themes(config: &Config) -> Result<Vec<(String, Option<Report>)>, Report> {
    let names = config.theme_names()?.into_iter();
    let tried = names.map(|name| {
        let file = config.theme_file(&name)?;
        let wrong = dressed(&config.user, &name, file).err();
        Ok((name, wrong))
    });
    tried.collect()
}

fn show(session: &Session) -> Result<(), Report> {
    let config = Config::open()?.within(session.workspace.as_deref());
    let (rows, own, wrong) = (config.rows(), own_themes(&config)?, judge(&config).err());
    let keys: Vec<String> = resolve(&config.key_settings()).1.iter().map(ToString::to_string).collect();
    // Keys that are wrong have been told by then.
    let wrong = wrong.or_else(|| (!keys.is_empty()).then(|| Report::message(Kind::Usage, "")));
    let output = &session.output;
    if output.json {
        let settings: Vec<Value> = rows.iter().map(row_json).collect();
        let own = own.iter().map(|(name, wrong)| json!({"name": name, "error": wrong}));
        let themes = json!({"built-in": BUILT_IN.map(|(name, _)| name), "own": own.collect::<Vec<Value>>()});
        let file = config.file.display().to_string();
        output.json(&json!({"file": file, "exists": config.exists, "settings": settings, "themes": themes, "key_problems": keys}))?;
        return wrong.map_or(Ok(()), Err);
    }
    let there = if config.exists { "" } else { " is not there: all is as it comes; `bakery config edit` makes it" };
    output.line(format!("{}{there}", escape(&config.file.display().to_string())))?;
    let key_width = rows.iter().map(|row| row.key.len()).max().unwrap_or(0);
    let (dim, plain) = if output.color { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
    let from_width = rows.iter().map(|row| from(row).len()).max().unwrap_or(0).max(8);
    for row in &rows {
        output.line(format!("  {:key_width$}  {:from_width$}  {}", row.key, from(row), shown(row)))?;
        output.line(format!("  {:key_width$}  {:from_width$}  {dim}{}{plain}", "", "", row.about))?;
    }
    output.line(format!("themes: {}", BUILT_IN.map(|(name, _)| name).join(", ")))?;
    for (name, wrong) in own {
        output.line(match wrong {
            None => format!("  ✔ {name}  one of your own"),
            Some(report) => format!("  ✖ {name}  {}", report.causes.first().unwrap_or(&report.message)),
        })?;
    }
    keys.iter().try_for_each(|problem| output.line(format!("✖ {}", escape(problem))))?;
    wrong.map_or(Ok(()), Err)
}

/// Where what counts is said.
fn from(row: &Row) -> String {
    match (row.line, row.by_workspace) {
        (Some(line), false) => format!("line {line}"),
        (Some(line), true) => format!("bakery.yaml:{line}"),
        (None, _) => "default".to_owned(),
    }
}

fn row_json(row: &Row) -> Value {
    let from = match (row.line, row.by_workspace) {
        (Some(_), false) => "config.yaml",
        (Some(_), true) => "bakery.yaml",
        (None, _) => "default",
    };
    json!({
        "key": row.key,
        "value": row.value,
        "otherwise": Some(row.otherwise).filter(|words| !words.is_empty() && row.value.is_null()),
        "from": from,
        "line": row.line,
        "about": row.about,
    })
}

/// A text bare, everything else as JSON, which is YAML too; words where there is no value.
fn shown(row: &Row) -> String {
    match &row.value {
        Value::Null => format!("({})", row.otherwise),
        Value::String(text) => escape(text),
        value => escape(&value.to_string()),
    }
}

async fn edit(session: &Session) -> Result<(), Report> {
    let output = &session.output;
    let file = Config::place();
    let shown = escape(&file.display().to_string());
    if Config::make()? {
        output.note(format!("{shown} is new: every setting is there as a comment"));
    }
    loop {
        terminal::edit(&file).await?;
        let Err(report) = Config::open().and_then(|config| judge(&config)) else { break };
        let asks = io::stdin().is_terminal() && io::stderr().is_terminal();
        if !asks {
            return Err(report);
        }
        output.failure(&report);
        if !again()? {
            return Err(Report::message(Kind::Usage, format!("{shown} stays as it is, and is not usable")));
        }
    }
    if output.json {
        return output.json(&json!({"file": file.display().to_string()}));
    }
    output.note(format!("{shown}: no problems"));
    Ok(())
}

/// Whether to open the editor once more; yes, where only Enter is pressed.
fn again() -> Result<bool, Report> {
    let failed = |error: io::Error| Report::new(Kind::Failed, &error);
    let mut terminal = io::stderr().lock();
    terminal.write_all(b"edit it again? [Y/n] ").and_then(|()| terminal.flush()).map_err(failed)?;
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(read > 0 && !answer.trim().to_lowercase().starts_with('n'))
}
