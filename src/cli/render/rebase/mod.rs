//! What came of a rebase, one fact a line; and as JSON. Paths come from outside, so all are escaped.

use serde_json::{Value, json};

use crate::domain::rebase::{ConfigConflict, PathConflict};
use crate::domain::text::{escape, escape_bytes};
use crate::domain::units::count;
use crate::flows::rebase::{Answer, InTheWay, LockMove, Rebase, TestState, Tested};

/// Most paths shown of one platform; `--json` has them all.
const PATHS: usize = 20;

/// What a baker does about what cannot be rebased.
const REBAKE: &str = "`bakery update` its recipe and bake it: that runs its steps on the new base";
/// What a rebase does not do.
const NOT_RUN: &str = "its steps ran programs, which are not run again: what one of them read of the old base stays as it was. A bake runs them";

/// The lines.
pub fn lines(told: &Rebase, color: bool) -> Vec<String> {
    let mut lines = vec![head(told, color)];
    for InTheWay { platform, paths, fields } in &told.in_the_way {
        let platform = escape(&platform.to_string());
        lines.push(format!("  {platform}: {} in the way", count((paths.len() + fields.len()) as u64, "thing")));
        lines.extend(paths.iter().take(PATHS).map(|conflict| format!("    {}", path(conflict))));
        if paths.len() > PATHS {
            lines.push(format!("    … and {} more; --json has them all", paths.len() - PATHS));
        }
        lines.extend(fields.iter().map(|conflict| format!("    {}", field(conflict))));
    }
    if let Some(refusal) = &told.refusal {
        lines.push(format!("  {}  {}", refusal.reason, refusal.why));
    }
    for check in &told.checks {
        lines.push(format!("  {}  {}  {}", check.id, check.finding.verdict.as_str(), check.finding.reason));
        lines.extend(check.finding.evidence.iter().map(|line| format!("    {}", escape(line))));
    }
    lines.extend(tests(told));
    lines.extend(told.lock.as_ref().map(|moved| lock(moved, told)));
    if told.carried.read > 0 {
        let read = crate::domain::units::bytes(told.carried.read);
        lines.push(format!("  {read} of its own layers were read once to learn what is in them"));
    }
    if told.answer == Answer::Safe && told.ran {
        lines.push(format!("  note: {NOT_RUN}"));
    }
    match told.answer {
        Answer::NeedsRebake => lines.push(format!("  help: {REBAKE}")),
        Answer::Safe if told.is_done && told.reference.starts_with("local/") => {
            lines.push(format!(
                "  help: `bakery publish {}` hands it on; what is there is not sent again",
                told.reference
            ));
        }
        Answer::Refused => lines.extend(mend(told).map(|help| format!("  help: {help}"))),
        _ => {}
    }
    lines
}

/// What may be done about a refusal.
fn mend(told: &Rebase) -> Option<String> {
    let Some(refusal) = &told.refusal else {
        let of_base = told.checks.iter().any(|check| check.id.starts_with("base."));
        return of_base.then(|| format!("`bakery verify {}` shows its whole chain", told.base));
    };
    Some(match refusal.reason {
        "base.unknown" | "base.not-below" => "--base REF names the one it is on, where that is another".into(),
        "base.unread" => "--base REF names it where it can be had".into(),
        "base.platform" => "--onto REF names a base for all its platforms".into(),
        "layer.foreign" | "layer.unread" => REBAKE.into(),
        "recipe.broken" => "`bakery check` shows the recipe; --no-tests rebases without its tests".into(),
        "store.no-key" => "name a `key` in bakery.yaml for the store it lies under".into(),
        _ => return None,
    })
}

fn head(told: &Rebase, color: bool) -> String {
    let (sign, code) = match told.answer {
        Answer::Current | Answer::Safe => ('✔', "32"),
        Answer::NeedsRebake => ('▲', "33"),
        Answer::Refused => ('✖', "31"),
    };
    let sign = if color { format!("\x1b[{code}m{sign}\x1b[0m") } else { sign.to_string() };
    let short = |digest: &crate::domain::oci::Digest| digest.short();
    let move_of = told.bases.as_ref().map(|(old, new)| match &told.was {
        Some(was) => format!("{was} {} → {} {}", short(old), told.base, short(new)),
        None => format!("{} {} → {}", told.base, short(old), short(new)),
    });
    let what = match (told.answer, &move_of) {
        (Answer::Current, _) => match &told.bases {
            Some((_, new)) => format!("is on {} {} already", told.base, short(new)),
            None => format!("is on {} already", told.base),
        },
        (Answer::Safe, Some(moved)) if told.is_done => format!("is rebased: {moved}, no step ran"),
        (Answer::Safe, Some(moved)) => {
            format!("can be rebased: {moved}; nothing of its own meets what the base changed")
        }
        (Answer::NeedsRebake, Some(moved)) => format!("has to be baked again: {moved}"),
        (_, Some(moved)) => format!("may not be rebased: {moved}"),
        (_, None) => "may not be rebased".to_owned(),
    };
    format!("{sign} {} {what}", told.reference)
}

