//! `bakery files`: the files of an image as whoever runs it sees them, each with the layer it comes from.

use std::ffi::OsString;

use super::looking::{self, Unread};
use super::output::Printer;
use super::render::entries::Entry;
use super::run::Session;
use crate::domain::layer::Seen;
use crate::domain::oci::Platform;
use crate::flows::compare::Opened;
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// STORE/NAME[:TAG][@DIGEST], HOST/NAME… or oci:PATH:NAME:TAG
    image: String,
    /// A folder to stay below, or one file; symlinks are followed inside the image
    path: Option<OsString>,
    /// Which image of an index, as os/architecture; this machine's where none is named
    #[arg(long)]
    platform: Option<Platform>,
    /// Only what this layer put there, counted from 1 at the bottom
    #[arg(long, value_name = "N", value_parser = super::looking::layer_number)]
    layer: Option<u32>,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let opened = session.context()?.open_image_for(&args.image, args.platform.as_ref()).await?;
    let unread = Unread::tell(&opened, session);
    looking::check_layer(&opened, args.layer)?;
    let (path, seen) = looking::find(&opened, args.path.as_deref().unwrap_or("/".as_ref()))?;
    let mut list = List { opened: &opened, layer: args.layer, printer: session.output.printer(), session };
    if seen.is_folder() {
        for (path, seen) in opened.tree.walk(path, opened.tree.layers()) {
            list.entry(&path, seen)?;
        }
    } else {
        list.entry(&opened.tree.path(path), seen)?;
    }
    list.printer.finish()?;
    unread.end()
}

struct List<'l> {
    opened: &'l Opened,
    layer: Option<u32>,
    printer: Printer,
    session: &'l Session,
}

impl List<'_> {
    fn entry(&mut self, path: &[u8], seen: Seen<'_>) -> Result<(), Report> {
        if self.layer.is_some() && seen.layer() != self.layer {
            return Ok(());
        }
        let entry = Entry { path, seen, is_local: looking::is_local(self.opened, seen.layer()) };
        if self.session.output.json {
            self.printer.json(&entry)
        } else {
            self.printer.line(entry.line(self.session.output.color))
        }
    }
}
