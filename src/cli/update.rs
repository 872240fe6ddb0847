//! `bakery update`: moves locks to what the bases' tags point to now, after what that changes has been told.

use std::path::PathBuf;

use super::render::changes::glyph;
use super::render::rebase::{json_path, path};
use super::render::{count, facts};
use super::run::Session;
use crate::domain::layer::Changed;
use crate::domain::text::{escape, escape_bytes};
use crate::flows::update::{BaseChanges, UpdateOptions, Updated};
use crate::report::{Kind, Report};
use serde_json::{Value, json};

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code: 0; 1 with --dry-run --exit-code when a lock would move; 3 when a new base does not verify: its lock \
                  stays."
)]
pub(super) struct Args {
    /// Recipe files or folders; all recipes of the workspace where none is named
    #[arg(value_name = "RECIPE")]
    recipes: Vec<PathBuf>,
    /// All recipes of the workspace, which is also what is meant where none is named
    #[arg(long, conflicts_with = "recipes")]
    all: bool,
    /// Pin a base that does not verify, too; a bake on it is refused all the same
    #[arg(long)]
    allow_unverified: bool,
    /// Let a base pass that is older than the one last seen under its tag, and remember it
    #[arg(long)]
    allow_downgrade: bool,
    /// Only say what it would change
    #[arg(long)]
    dry_run: bool,
    /// End with 1 when a lock would move
    #[arg(long, requires = "dry_run")]
    exit_code: bool,
}

/// Most paths, packages or fields shown of each kind; `--json` has them all.
const MOST: usize = 10;

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let Args { recipes, dry_run, allow_unverified, allow_downgrade, .. } = &args;
    let options =
        UpdateOptions { dry_run: *dry_run, allow_unverified: *allow_unverified, allow_downgrade: *allow_downgrade };
    let updated = session.context()?.update(recipes, options).await?;
    let output = &session.output;
    if output.json {
        output.json(&updated.iter().map(as_json).collect::<Vec<_>>())?;
    } else {
        for one in &updated {
            lines(one, output.color).iter().try_for_each(|line| output.line(line))?;
        }
    }
    // All of it has been told.
    let silent = |kind: Kind| Err(Report::message(kind, ""));
    if let Some(problem) = updated.iter().find_map(|one| one.problem.as_ref()) {
        return silent(problem.kind);
    }
    if !options.allow_unverified && updated.iter().any(Updated::is_refused) {
        return silent(Kind::Rejected);
    }
    match args.exit_code && updated.iter().any(Updated::moves) {
        true => silent(Kind::Failed),
        false => Ok(()),
    }
}

fn lines(updated: &Updated, color: bool) -> Vec<String> {
    let Updated { shown, base, before, after, .. } = updated;
    let shown = escape(shown);
    if let Some(problem) = &updated.problem {
        let causes = problem.causes.iter().map(|cause| format!("  cause: {cause}"));
        let help = problem.help.iter().map(|help| format!("  help: {help}"));
        // What is wrong in it names its place, and that begins with the file.
        let named = problem.message.starts_with(&*shown);
        let what = if named { problem.message.clone() } else { format!("{shown}  {}", problem.message) };
        return std::iter::once(format!("✖ {what}")).chain(causes).chain(help).collect();
    }
    let Some(base) = base else { return vec![format!("· {shown}  begins with nothing")] };
    let short = |digest: &Option<crate::domain::oci::Digest>| {
        digest.as_ref().map_or_else(|| "nothing".to_owned(), crate::domain::oci::Digest::short)
    };
    if !updated.moves() {
        return vec![format!("✔ {shown}  {base} is still {}", short(after))];
    }
    let is_first = before.is_none();
    let (sign, verb) = match (updated.is_written, updated.is_refused()) {
        (true, false) if is_first => ('⟳', "pinned"),
        (true, false) => ('⟳', "moved"),
        (true, true) if is_first => ('▲', "pinned, though it does not verify"),
        (true, true) => ('▲', "moved, though it does not verify"),
        (false, false) if is_first => ('⟳', "would be pinned"),
        (false, false) => ('⟳', "would move"),
        (false, true) if is_first => ('✖', "not pinned, since it does not verify"),
        (false, true) => ('✖', "stays, since what is new does not verify"),
    };
    let to = if is_first { short(after) } else { format!("{} → {}", short(before), short(after)) };
    let mut lines = vec![format!("{sign} {shown}  {verb}: {base} {to}")];
    for check in &updated.checks {
        lines.push(format!("  {}  {}  {}", check.id, check.finding.verdict.as_str(), check.finding.reason));
        lines.extend(check.finding.evidence.iter().take(MOST).map(|line| format!("    {}", escape(line))));
    }
    match &updated.changes {
        Some(changes) => lines.extend(of_changes(changes, color).into_iter().map(|line| format!("  {line}"))),
        None if before.is_some() => {
            lines.push("  what it was cannot be read any more: what changes is not known".into());
        }
        None => {}
    }
    lines
}

