//! `bakery gc`: frees what nothing refers to.

use indicatif::DecimalBytes;

use super::run::Session;
use crate::domain::text::escape;
use crate::flows::prune::{self, Pruned};
use crate::report::Report;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Forget the step cache, too: the next bakes run every step again
    #[arg(long)]
    all: bool,
    /// Say what would be freed, and free nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let pruned = prune::gc(&session.context()?, args.all, args.dry_run).await?;
    if session.output.json {
        return session.output.json(&pruned);
    }
    session.output.line(sentence(&pruned))
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
    if pruned.cache_removed {
        text.push_str(", forgot the step cache");
    }
    let store = escape(&pruned.store.display().to_string());
    format!("{text}; {} stay in {store}", plural(freed.kept, "blob", "blobs"))
}

fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
