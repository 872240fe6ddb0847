//! `bakery screenshot`: draws screens as SVG and PNG, without a terminal.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use ratatui::layout::Size;
use serde::Serialize;

use super::run::Session;
use crate::domain::text::escape;
use crate::flows::pictures::{make_folder, write_picture};
use crate::report::{Kind, Report};
use crate::tui::picture;
use crate::tui::screens::Screen;
use crate::tui::screenshot::{Wanted, screenshot};
use crate::tui::theme::{Depth, Theme};

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which screens
    #[arg(required = true, value_name = "SCREEN")]
    screens: Vec<Named>,
    /// Show this recorded bake: a journal.jsonl, its folder, or a bake's ID
    #[arg(long, value_name = "JOURNAL")]
    from: Option<String>,
    /// As it was at this event of the journal
    #[arg(long, value_name = "SEQ", requires = "from")]
    at: Option<u64>,
    /// Columns and rows
    #[arg(long, value_name = "WxH", default_value = "120x36", value_parser = size)]
    size: Size,
    /// Folder to write to
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Theme
    #[arg(long, value_name = "NAME", default_value = "dark")]
    theme: String,
}

/// A screen by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Named {
    Store,
    Recipes,
    Bake,
    Bakes,
}

impl Named {
    fn screen(self) -> Screen {
        match self {
            Self::Store => Screen::Store,
            Self::Recipes => Screen::Recipes,
            Self::Bake => Screen::Bake,
            Self::Bakes => Screen::Bakes,
        }
    }
}

/// One screen, as scripts read it.
#[derive(Serialize)]
struct Drawn {
    screen: String,
    svg: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    png: Option<PathBuf>,
    columns: u16,
    rows: u16,
}

/// `120x36`.
fn size(text: &str) -> Result<Size, String> {
    let parsed = text.split_once('x').and_then(|(w, h)| Some((w.parse::<u16>().ok()?, h.parse::<u16>().ok()?)));
    match parsed.filter(|(width, height)| (20..=400).contains(width) && (5..=200).contains(height)) {
        Some((width, height)) => Ok(Size { width, height }),
        None => Err("write columns x rows, like 120x36; at least 20x5, at most 400x200".to_owned()),
    }
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    if args.from.is_some() && args.screens.iter().any(|named| *named != Named::Bake) {
        return Err(Report::message(Kind::Usage, "--from shows a recorded bake: only the screen `bake` has one"));
    }
    let usage = |error: &(dyn std::error::Error + 'static)| Report::new(Kind::Usage, error);
    let theme = Theme::built_in(&args.theme).map_err(|error| usage(&error).help("themes are dark, light and mono"))?;
    let look = theme.look(Depth::True, session.output.ascii);
    make_folder(&args.out)?;
    let mut all = Vec::new();
    for named in &args.screens {
        let journal = args.from.clone().map(|from| (from, args.at));
        let wanted = Wanted { screen: named.screen(), size: args.size, journal };
        let buffer = screenshot(session.context()?, &wanted, &look).await?;
        let name = named.screen().title().to_lowercase();
        let drawn = write(&args.out, &name, &picture::svg(&buffer, look.canvas), args.size)?;
        if !session.output.json {
            let paths = std::iter::once(&drawn.svg).chain(&drawn.png);
            paths.into_iter().try_for_each(|path| session.output.line(escape(&path.display().to_string())))?;
        }
        all.push(drawn);
    }
    if session.output.json { session.output.json(&all) } else { Ok(()) }
}

fn write(folder: &Path, name: &str, svg: &str, size: Size) -> Result<Drawn, Report> {
    let place = folder.join(format!("{name}.svg"));
    write_picture(&place, svg.as_bytes())?;
    Ok(Drawn {
        screen: name.to_owned(),
        svg: place,
        png: write_png(folder, name, svg)?,
        columns: size.width,
        rows: size.height,
    })
}

#[cfg(feature = "pictures")]
fn write_png(folder: &Path, name: &str, svg: &str) -> Result<Option<PathBuf>, Report> {
    let (bytes, ..) = picture::png(svg).map_err(|error| Report::new(Kind::Failed, &error))?;
    let place = folder.join(format!("{name}.png"));
    write_picture(&place, &bytes)?;
    Ok(Some(place))
}

/// Without the feature there is SVG only.
#[cfg(not(feature = "pictures"))]
fn write_png(_folder: &Path, _name: &str, _svg: &str) -> Result<Option<PathBuf>, Report> {
    Ok(None)
}
