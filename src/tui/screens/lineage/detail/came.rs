//! What came of a question, said line by line. Paths come from outside, so all are escaped.

use super::Said;
use super::answer::{Asked, Came};
use crate::domain::rebase::{ConfigConflict, PathConflict};
use crate::domain::rollout::{After, Item, ItemState, Progress, Way};
use crate::domain::text::{escape, escape_bytes};
use crate::domain::units::count;
use crate::flows::impact::{Hit, HitCount, Outcome};
use crate::flows::rebase::{Answer, InTheWay, Rebase};
use crate::report::Report;
use crate::tui::theme::{Glyph, Role};
use crate::tui::widgets::glyph_of_verdict;

/// While nothing came yet.
pub(super) fn asking(asked: &Asked) -> Vec<Said> {
    let text = match asked {
        Asked::Rebase { image, dry_run: true } => format!("finding out whether {image} can be rebased"),
        Asked::Rebase { image, dry_run: false } => format!("rebasing {image}"),
        Asked::Impact { base, onto } => {
            format!("finding out what would become of all that is on {base}, were it {onto}")
        }
        Asked::Plan { base, .. } => format!("finding out what a roll-out of {base} would do"),
    };
    vec![Said::new(Some(Glyph::Running), Role::Text, 0, escape(&text))]
}

/// Once something did.
pub(super) fn said(asked: &Asked, came: &Came) -> Vec<Said> {
    match (asked, came) {
        (_, Came::Rebase(rebase)) => of_rebase(rebase),
        (Asked::Impact { base, onto }, Came::Impact(hits)) => of_impact(base, onto, hits),
        (_, Came::Impact(hits)) => of_impact("", "", hits),
        (_, Came::Plan(plan)) => of_plan(plan),
        (_, Came::Failed(report)) => of_failure(report),
    }
}

fn of_failure(report: &Report) -> Vec<Said> {
    let mut said = vec![Said::new(Some(Glyph::Fail), Role::Text, 0, report.message.clone())];
    said.extend(report.causes.iter().map(|cause| Said::plain(Role::Dim, 0, cause.clone())));
    if let Some(help) = &report.help {
        said.extend([Said::blank(), Said::plain(Role::Text, 0, help.clone())]);
    }
    said.extend([Said::blank(), Said::plain(Role::Dim, 0, "r asks again, Esc closes this")]);
    said
}

fn of_rebase(rebase: &Rebase) -> Vec<Said> {
    let (glyph, what) = match rebase.answer {
        Answer::Current => (Glyph::Pass, "is on what its base is now"),
        Answer::Safe if rebase.is_done => (Glyph::Pass, "is rebased"),
        Answer::Safe => (Glyph::Pass, "can be rebased"),
        Answer::NeedsRebake => (Glyph::Warn, "has to be baked again"),
        Answer::Refused => (Glyph::Fail, "may not be rebased"),
    };
    let mut said = vec![Said::new(Some(glyph), Role::Strong, 0, format!("{} {what}", rebase.reference))];
    if let Some((old, new)) = &rebase.bases {
        said.push(Said::plain(Role::Dim, 0, format!("{}  {} → {}", rebase.base, old.short(), new.short())));
    }
    said.push(Said::blank());
    for in_the_way in &rebase.in_the_way {
        said.extend(conflicts(in_the_way));
    }
    if let Some(refusal) = &rebase.refusal {
        said.push(Said::new(Some(Glyph::Fail), Role::Text, 0, format!("{}  {}", refusal.reason, refusal.why)));
    }
    for check in &rebase.checks {
        let glyph = glyph_of_verdict(Some(check.finding.verdict));
        said.push(Said::new(Some(glyph), Role::Text, 0, format!("{}  {}", escape(&check.id), check.finding.reason)));
        said.extend(check.finding.evidence.iter().map(|line| Said::plain(Role::Dim, 1, escape(line))));
    }
    let next = match rebase.answer {
        Answer::Safe if rebase.is_done => {
            let after = rebase.after.as_ref().map(|digest| format!("It is {} now. ", digest.short()));
            format!("{}No step ran. P publishes it: what is there is not sent again.", after.unwrap_or_default())
        }
        Answer::Safe => {
            let text =
                "No path of ours meets what the base changed, and no setting. No step runs, no layer of ours moves.";
            said.push(Said::plain(Role::Text, 0, text));
            if rebase.ran {
                let text = "Its steps ran programs: what one of them read of the old base stays as it was. A bake runs them again.";
                said.push(Said::plain(Role::Dim, 0, text));
            }
            "Enter rebases it, after a question.".to_owned()
        }
        Answer::NeedsRebake => "b bakes its recipe again on the new base.".to_owned(),
        Answer::Refused => "v shows what its checks say.".to_owned(),
        Answer::Current => return said,
    };
    if said.last() != Some(&Said::blank()) {
        said.push(Said::blank());
    }
    said.push(Said::plain(Role::Dim, 0, next));
    said
}

