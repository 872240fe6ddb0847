//! `bakery fsck`: checks every digest of the local store.

use indicatif::{DecimalBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::run::Session;
use crate::domain::text::escape;
use crate::flows::prune::{self, Checked, Finding};
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Mend what can be mended: move damaged blobs aside, drop names whose manifest is lost, sweep leftovers
    #[arg(long)]
    repair: bool,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let output = &session.output;
    let bar = ProgressBar::with_draw_target(
        None,
        if output.live && !output.quiet { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
    );
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {decimal_bytes}/{decimal_total_bytes} {eta}") {
        bar.set_style(style);
    }
    let moving = bar.clone();
    let checked = prune::fsck(&session.context()?, args.repair, move |so_far| {
        moving.set_length(so_far.bytes_total);
        moving.set_position(so_far.bytes);
    })
    .await;
    bar.finish_and_clear();
    let checked = checked?;
    if output.json {
        output.json(&checked)?;
    } else {
        for finding in &checked.found.findings {
            output.line(line(finding))?;
        }
        output.line(sentence(&checked))?;
    }
    verdict(&checked, args.repair)
}

fn line(finding: &Finding) -> String {
    let mut text = format!("{:<10} {}: {}", finding.kind.as_str(), escape(&finding.what), escape(&finding.detail));
    if !finding.needed_by.is_empty() {
        let names: Vec<String> = finding.needed_by.iter().map(|name| escape(name)).collect();
        text.push_str(&format!(" (needed by {})", names.join(", ")));
    }
    if finding.repaired {
        text.push_str(" [repaired]");
    }
    text
}

fn sentence(checked: &Checked) -> String {
    let found = &checked.found;
    let mut text =
        format!("{} blobs, {}, {} index entries checked", found.blobs, DecimalBytes(found.bytes), found.entries);
    if found.unreferenced_blobs > 0 {
        let bytes = DecimalBytes(found.unreferenced_bytes);
        text.push_str(&format!("; nothing refers to {} blobs, {bytes}", found.unreferenced_blobs));
    }
    text
}

fn verdict(checked: &Checked, repaired: bool) -> Result<(), Report> {
    let faults = checked.found.faults().count();
    if faults == 0 {
        return Ok(());
    }
    let store = checked.store.display();
    let report =
        Report::message(Kind::Failed, format!("{store}: {faults} {}", if faults == 1 { "fault" } else { "faults" }));
    Err(if repaired {
        report.help("bake or publish the images named above again; that puts back what is missing")
    } else {
        report.help("`bakery fsck --repair` moves damaged blobs aside, so that baking again puts good ones there")
    })
}
