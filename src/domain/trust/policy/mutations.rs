//! Policies with each field removed, duplicated, mistyped: every time an error with its place, or a policy that lets no more
//! pass. Made mechanically from one policy that says everything. And what is told of plain slips.

use super::*;
use crate::domain::yaml::Problem;

const STORES: [&str; 2] = ["global", "local"];

/// A line a field, so that fields can be taken out and put in.
const FULL: &[(usize, &str)] = &[
    (0, "base:"),
    (1, "signed-by: [global]"),
    (1, "allow: [\"global/**\"]"),
    (1, "max-age: 90d"),
    (1, "stale: fail"),
    (0, "image:"),
    (1, "user: nonroot"),
    (1, "setuid: forbid"),
    (1, "world-writable: forbid"),
    (1, "secrets: forbid"),
    (1, "device-nodes: forbid"),
    (1, "max-layer: 500MB"),
    (1, "max-total: 2GB"),
    (1, "require-labels: [team]"),
    (1, "forbid-paths: [\"/root/**\"]"),
    (1, "forbid-packages: [\"telnet*\"]"),
    (1, "builders: [\"https://builder.example\"]"),
    (0, "exceptions:"),
    (1, "- check: layer.setuid"),
    (2, "path: /usr/bin/sudo"),
    (2, "reason: sudo is ours"),
    (2, "until: 2027-01-31"),
];

fn text(lines: &[(usize, String)]) -> String {
    lines.iter().map(|(depth, line)| format!("{}{line}\n", "  ".repeat(*depth))).collect()
}

fn full() -> Vec<(usize, String)> {
    FULL.iter().map(|(depth, line)| (*depth, (*line).to_owned())).collect()
}

fn read(text: &str) -> Result<Policy, Vec<Problem>> {
    parse(text.as_bytes(), &STORES)
}

/// Whether `left` lets nothing pass that `right` does not.
fn at_least_as_strict(left: &Policy, right: &Policy) -> bool {
    let demand = |left: Demand, right: Demand| {
        let rank = |demand| [Demand::Allow, Demand::Warn, Demand::Forbid].iter().position(|one| *one == demand);
        rank(left) >= rank(right)
    };
    let bound =
        |left: Option<u64>, right: Option<u64>| right.is_none_or(|right| left.is_some_and(|left| left <= right));
    let more = |left: &[String], right: &[String]| right.iter().all(|one| left.contains(one));
    // Of two lists of what is allowed the shorter is the stricter; that nobody has to sign is the laxest of all.
    let fewer = |left: &Option<Vec<String>>, right: &Option<Vec<String>>| match (left, right) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(left), Some(right)) => more(right, left),
    };
    let vouch = match (&left.base.signed_by, &right.base.signed_by) {
        (Some(left), right) if left.is_empty() => right.as_ref().is_some_and(Vec::is_empty),
        (left, right) => fewer(left, right),
    };
    let age = |policy: &Policy| policy.base.max_age.map(|age| age.as_secs());
    let (a, b) = (&left.image, &right.image);
    vouch
        && fewer(&left.base.allow, &right.base.allow)
        && bound(age(left), age(right))
        && demand(left.base.stale, right.base.stale)
        && b.user
            .as_ref()
            .is_none_or(|user| a.user.as_ref().is_some_and(|own| own == user || (user == "nonroot" && own != "root")))
        && demand(a.setuid, b.setuid)
        && demand(a.world_writable, b.world_writable)
        && demand(a.secrets, b.secrets)
        && demand(a.device_nodes, b.device_nodes)
        && bound(a.max_layer, b.max_layer)
        && bound(a.max_total, b.max_total)
        && more(&a.require_labels, &b.require_labels)
        && more(&a.forbid_paths, &b.forbid_paths)
        && more(&a.forbid_packages, &b.forbid_packages)
        && more(&a.builders, &b.builders)
        && left.exceptions.iter().all(|one| {
            let narrower = |other: &Exception| {
                (&one.check, &one.path) == (&other.check, &other.path)
                    && (other.until.is_none() || one.until.is_some_and(|day| Some(day) <= other.until))
            };
            right.exceptions.iter().any(narrower)
        })
}

/// Every problem stands within the text, on the line that was changed where there is only one such.
fn placed(problems: &[Problem], text: &str) {
    assert!(!problems.is_empty());
    for problem in problems {
        let line = text.lines().nth(problem.line as usize - 1).unwrap_or_default();
        assert!(problem.column as usize <= line.chars().count() + 1, "{problem:?} in\n{text}");
        assert!(!problem.message.is_empty());
    }
}

