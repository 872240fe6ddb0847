//! `bakery diff`: what each layer of an image changes, or what differs between two images.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::looking::{self, Unread};
use super::output::Printer;
use super::render::change_rows::{Each, ImageRow, LayerChanges, TotalsRow};
use super::render::{changes, facts};
use super::run::Session;
use super::selection::{Filter, Selection};
use crate::domain::layer::{CompareOptions, Comparison};
use crate::domain::oci::Platform;
use crate::flows::compare::{Compared, Opened};
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code: 0; with --exit-code 1 when anything differs. 1 also when an image cannot be read whole, \
                        which is said on stderr."
)]
pub(super) struct Args {
    /// STORE/NAME[:TAG][@DIGEST], HOST/NAME… or oci:PATH:NAME:TAG; alone: each of its layers against those below it
    #[arg(value_name = "A")]
    before: String,
    /// An image to compare with it
    #[arg(value_name = "B")]
    after: Option<String>,
    /// Which image of an index, as os/architecture; this machine's where none is named
    #[arg(long)]
    platform: Option<Platform>,
    /// Files of which only the time differs are the same
    #[arg(long)]
    semantic: bool,
    /// What went from one path and came to another is told as deleted and added
    #[arg(long)]
    no_moves: bool,
    /// End with 1 when anything that is shown differs, as git does
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    filter: Filter,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let options = CompareOptions { times: !args.semantic, moves: !args.no_moves };
    let context = session.context()?;
    let before = context.open_image_for(&args.before, args.platform.as_ref()).await?;
    let mut unread = Unread::tell(&before, session);
    let differs = match &args.after {
        None => {
            looking::check_layer(&before, args.filter.layer)?;
            Alone { opened: &before, options, filter: &args.filter }.show(session)?
        }
        Some(after) => {
            let after = context.open_image_for(after, args.platform.as_ref()).await?;
            unread = unread.or(Unread::tell(&after, session));
            looking::check_layer(&after, args.filter.layer)?;
            let compared = Compared::of(before, after, options);
            let selection = args.filter.of_images(&compared.files, (&compared.before, &compared.after));
            Two { compared: &compared, selection, narrow: args.filter.is_narrow() }.show(session)?
        }
    };
    unread.end()?;
    match args.exit_code && differs {
        true => Err(Report::message(Kind::Failed, "")),
        false => Ok(()),
    }
}

/// One image: what each of its layers changes.
struct Alone<'d> {
    opened: &'d Opened,
    options: CompareOptions,
    filter: &'d Filter,
}

impl Alone<'_> {
    /// The layers wanted, each compared when its turn comes.
    fn layers(&self) -> impl Iterator<Item = (u32, Comparison, Selection)> {
        let wanted = (0..self.opened.tree.layers()).filter(|layer| self.filter.wants_layer(self.opened, *layer));
        wanted.map(|layer| {
            let comparison = self.opened.layer_changes(layer, self.options);
            let selection = self.filter.of_layer(&comparison);
            (layer, comparison, selection)
        })
    }

    /// Whether any layer changes anything.
    fn show(&self, session: &Session) -> Result<bool, Report> {
        let mut printer = session.output.printer();
        let mut differs = false;
        if session.output.json {
            let seen = std::cell::Cell::new(false);
            printer.json(&AloneDocument { alone: self, seen: &seen })?;
            differs = seen.get();
        } else {
            for (at, (number, comparison, selection)) in self.layers().enumerate() {
                differs |= !selection.is_empty();
                if at > 0 {
                    printer.line("")?;
                }
                self.lines(&mut printer, session, (number, &comparison, &selection))?;
            }
        }
        printer.finish()?;
        Ok(differs)
    }

    fn lines(
        &self,
        printer: &mut Printer,
        session: &Session,
        (number, comparison, selection): (u32, &Comparison, &Selection),
    ) -> Result<(), Report> {
        let color = session.output.color;
        if let Some(layer) = self.opened.layers.get(number as usize) {
            printer.line(changes::layer(number, layer, color))?;
        }
        for change in selection.changes(comparison, None) {
            printer.line(change.line(color))?;
        }
        printer.line(changes::totals(&selection.totals))
    }
}

struct AloneDocument<'d> {
    alone: &'d Alone<'d>,
    /// Whether anything was among them.
    seen: &'d std::cell::Cell<bool>,
}

impl Serialize for AloneDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let opened = self.alone.opened;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("reference", &opened.reference)?;
        map.serialize_entry("digest", &opened.digest)?;
        map.serialize_entry("platform", &opened.platform.to_string())?;
        map.serialize_entry("layers", &Each(|| self.alone.layers().filter_map(|layer| self.row(layer))))?;
        map.end()
    }
}

impl<'d> AloneDocument<'d> {
    fn row(&self, (number, comparison, selection): (u32, Comparison, Selection)) -> Option<impl Serialize + use<'d>> {
        self.seen.set(self.seen.get() || !selection.is_empty());
        let layer = self.alone.opened.layers.get(number as usize)?;
        let changes = OwnedChanges { comparison, selection };
        Some(LayerChanges { number, layer, totals: changes.selection.totals, changes })
    }
}

struct OwnedChanges {
    comparison: Comparison,
    selection: Selection,
}

impl Serialize for OwnedChanges {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.selection.changes(&self.comparison, None))
    }
}

/// Two images: what differs.
struct Two<'d> {
    compared: &'d Compared,
    selection: Selection,
    /// Only some files are asked for: what is installed and how it is run is not.
    narrow: bool,
}

impl Two<'_> {
    /// Whether anything differs.
    fn show(&self, session: &Session) -> Result<bool, Report> {
        let mut printer = session.output.printer();
        if session.output.json {
            printer.json(self)?;
        } else {
            self.lines(&mut printer, session)?;
        }
        printer.finish()?;
        let beside = !self.compared.config.is_empty() || !self.compared.packages.is_empty();
        Ok(!self.selection.is_empty() || (beside && !self.narrow))
    }

    fn lines(&self, printer: &mut Printer, session: &Session) -> Result<(), Report> {
        let Compared { before, after, files, config, packages } = self.compared;
        let color = session.output.color;
        for change in self.selection.changes(files, Some((before, after))) {
            printer.line(change.line(color))?;
        }
        if !self.narrow {
            config.iter().try_for_each(|change| printer.line(facts::config(change, color)))?;
            packages.iter().try_for_each(|change| printer.line(facts::package(change, color)))?;
        }
        for (opened, problem) in facts::problems(before, after) {
            session.output.note(facts::unread(opened, problem));
        }
        printer.line(changes::totals(&self.selection.totals))
    }
}

impl Serialize for Two<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Compared { before, after, files, config, packages } = self.compared;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("a", &ImageRow(before))?;
        map.serialize_entry("b", &ImageRow(after))?;
        map.serialize_entry("changes", &Each(|| self.selection.changes(files, Some((before, after)))))?;
        map.serialize_entry("config", config)?;
        map.serialize_entry("packages", &Each(|| packages.iter().map(facts::PackageRow)))?;
        map.serialize_entry("totals", &TotalsRow::from(&self.selection.totals))?;
        map.end()
    }
}