fn conflicts(InTheWay { platform, paths, fields }: &InTheWay) -> Vec<Said> {
    let heading = format!(
        "{}: {} in the way",
        escape(&platform.to_string()),
        count((paths.len() + fields.len()) as u64, "thing")
    );
    let mut said = vec![Said::plain(Role::Strong, 0, heading)];
    for conflict in paths {
        let (path, why) = path_words(conflict);
        said.push(Said::new(Some(Glyph::Modified), Role::Text, 0, path));
        said.push(Said::plain(Role::Dim, 1, why));
    }
    for conflict in fields {
        said.push(Said::new(Some(Glyph::Modified), Role::Text, 0, escape(&conflict.field)));
        said.push(Said::plain(Role::Dim, 1, field_words(conflict)));
    }
    said
}

/// A path in the way, and why.
pub(super) fn path_words(conflict: &PathConflict) -> (String, String) {
    let (ours, base) = (escape_bytes(&conflict.ours), escape_bytes(&conflict.base));
    let kind = conflict.kind.as_str();
    let why = if ours == base {
        format!("{} ({kind} by the base)", conflict.why)
    } else {
        format!("{}: /{base} ({kind} by the base)", conflict.why)
    };
    (format!("/{ours}"), why)
}

/// A field in the way.
pub(super) fn field_words(conflict: &ConfigConflict) -> String {
    let value = |value: &Option<String>| value.as_ref().map_or_else(|| "not set".to_owned(), |value| escape(value));
    format!("was {}; ours is {}, the new base's {}", value(&conflict.was), value(&conflict.ours), value(&conflict.base))
}

fn of_impact(base: &str, onto: &str, hits: &[Hit]) -> Vec<Said> {
    let HitCount { safe, rebake, refused, others } = HitCount::of(hits);
    let heading = format!("were {} to be {}", escape(base), escape(onto));
    let mut said = vec![Said::new(Some(Glyph::Stale), Role::Strong, 0, heading)];
    if hits.is_empty() {
        said.push(Said::plain(Role::Text, 0, "nothing is built on it"));
        return said;
    }
    let sorts = [(safe, "safe"), (rebake, "to be baked again"), (refused, "refused"), (others, "others")];
    let counts = some_of(&sorts);
    said.extend([Said::plain(Role::Text, 0, counts), Said::blank()]);
    for hit in hits {
        let glyph = match hit.outcome {
            Outcome::Safe => Glyph::Pass,
            Outcome::Rebake => Glyph::Warn,
            Outcome::Refused | Outcome::Stuck => Glyph::Fail,
            Outcome::Unverified | Outcome::Unknown => Glyph::Unknown,
            Outcome::Follows => Glyph::Unasked,
        };
        let why = hit.rebase.as_ref().and_then(|rebase| why_of(rebase)).or_else(|| hit.note.clone());
        let why = why.unwrap_or_default();
        said.push(Said::new(Some(glyph), Role::Text, 0, hit.reference.clone()));
        if !why.is_empty() {
            said.push(Said::plain(Role::Dim, 1, why));
        }
    }
    said
}