#[test]
fn s03_each_field_removed_is_an_error_or_the_built_in_demand() {
    let whole = read(&text(&full())).unwrap();
    let default = Policy::default();
    assert!(at_least_as_strict(&whole, &Policy { exceptions: whole.exceptions.clone(), ..default.clone() }));
    for at in 0..FULL.len() {
        let mut lines = full();
        let (depth, line) = lines.remove(at);
        // A section goes with all that is in it, an exception's first line leaves its dash to the next.
        while depth == 0 && lines.get(at).is_some_and(|(below, _)| *below > 0) {
            lines.remove(at);
        }
        if let Some(next) = lines.get_mut(at).filter(|_| line.starts_with("- ")) {
            *next = (1, format!("- {}", next.1));
        }
        let text = text(&lines);
        match read(&text) {
            Err(problems) => placed(&problems, &text),
            // What is left out means what it means without a file, and all else means what it did: no exception grows.
            Ok(policy) => {
                let floor = Policy { exceptions: whole.exceptions.clone(), ..default.clone() };
                assert!(at_least_as_strict(&policy, &floor), "without {line}");
                assert!(!line.starts_with("- ") && depth < 2, "an exception without {line} was taken");
            }
        }
    }
}

#[test]
fn s03_each_field_twice_is_an_error_with_its_place() {
    for (at, (depth, line)) in FULL.iter().enumerate() {
        let mut lines = full();
        let key = line.trim_start_matches("- ");
        let depth = if line.starts_with("- ") { depth + 1 } else { *depth };
        // At the end of its section, with another value, so that it is not the same line read twice.
        let end = (at + 1..lines.len()).find(|next| lines[*next].0 < depth).unwrap_or(lines.len());
        let again = if line.ends_with(':') { format!("{key} {{}}") } else { key.replace(": forbid", ": allow") };
        lines.insert(end, (depth, again));
        let text = text(&lines);
        let problems = read(&text).expect_err(&format!("{line} twice"));
        placed(&problems, &text);
        let duplicate = problems.iter().find(|problem| problem.message.contains("duplicate key"));
        assert_eq!(duplicate.expect(line).line as usize, end + 1, "{line}");
    }
}

/// Values that are of no use to most fields.
const SLIPS: &[&str] = &[
    "",
    "~",
    "null",
    "true",
    "no",
    "7",
    "-1",
    "0",
    "1.5",
    "0x10",
    "\"\"",
    "\" \"",
    "[]",
    "[[]]",
    "[{}]",
    "[~]",
    "[1]",
    "{}",
    "{a: b}",
    "{allow: allow}",
    "allowed",
    "Forbid",
    "FORBID",
    "forbd",
    "\"forbid \"",
    "none",
    "off",
    "90",
    "90 d",
    "90m",
    "90y",
    "-90d",
    "9999999999999999999d",
    "500",
    "500XB",
    "500 M B",
    "-500MB",
    "99999999999TB",
    "0MB",
    "0d",
    "root",
    "\"0\"",
    "no body",
    "[\"[\"]",
    "\"[\"",
    "[nosuch]",
    "layer.setuids",
    "setuid",
    "2027-13-01",
    "2027-02-30",
    "2027-1-1",
    "27-01-31",
    "20270131",
    "tomorrow",
    "2027-01-31T00:00:00Z",
    "!!str forbid",
    "&a forbid",
    "*a",
    "\"\\0\"",
];

#[test]
fn s03_each_field_of_another_type_or_value_is_an_error_or_as_strict() {
    let whole = read(&text(&full())).unwrap();
    let mut tried = 0;
    for (at, (depth, line)) in FULL.iter().enumerate() {
        let key = line.split(':').next().unwrap();
        for value in SLIPS.iter().copied() {
            let mut lines = full();
            lines[at] = (*depth, format!("{key}: {value}"));
            // A section's own value stands instead of what was in it.
            while *depth == 0 && lines.get(at + 1).is_some_and(|(below, _)| *below > 0) {
                lines.remove(at + 1);
            }
            let text = text(&lines);
            tried += 1;
            match read(&text) {
                Err(problems) => placed(&problems, &text),
                Ok(policy) => {
                    let loosens = !at_least_as_strict(&policy, &whole);
                    // Lists that are lists say plainly what they mean.
                    let list = matches!(value, "[]" | "[1]" | "[nosuch]" | "[\"[\"]");
                    assert!(
                        !loosens || (list && line.contains('[')) || (*depth == 0 && value == "[]"),
                        "{key}: {value}:\n{text}"
                    );
                }
            }
        }
    }
    assert!(tried > 1000, "{tried}");
}

