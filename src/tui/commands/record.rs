//! Effects as the commands that do the same, and messages as what came of them. What only follows the cursor is no command.

use std::path::Path;

use super::{Of, Outcome};
use crate::domain::trust::{CheckVerdict, Verified};
use crate::report::Report;
use crate::tui::effect::Effect;
use crate::tui::errands;
use crate::tui::model::Model;
use crate::tui::msg::Msg;
use crate::tui::screens::{Compare, bake, bakes, diff, lineage, recipes, store, verify};

/// The commands that do what an effect does; none for what is only looked at, or the terminal's own.
pub fn commands_of(effect: &Effect, model: &Model) -> Vec<String> {
    let recipe = |file: &Path| shown(model, file);
    match effect {
        Effect::Store(store::Effect::Survey | store::Effect::ReadAgain) => {
            model.here.stores.iter().map(|store| command("store ls", &[&store.name])).collect()
        }
        Effect::Recipes(recipes::Effect::Bake(file)) => vec![command("bake", &[&recipe(file)])],
        Effect::Recipes(recipes::Effect::Plan { file, ask: true }) => vec![command("plan", &[&recipe(file)])],
        Effect::Recipes(recipes::Effect::SetBase { file, image }) => {
            vec![format!("# base of {}: {image}", recipe(file))]
        }
        Effect::Recipes(recipes::Effect::TakeBack { file, .. }) => {
            vec![format!("# {} as it was", recipe(file))]
        }
        Effect::Bake(bake::Effect::Watch { bake, replay }) => {
            vec![command(if *replay { "replay" } else { "attach" }, &[bake])]
        }
        Effect::Bake(bake::Effect::Cancel(bake)) | Effect::Bakes(bakes::Effect::Cancel(bake)) => {
            vec![command("cancel", &[bake])]
        }
        Effect::Verify(verify::Effect::Verify { image, .. }) => vec![command("verify", &[image])],
        Effect::Diff(diff::Effect::Open(asked)) => vec![look(asked)],
        Effect::Lineage(effect) => lineage_commands(effect, &recipe),
        Effect::EditOutside(file) => vec![format!("$EDITOR {}", quoted(&recipe(file)))],
        Effect::Shell(target) => vec![command("shell", &[target])],
        Effect::Errand(errand) => errand_commands(errand, &recipe),
        _ => Vec::new(),
    }
}

fn errand_commands(errand: &errands::Effect, recipe: &dyn Fn(&Path) -> String) -> Vec<String> {
    let each = |name: &str, of: &[String]| of.iter().map(|one| command(name, &[one])).collect();
    match errand {
        errands::Effect::Publish(images) => each("publish", images),
        errands::Effect::CountUnused => vec![command("gc", &["--dry-run"])],
        errands::Effect::FreeUnused => vec![command("gc", &[])],
        errands::Effect::VerifyAll(images) => each("verify", images),
        errands::Effect::BakeAll(files) => {
            let files: Vec<String> = files.iter().map(|file| recipe(file)).collect();
            vec![command("bake", &files.iter().map(String::as_str).collect::<Vec<_>>())]
        }
        errands::Effect::PlanPublish(_) | errands::Effect::StopBatch | errands::Effect::Unlock { .. } => Vec::new(),
    }
}

fn lineage_commands(effect: &lineage::Effect, recipe: &dyn Fn(&Path) -> String) -> Vec<String> {
    match effect {
        lineage::Effect::Read { .. } => vec![command("lineage", &[])],
        lineage::Effect::Rebase { image, dry_run } => vec![rebase(image, *dry_run)],
        lineage::Effect::Update(files) => vec![update(&files.iter().map(|file| recipe(file)).collect::<Vec<_>>())],
        lineage::Effect::Impact { base, onto } => vec![impact(base, onto)],
        lineage::Effect::Plan { base, only } => vec![rollout(base, only, true)],
        lineage::Effect::Begin { base, only } => vec![rollout(base, only, false)],
        lineage::Effect::Cancel(id) => vec![command("rollout", &["--cancel", id])],
        lineage::Effect::Resume(id) => vec![command("rollout", &["--resume", id])],
        // What only follows the cursor, or looks whether something is there, is no command.
        lineage::Effect::Watch { .. }
        | lineage::Effect::Assess { .. }
        | lineage::Effect::AssessAll { .. }
        | lineage::Effect::Rest
        | lineage::Effect::Newest
        | lineage::Effect::Follow(_) => Vec::new(),
    }
}

