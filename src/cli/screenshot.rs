//! `bakery screenshot`: pictures of screens, for documents and issues.

use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::PossibleValue;
use ratatui::layout::Size;
use serde_json::json;
use time::OffsetDateTime;

use super::run::Session;
use crate::domain::text::escape;
use crate::flows::pictures::{self, Moment};
use crate::report::{Kind, Report};
use crate::tui::keymap::{Code, Key, KeyError};
use crate::tui::model::LEAST;
use crate::tui::picture::SCALE;
use crate::tui::screens::{Compare, Screen};
use crate::tui::{Scenery, ShotRequest, shoot};

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The screens
    #[arg(value_name = "SCREEN", required = true)]
    screens: Vec<Name>,
    /// A recorded bake: a journal.jsonl, a bake's folder, or the beginning of a bake's ID. On the screen verify its checks
    /// are shown, on diff the files it changes, on bakes its row
    #[arg(long, value_name = "JOURNAL")]
    from: Option<String>,
    /// Show the bake as it stood after an event, 4.5s or 1:02 after its beginning, or at a time
    #[arg(long, value_name = "SEQ|TIME", requires = "from")]
    at: Option<Moment>,
    /// Keys pressed before the picture is made, such as "j j enter"; words in single quotes are typed
    #[arg(long, value_name = "KEYS", default_value = "", value_parser = keys, allow_hyphen_values = true)]
    keys: Keys,
    /// What time it is on the picture, as a time or in seconds since 1970 [default: SOURCE_DATE_EPOCH, else now]
    #[arg(long, value_name = "TIME", value_parser = pictures::read_time)]
    now: Option<OffsetDateTime>,
    /// What the Verify and Diff screens show: an image; given twice, the first compared with the second
    #[arg(long, value_name = "IMAGE")]
    of: Vec<String>,
    /// Columns and rows
    #[arg(long, value_name = "WxH", default_value = "120x36", value_parser = size)]
    size: Size,
    /// Folder for SCREEN.svg and SCREEN.png; earlier pictures there are replaced
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Theme: dark, light, mono, or one of your own
    #[arg(long, value_name = "NAME")]
    theme: Option<String>,
}

/// A screen on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name(Screen);

impl clap::ValueEnum for Name {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self(Screen::Store),
            Self(Screen::Recipes),
            Self(Screen::Bake),
            Self(Screen::Verify),
            Self(Screen::Diff),
            Self(Screen::Lineage),
            Self(Screen::Bakes),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(name(self.0)))
    }
}

fn name(screen: Screen) -> &'static str {
    match screen {
        Screen::Store => "store",
        Screen::Recipes => "recipes",
        Screen::Bake => "bake",
        Screen::Verify => "verify",
        Screen::Diff => "diff",
        Screen::Lineage => "lineage",
        Screen::Bakes => "bakes",
    }
}

/// The largest screen a picture is made of.
const MOST: Size = Size { width: 400, height: 200 };

/// A size as it is written: `120x36`.
pub(super) fn size(text: &str) -> Result<Size, String> {
    let read = |text: &str| text.parse::<u16>().ok();
    let parts = text.split_once('x').and_then(|(width, height)| Some((read(width)?, read(height)?)));
    let (width, height) = parts.ok_or("write COLUMNSxROWS, such as 120x36")?;
    if width < LEAST.width || height < LEAST.height || width > MOST.width || height > MOST.height {
        return Err(format!("from {}x{} to {}x{}", LEAST.width, LEAST.height, MOST.width, MOST.height));
    }
    Ok(Size { width, height })
}

fn compare(images: Vec<String>) -> Option<Compare> {
    let mut images = images.into_iter();
    match (images.next(), images.next()) {
        (Some(before), Some(after)) => Some(Compare::Images { before, after }),
        (Some(image), None) => Some(Compare::Image(image)),
        (None, _) => None,
    }
}

/// Keys to be pressed, one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
struct Keys(Vec<Key>);

/// Keys by their names between spaces; what stands in single quotes is typed letter by letter.
fn keys(text: &str) -> Result<Keys, String> {
    let mut keys = Vec::new();
    for (at, part) in text.split('\'').enumerate() {
        if at % 2 == 1 {
            keys.extend(part.chars().map(|c| Key::plain(Code::Char(c))));
            continue;
        }
        for name in part.split_whitespace() {
            keys.push(name.parse().map_err(|error: KeyError| error.to_string())?);
        }
    }
    Ok(Keys(keys))
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let recorded = [Screen::Bake, Screen::Verify, Screen::Diff, Screen::Bakes];
    if args.from.is_some() && !args.screens.iter().all(|Name(screen)| recorded.contains(screen)) {
        return Err(Report::message(Kind::Usage, "--from is for the screens bake, verify, diff and bakes")
            .help("a journal holds neither stores nor the texts of recipes"));
    }
    if args.from.is_some() && !args.of.is_empty() {
        return Err(Report::message(Kind::Usage, "--from and --of are two things to show"));
    }
    if args.of.len() > 2 {
        return Err(Report::message(Kind::Usage, "--of names two images at most"));
    }
    let [verify, diff] = [Screen::Verify, Screen::Diff].map(|screen| args.screens.contains(&Name(screen)));
    if !args.of.is_empty() && !verify && !diff {
        return Err(Report::message(Kind::Usage, "--of is for the screens verify and diff")
            .help("bakery screenshot diff --of …"));
    }
    if args.of.len() > 1 && verify {
        return Err(Report::message(Kind::Usage, "the screen verify shows one image")
            .help("compare two with `bakery screenshot diff --of … --of …`"));
    }
    let mut context = session.context()?;
    let now = args.now.map_or_else(pictures::time, Ok)?;
    context.frozen_now = Some(now.unix_timestamp());
    let context = Arc::new(context);
    let output = &session.output;
    let request = ShotRequest {
        // Not whether this terminal lacks UTF-8: the picture brings its own characters.
        scenery: Scenery { size: args.size, theme: args.theme, ascii: session.plain },
        now,
        keys: args.keys.0,
        from: args.from.map(|from| (from, args.at)),
        of: compare(args.of),
    };
    let (mut made, mut painted) = (Vec::new(), true);
    for Name(screen) in args.screens {
        let shot = shoot(&context, screen, &request).await?;
        let name = name(screen);
        if shot.unsettled {
            output.note(format!("{name}: something did not answer in time; the picture shows what was there"));
        }
        let svg = pictures::write(&args.out, &format!("{name}.svg"), shot.picture.svg.as_bytes())?;
        let scale = u32::from(SCALE);
        let (width, height) = (shot.picture.width * scale, shot.picture.height * scale);
        let mut row = json!({"screen": name, "svg": svg, "width": width, "height": height, "text": shot.text});
        let png = match shot.picture.png() {
            Some(bytes) => {
                let bytes = bytes.map_err(|error| Report::new(Kind::Failed, &error))?;
                Some(pictures::write(&args.out, &format!("{name}.png"), &bytes)?)
            }
            None => None,
        };
        painted &= png.is_some();
        if !output.json {
            [Some(svg), png.clone()].into_iter().flatten().try_for_each(|path| output.line(escape(&path)))?;
        }
        if let Some(png) = png {
            row["png"] = json!(png);
        }
        made.push(row);
    }
    if !painted {
        output.note("SVG only: this bakery was built without the feature `pictures`");
    }
    if output.json { output.json(&made) } else { Ok(()) }
}