fn told(text: &str) -> Vec<String> {
    let problems = read(text).unwrap_err();
    problems.iter().map(|problem| format!("{}:{}: {}", problem.line, problem.column, problem.message)).collect()
}

#[test]
fn slips_are_told_all_at_once_with_the_nearest_valid_name() {
    let text = "base: {singed-by: [global], stale: forbid, max-age: 90}\nimage:\n  setuid: forbd\n  forbid-paths: [etc/x, \"/a[\"]\n  max-layer: 500\nexceptions:\n  - {check: layer.setuids, reason: x, until: never, path: /a}\n  - {check: image.user, path: /a, reason: \" \", until: soon}\n  - {check: setuid, path: \"**\", reason: x, until: never}\n";
    assert_eq!(
        told(text),
        [
            "1:8: unknown key `singed-by` in `base`; did you mean `signed-by`?",
            "1:36: `stale`: `forbid` is no answer",
            "1:53: `max-age`: `90` is no age",
            "3:11: `setuid`: `forbd` is no answer; did you mean `forbid`?",
            "4:18: `forbid-paths`: `etc/x` does not begin at the root",
            "4:25: `forbid-paths`: `/a[` is no glob: unclosed character class; missing ']'",
            "5:14: `max-layer`: `500` is no size",
            "7:13: `check`: there is no check `layer.setuids`; did you mean `layer.setuid`?",
            "8:25: `image.user` names no path",
            "8:43: `reason` says nothing",
            "8:55: `until`: `soon` is no day",
            "9:13: `check`: there is no check `setuid`; did you mean `layer.setuid`?",
        ]
    );
    assert_eq!(
        told("base: {signed-by: [globl]}\n"),
        ["1:20: `signed-by`: no store `globl` in this workspace; did you mean `global`?"]
    );
}

#[test]
fn s03_a_policy_that_asks_nothing_is_an_error_that_says_what_to_write() {
    for text in ["", "\n# nothing\n", "---\n", "~\n", "{}\n", "base: {}\n", "image: {}\n"] {
        let problems = read(text).unwrap_err();
        assert!(
            problems[0].help.as_ref().is_some_and(|help| help.contains("image: {user: nonroot}")),
            "{text:?}: {problems:?}"
        );
    }
    for text in ["[]", "a", "base", "\t", "base: \u{1}", "base: {a: b", "base: {}\n---\nimage: {}\n"] {
        assert!(read(text).is_err(), "{text:?}");
    }
}

#[test]
fn the_contracts_example_says_what_it_says() {
    let text = "base: {signed-by: [global], allow: [\"global/**\"], max-age: 90d, stale: warn}\nimage: {user: nonroot, setuid: forbid, world-writable: forbid, secrets: forbid, device-nodes: forbid,\n  max-layer: 500MB, max-total: 2GB, require-labels: [], forbid-paths: [], forbid-packages: []}\nexceptions: [{check: layer.setuid, path: /usr/bin/sudo, reason: ours, until: 2027-01-31}]\n";
    let policy = read(text).unwrap();
    assert_eq!(policy.base.max_age.unwrap().as_secs(), 90 * 86_400);
    assert_eq!((policy.image.max_layer, policy.image.max_total), (Some(500_000_000), Some(2_000_000_000)));
    assert_eq!(policy.image.world_writable, Demand::Forbid);
    let exception = &policy.exceptions[0];
    assert_eq!((exception.until.unwrap().to_string().as_str(), exception.line), ("2027-01-31", 4));
    let json = policy.to_json();
    assert_eq!((&json["base"]["max-age"], &json["image"]["max-layer"]), (&"90d".into(), &"500MB".into()));
    assert_eq!(json["exceptions"][0]["until"], "2027-01-31");
    assert_ne!(policy.digest, Policy::default().digest);
    let with = policy.clone().with_rego(vec![RegoFile { name: "a".into(), text: "x".into() }]);
    assert_ne!(with.digest, policy.digest);
}