fn rebase(image: &str, dry_run: bool) -> String {
    if dry_run { command("rebase", &[image, "--dry-run"]) } else { command("rebase", &[image]) }
}

fn update(files: &[String]) -> String {
    command("update", &files.iter().map(String::as_str).collect::<Vec<_>>())
}

fn impact(base: &str, onto: &str) -> String {
    command("impact", &[base, "--onto", onto])
}

fn rollout(base: &str, only: &[String], dry_run: bool) -> String {
    let mut arguments = vec![base];
    only.iter().for_each(|image| arguments.extend(["--only", image]));
    arguments.extend(dry_run.then_some("--dry-run"));
    command("rollout", &arguments)
}

fn look(asked: &Compare) -> String {
    match asked {
        Compare::Image(image) => command("diff", &[image]),
        Compare::Images { before, after } => command("diff", &[before, after]),
        Compare::Bake { bake, reference } => format!("# what bake {bake} makes of {reference}"),
    }
}

/// What a message says came of which command.
pub fn outcome_of(msg: &Msg) -> Vec<(Of, Outcome)> {
    let one = |of: Of, outcome: Outcome| vec![(of, outcome)];
    match msg {
        Msg::Store(store::Msg::Surveyed { store, failure }) => {
            one(Of::Command(command("store ls", &[store])), ended(failure.as_ref(), String::new()))
        }
        Msg::Recipes(recipes::Msg::Begun(begun)) => one(Of::Longest("bakery bake"), result(begun, Clone::clone)),
        Msg::Recipes(recipes::Msg::Planned { plan, .. }) => {
            one(Of::Newest("bakery plan"), result(plan, |_| String::new()))
        }
        Msg::Bake(bake::Msg::Cancelled(asked)) => one(Of::Newest("bakery cancel"), result(asked, |_| "asked".into())),
        Msg::Bakes(bakes::Msg::Asked { bake, failure }) => {
            one(Of::Command(command("cancel", &[bake])), ended(failure.as_ref(), "asked".into()))
        }
        Msg::Verify(verify::Msg::Verified { verified, .. }) => {
            one(Of::Newest("bakery verify"), judged(verified.as_ref().map(|verified| verdict(verified))))
        }
        Msg::Diff(diff::Msg::Opened { asked, matter }) => {
            one(Of::Command(look(asked)), result(matter, |_| String::new()))
        }
        Msg::Lineage(msg) => lineage_outcomes(msg),
        Msg::Errand(msg) => errand_outcomes(msg),
        _ => Vec::new(),
    }
}

fn lineage_outcomes(msg: &lineage::Msg) -> Vec<(Of, Outcome)> {
    let one = |of: Of, outcome: Outcome| vec![(of, outcome)];
    match msg {
        lineage::Msg::Read { lineage, .. } => {
            let unread = lineage.unread.first().map(|(_, report)| report);
            one(Of::Command(command("lineage", &[])), ended(unread, String::new()))
        }
        lineage::Msg::Rebased { image, dry_run, outcome } => {
            let answer = |rebase: &crate::flows::rebase::Rebase| rebase.answer.as_str().to_owned();
            one(Of::Command(rebase(image, *dry_run)), result(outcome, |rebase| answer(rebase)))
        }
        lineage::Msg::Updated { failure, .. } => {
            one(Of::Newest("bakery update"), ended(failure.as_ref(), String::new()))
        }
        lineage::Msg::Impact { base, onto, hits } => {
            let count = |hits: &Vec<crate::flows::impact::Hit>| crate::domain::units::count(hits.len() as u64, "image");
            one(Of::Command(impact(base, onto)), result(hits, |hits| count(hits)))
        }
        lineage::Msg::Planned { base, only, plan } => {
            let count = |items: usize| crate::domain::units::count(items as u64, "image");
            one(Of::Command(rollout(base, only, true)), result(plan, |plan| count(plan.items.len())))
        }
        lineage::Msg::Begun(begun) => one(Of::Newest("bakery rollout"), result(begun, Clone::clone)),
        lineage::Msg::Told { id, resume, failure } => {
            let flag = if *resume { "--resume" } else { "--cancel" };
            one(Of::Command(command("rollout", &[flag, id])), ended(failure.as_ref(), "asked".into()))
        }
        _ => Vec::new(),
    }
}

