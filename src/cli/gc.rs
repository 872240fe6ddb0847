//! `bakery gc`: frees what nothing refers to.

use indicatif::DecimalBytes;

use super::run::Session;
use crate::domain::text::escape;
use crate::domain::units::parse_bytes;
use crate::flows::prune::{self, Freeing, Pruned};
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Forget the step cache, too: the next bakes run every step again
    #[arg(long)]
    all: bool,
    /// Most bytes of snapshots and of folders kept between bakes that stay: 5GB, 500MB; `cache: {max-size: …}` in
    /// config.yaml says it for good
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_size: Option<u64>,
    /// Say what would be freed, and free nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let freeing = Freeing { all: args.all, dry_run: args.dry_run, max_size: args.max_size };
    let pruned = prune::gc(&session.context()?, freeing).await?;
    if session.output.json {
        return session.output.json(&pruned);
    }
    session.output.line(sentence(&pruned))
}

fn size(text: &str) -> Result<u64, String> {
    parse_bytes(text).ok_or_else(|| "not a size (write 20GB, 500MB or a number of bytes)".to_owned())
}

fn sentence(pruned: &Pruned) -> String {
    let freed = &pruned.freed;
    let verb = if pruned.dry_run { "would free" } else { "freed" };
    let mut text = format!("{verb} {} in {}", DecimalBytes(freed.bytes), plural(freed.blobs, "blob", "blobs"));
    if freed.entries > 0 {
        text.push_str(&format!(", {} without subject", plural(freed.entries, "signature", "signatures")));
    }
    if freed.temporaries > 0 {
        text.push_str(&format!(", {}", plural(freed.temporaries, "leftover", "leftovers")));
    }
    let snapshots = &pruned.snapshots;
    if snapshots.removed > 0 {
        let of = plural(snapshots.removed, "snapshot", "snapshots");
        text.push_str(&format!(", {} in {of}", DecimalBytes(snapshots.bytes)));
    }
    if pruned.exports.blobs > 0 {
        let of = plural(pruned.exports.blobs, "blob", "blobs");
        text.push_str(&format!(", {} in {of} had of daemons", DecimalBytes(pruned.exports.bytes)));
    }
    if snapshots.left > 0 {
        text.push_str(", left the snapshots a bake uses");
    }
    if pruned.cache_removed {
        text.push_str(", forgot the step cache");
    }
    let store = escape(&pruned.store.display().to_string());
    format!("{text}; {} stay in {store}", plural(freed.kept, "blob", "blobs"))
}

fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
