//! `bakery publish`: hands images on, with all that vouches for them.

use super::render::{bytes, count};
use super::run::Session;
use crate::domain::text::escape;
use crate::flows::publish::Published;
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Images of the local store: local/NAME[:TAG]
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
    /// Where to, instead of the local store's `publish` prefix with NAME:TAG; for one image
    #[arg(long, value_name = "REF")]
    to: Option<String>,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    if args.to.is_some() && args.images.len() > 1 {
        return Err(Report::message(Kind::Usage, "--to names one place, and several images were named")
            .help("publish them one by one, or set `publish` of the store `local` in bakery.yaml"));
    }
    let context = session.context()?;
    let mut ended: Option<Kind> = None;
    for image in &args.images {
        match context.publish(image, args.to.as_deref()).await {
            Ok(published) => tell(&published, session)?,
            // One that is refused hides no other, unless it was the only one.
            Err(report) if args.images.len() > 1 => {
                session.output.failure(&report);
                ended = Some(ended.unwrap_or(report.kind));
            }
            Err(report) => return Err(report),
        }
    }
    match ended {
        None => Ok(()),
        Some(kind) => Err(Report::message(kind, "")),
    }
}

fn tell(published: &Published, session: &Session) -> Result<(), Report> {
    let output = &session.output;
    if output.json {
        return output.json(published);
    }
    let copied = &published.copied;
    let sent = if copied.blobs == 0 && copied.manifests == 0 {
        "all of it was there already".to_owned()
    } else {
        let (blobs, manifests) = (count(copied.blobs, "blob"), count(copied.manifests, "manifest"));
        format!("sent {blobs}, {}, and {manifests}", bytes(copied.bytes))
    };
    output.note(format!("{sent}; verified there: {}", published.verified.as_str()));
    output.line(format!("{}@{}", escape(&published.reference), published.digest))
}