fn of_changes(changes: &BaseChanges, color: bool) -> Vec<String> {
    let compared = &changes.compared;
    let totals = compared.files.totals();
    let mut lines = vec![format!("files: +{} ~{} -{}", totals.added, totals.modified, totals.deleted)];
    let paths = compared.files.iter().map(|change| change_line(&change));
    let few = |lines: &mut Vec<String>, all: Vec<String>| {
        let more = all.len().saturating_sub(MOST);
        lines.extend(all.into_iter().take(MOST));
        if more > 0 {
            lines.push(format!("… and {more} more; --json has them all"));
        }
    };
    few(&mut lines, paths.collect());
    few(&mut lines, compared.packages.iter().map(|change| facts::package(change, color)).collect());
    few(&mut lines, compared.config.iter().map(|change| facts::config(change, color)).collect());
    if let Some((was, is)) = &changes.contract {
        let said = |text: &Option<String>| text.as_ref().map_or_else(|| "none".to_owned(), |text| escape(text));
        lines.push(format!("contract: {} → {}", said(was), said(is)));
    }
    let met = changes.met.iter().map(|(conflict, by)| format!("{}  by {by}", path(conflict)));
    match changes.met.len() {
        0 => {}
        1 => lines.push("1 path of ours meets what the base changed:".into()),
        many => lines.push(format!("{} of ours meet what the base changed:", count(many as u64, "path"))),
    }
    few(&mut lines, met.collect());
    lines
}

/// `~ /etc/conf`.
fn change_line(change: &Changed<'_>) -> String {
    format!("{} /{}", glyph(change.kind, false), escape_bytes(&change.path()))
}

fn as_json(updated: &Updated) -> Value {
    let changes = updated.changes.as_ref().map(|changes| {
        let totals = changes.compared.files.totals();
        let paths = changes.compared.files.iter().map(
            |change| json!({"path": format!("/{}", escape_bytes(&change.path())), "change": change.kind.as_str()}),
        );
        let paths = paths.collect::<Vec<_>>();
        let met = changes.met.iter().map(|(conflict, by)| {
            let mut met = json_path(conflict);
            met["by"] = json!(by);
            met
        });
        let packages = changes.compared.packages.iter().map(|change| {
            let version = |package: &Option<crate::domain::layer::packages::Package>| {
                package.as_ref().map(|package| package.version.clone())
            };
            json!({"name": change.name, "before": version(&change.before), "after": version(&change.after)})
        });
        json!({
            "files": {"added": totals.added, "modified": totals.modified, "deleted": totals.deleted, "paths": paths},
            "packages": packages.collect::<Vec<_>>(),
            "config": changes.compared.config,
            "contract": changes.contract.as_ref().map(|(was, is)| json!({"before": was, "after": is})),
            "met": met.collect::<Vec<_>>(),
        })
    });
    json!({
        "recipe": updated.shown,
        "base": updated.base,
        "before": updated.before,
        "after": updated.after,
        "moves": updated.moves(),
        "written": updated.is_written,
        "checks": updated.checks,
        "problem": updated.problem.as_ref().map(|problem| json!({"message": problem.message, "causes": problem.causes})),
        "changes": changes,
    })
}