/// `2 safe, 1 refused`: what there is none of is not said.
fn some_of(sorts: &[(usize, &str)]) -> String {
    let some = sorts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    some.collect::<Vec<_>>().join(", ")
}

/// What decides it, in a line; `None` where nothing stands in the way.
pub(super) fn why_of(rebase: &Rebase) -> Option<String> {
    let in_the_way = &rebase.in_the_way;
    let things: usize = in_the_way.iter().map(|one| one.paths.len() + one.fields.len()).sum();
    let more = if things > 1 { format!(", and {} more", things - 1) } else { String::new() };
    if let Some(conflict) = in_the_way.iter().find_map(|one| one.paths.first()) {
        let (path, why) = path_words(conflict);
        return Some(format!("{path}: {why}{more}"));
    }
    if let Some(conflict) = in_the_way.iter().find_map(|one| one.fields.first()) {
        return Some(format!("{}: {}{more}", escape(&conflict.field), field_words(conflict)));
    }
    if let Some(refusal) = &rebase.refusal {
        return Some(format!("{}: {}", refusal.reason, refusal.why));
    }
    rebase.checks.first().map(|check| format!("{}: {}", escape(&check.id), check.finding.reason))
}

fn of_plan(plan: &Progress) -> Vec<Said> {
    let is_to_move = |item: &&Item| item.state == ItemState::Waiting;
    let of = |way: Way, after: Option<After>| {
        let is_it = |item: &&Item| item.way == way && after.is_none_or(|after| item.after == after);
        plan.items.iter().filter(is_to_move).filter(is_it).count()
    };
    let all = plan.items.iter().filter(is_to_move).count();
    let heading = format!("a roll-out of {} → {}", plan.base, plan.onto.short());
    let mut said = vec![Said::new(Some(Glyph::Waiting), Role::Strong, 0, heading)];
    if plan.items.is_empty() {
        said.push(Said::plain(Role::Text, 0, "nothing built on it is stale"));
        return said;
    }
    let sorts = [
        (of(Way::Rebase, None), "by a rebase"),
        (of(Way::Rebake, None), "by a bake"),
        (of(Way::Open, Some(After::Base)), "once its base has moved"),
        (of(Way::Open, Some(After::FirstName)), "to name anew"),
        (of(Way::Open, Some(After::Nothing)), "there already"),
    ];
    let mut counts = vec![format!("{} to move", count(all as u64, "image"))];
    counts.extend(Some(some_of(&sorts)).filter(|some| !some.is_empty()));
    let counts = counts.join(": ");
    let counts = match plan.items.len() - all {
        0 => counts,
        left => format!("{counts}; {left} left out"),
    };
    said.push(Said::plain(Role::Text, 0, counts));
    let budget = match plan.budget {
        0 => "one fails".to_owned(),
        more => format!("more than {more} fail"),
    };
    let pace = format!("{} at once; nothing further begins once {budget}", plan.parallel);
    said.extend([Said::plain(Role::Dim, 0, pace), Said::blank()]);
    for item in &plan.items {
        let (glyph, words) = match &item.state {
            ItemState::Skipped { why } => (Glyph::Unasked, format!("left out: {why}")),
            ItemState::Failed { why } => (Glyph::Fail, why.join("; ")),
            _ => (Glyph::Waiting, how(item).to_owned()),
        };
        let indent = item.depth.saturating_sub(1).min(6);
        said.push(Said::new(Some(glyph), Role::Text, indent, item.reference.clone()));
        said.push(Said::plain(Role::Dim, indent + 1, words));
    }
    if all > 0 {
        said.extend([Said::blank(), Said::plain(Role::Dim, 0, "Enter begins it, after a question.")]);
    }
    said
}

/// How an image would be moved.
fn how(item: &Item) -> &'static str {
    match (item.way, item.after) {
        (Way::Rebase, _) => "rebase",
        (Way::Rebake, _) => "bake again",
        (Way::Open, After::FirstName) => "another name of it follows",
        (Way::Open, After::Base) => "found out once its base has moved",
        (Way::Open, After::Nothing) => "there already; only handed on",
    }
}