fn errand_outcomes(msg: &errands::Msg) -> Vec<(Of, Outcome)> {
    match msg {
        errands::Msg::Published { image, outcome } => {
            let digest = |published: &crate::flows::publish::Published| published.digest.short();
            vec![(Of::Command(command("publish", &[image])), result(outcome, digest))]
        }
        errands::Msg::Counted(counted) => {
            vec![(Of::Command(command("gc", &["--dry-run"])), result(counted, |_| String::new()))]
        }
        errands::Msg::Freed(freed) => {
            let bytes = |pruned: &crate::flows::prune::Pruned| crate::domain::units::bytes(pruned.freed.bytes);
            vec![(Of::Command(command("gc", &[])), result(freed, bytes))]
        }
        errands::Msg::VerifiedAll(all) => {
            let each = |(image, verdict): &(String, Result<CheckVerdict, Report>)| {
                (Of::Command(command("verify", &[image])), judged(verdict.as_ref().copied()))
            };
            all.iter().map(each).collect()
        }
        errands::Msg::BatchBegun(begun) => {
            let count = |bakes: &usize| crate::domain::units::count(*bakes as u64, "bake");
            vec![(Of::Longest("bakery bake"), result(begun, count))]
        }
        errands::Msg::PassphraseWanted { .. } => {
            vec![(Of::Newest("bakery bake"), Outcome::Failed("a passphrase is needed".into()))]
        }
        errands::Msg::Planned(_)
        | errands::Msg::Unlocked(_)
        | errands::Msg::BakedElsewhere { .. }
        | errands::Msg::BuilderOut { .. }
        | errands::Msg::BatchOver(_) => Vec::new(),
    }
}

fn verdict(verified: &Verified) -> CheckVerdict {
    verified.verdict
}

fn judged(verdict: Result<CheckVerdict, &Report>) -> Outcome {
    match verdict {
        Ok(verdict @ (CheckVerdict::Pass | CheckVerdict::Warn)) => Outcome::Done(verdict.as_str().to_owned()),
        Ok(verdict) => Outcome::Failed(verdict.as_str().to_owned()),
        Err(report) => Outcome::Failed(report.message.clone()),
    }
}

fn result<T>(result: &Result<T, Report>, done: impl FnOnce(&T) -> String) -> Outcome {
    match result {
        Ok(value) => Outcome::Done(done(value)),
        Err(report) => Outcome::Failed(report.message.clone()),
    }
}

fn ended(failure: Option<&Report>, done: String) -> Outcome {
    failure.map_or(Outcome::Done(done), |report| Outcome::Failed(report.message.clone()))
}

/// A recipe's file as people name it.
fn shown(model: &Model, file: &Path) -> String {
    let card = model.recipes.cards.iter().find(|card| card.file == file);
    card.map_or_else(|| file.display().to_string(), |card| card.shown.clone())
}

/// `bakery NAME ARGUMENTS`, as a shell takes it.
pub(super) fn command(name: &str, arguments: &[&str]) -> String {
    let arguments = arguments.iter().map(|argument| format!(" {}", quoted(argument)));
    format!("bakery {name}{}", arguments.collect::<String>())
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_a_shell_takes_them() {
        let cases = [("a/b:1.0", "a/b:1.0"), ("", "''"), ("a b", "'a b'"), ("it's", r"'it'\''s'"), ("$(x)", "'$(x)'")];
        for (word, shown) in cases {
            assert_eq!(command("verify", &[word]), format!("bakery verify {shown}"));
        }
    }
}