/// What became of its recipe's tests.
fn tests(told: &Rebase) -> Option<String> {
    let Tested { recipe, count: many, state, .. } = &told.tests;
    let (recipe, many) = (recipe.as_deref().unwrap_or_default(), count(*many as u64, "test"));
    let text = match state {
        TestState::NotReached => return None,
        TestState::NoRecipe => "no recipe of this workspace makes it: nothing was tested".to_owned(),
        TestState::NoTests => format!("{recipe} has no tests: nothing was tested"),
        TestState::Skipped => format!("--no-tests: {many} of {recipe} not run"),
        TestState::WouldRun => format!("{many} of {recipe} would be run on it first"),
        TestState::Passed => {
            let unknown = told.tests.checks.iter().filter(|check| check.finding.verdict.blocks()).count();
            let unknown = if unknown > 0 { format!(", {unknown} could not be told") } else { String::new() };
            format!("{many} of {recipe} held on it{unknown}")
        }
        TestState::Failed => format!("{many} of {recipe} put to it: the tag stays"),
    };
    Some(format!("  {text}"))
}

fn lock(moved: &LockMove, told: &Rebase) -> String {
    let LockMove { recipe, before, after, is_written, why } = moved;
    let pins = format!("the lock of {recipe}");
    let to = format!("{} → {}", before.short(), after.short());
    match why {
        Some(why) => format!("  {pins} stays at {}: {why}; a bake goes back to that", before.short()),
        None if *is_written && told.answer == Answer::Current => format!("  {pins} was left behind and followed: {to}"),
        None if *is_written => format!("  {pins} followed: {to}"),
        None => format!("  {pins} would follow: {to}"),
    }
}

/// A path in the way, in one line.
pub fn path(conflict: &PathConflict) -> String {
    let (ours, base) = (escape_bytes(&conflict.ours), escape_bytes(&conflict.base));
    let kind = conflict.kind.as_str();
    if ours == base {
        format!("/{ours}  {} ({kind} by the base)", conflict.why)
    } else {
        format!("/{ours}  {}: /{base} ({kind} by the base)", conflict.why)
    }
}

fn field(conflict: &ConfigConflict) -> String {
    let value = |value: &Option<String>| value.as_ref().map_or_else(|| "not set".to_owned(), |value| escape(value));
    let (was, ours, base) = (value(&conflict.was), value(&conflict.ours), value(&conflict.base));
    format!("{}  was {was}; ours is {ours}, the new base's {base}", escape(&conflict.field))
}

/// A path in the way.
pub fn json_path(conflict: &PathConflict) -> Value {
    json!({
        "why": conflict.why.as_str(),
        "path": format!("/{}", escape_bytes(&conflict.ours)),
        "base_path": format!("/{}", escape_bytes(&conflict.base)),
        "change": conflict.kind.as_str(),
    })
}

/// As one document.
pub fn json(told: &Rebase) -> Value {
    let one = |InTheWay { platform, paths, fields }: &InTheWay| {
        let paths: Vec<Value> = paths.iter().map(json_path).collect();
        let fields: Vec<Value> = fields
            .iter()
            .map(|field| json!({"field": field.field, "was": field.was, "ours": field.ours, "base": field.base}))
            .collect();
        json!({"platform": platform.to_string(), "paths": paths, "config": fields})
    };
    json!({
        "image": told.reference,
        "before": told.before,
        "base": told.base,
        "base_before": told.bases.as_ref().map(|(old, _)| old),
        "base_after": told.bases.as_ref().map(|(_, new)| new),
        "answer": told.answer,
        "ran_programs": told.ran,
        "conflicts": told.in_the_way.iter().map(one).collect::<Vec<_>>(),
        "refusal": told.refusal.as_ref().map(|refusal| json!({"reason": refusal.reason, "why": refusal.why})),
        "checks": told.checks,
        "digest": told.after,
        "done": told.is_done,
        "tests": {
            "state": told.tests.state,
            "recipe": told.tests.recipe,
            "count": told.tests.count,
            "checks": told.tests.checks,
        },
        "lock": told.lock.as_ref().map(|lock| json!({
            "recipe": lock.recipe,
            "before": lock.before,
            "after": lock.after,
            "written": lock.is_written,
            "why": lock.why,
        })),
        "layers": told.carried,
    })
}
