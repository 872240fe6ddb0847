//! The lines that would let a check pass, to be copied into the policy. What a person has to say in them is left out: until
//! it is filled in, the policy refuses them. Writes no file.

use crate::domain::trust::policy::{Named, named_by};
use crate::domain::trust::{Check, CheckVerdict, Level, reason};
use crate::tui::effect::Effect as Outer;
use crate::tui::screens::Wish;
use crate::tui::widgets::{Choice, Confirm, Toast};

/// Most things one check is excepted for at once.
const MOST: usize = 8;

/// The question with the lines, or why there are none.
pub(super) fn question(level: &Level, check: &Check) -> Wish {
    let says = |text: String, next: &str| Wish::Tell(Toast::warning(text).next(next));
    match (check.finding.verdict, named_by(&check.id)) {
        (CheckVerdict::Pass | CheckVerdict::Skip, _) => {
            return says(format!("{} stands in nobody's way", check.id), "n goes to a check that does");
        }
        (CheckVerdict::Unknown, _) => {
            let text = format!("{} is unknown: exceptions are for what is known to be wrong", check.id);
            return says(text, "r verifies again");
        }
        (_, None) => return says(format!("{} takes no exceptions", check.id), "its mend says what to do"),
        (CheckVerdict::Fail | CheckVerdict::Warn, Some(_)) => {}
    }
    let code = lines(level, check);
    let mut text = "Add this to the policy (policy.yaml); below an `exceptions:` that is there already, only what \
                    follows it. Say why, and until when: without that the policy is refused."
        .to_owned();
    if check.finding.reason == reason::EXCEPTION_EXPIRED {
        text = format!("One is there, and has expired: mend what it excuses, or give it a new end. {text}");
    }
    let copied = code.iter().map(|line| format!("{line}\n")).collect();
    let choices = vec![
        Choice { label: "close".into(), then: Vec::new() },
        Choice { label: "copy the lines".into(), then: vec![Wish::Do(Outer::Copy(copied))] },
    ];
    Wish::Ask(Confirm { title: format!("an exception to {}", check.id), text, code, choices, focused: 0 })
}

/// The lines, one item a thing the check is about.
fn lines(level: &Level, check: &Check) -> Vec<String> {
    let named = named_by(&check.id).unwrap_or(Named::Nothing);
    let mut subjects: Vec<String> = match named {
        Named::Nothing => Vec::new(),
        Named::Base => vec![name_of(&level.reference).to_owned()],
        Named::Paths | Named::Packages | Named::Labels => {
            check.finding.evidence.iter().filter_map(|line| subject(named, line)).collect()
        }
    };
    let mut seen = std::collections::BTreeSet::new();
    subjects.retain(|subject| seen.insert(subject.clone()));
    subjects.truncate(MOST);
    let mut lines = vec!["exceptions:".to_owned()];
    let paths: Vec<Option<String>> = match (named, subjects.is_empty()) {
        (Named::Nothing, _) => vec![None],
        (_, true) => vec![Some(format!("  # {}", named.as_str()))],
        (_, false) => subjects.into_iter().map(|subject| Some(quoted(&as_glob(&subject)))).collect(),
    };
    for path in paths {
        lines.push(format!("  - check: {}", check.id));
        lines.extend(path.map(|path| format!("    path: {path}")));
        lines.push("    reason:  # why this is all right, and by whose word".to_owned());
        lines.push("    until:  # the last day it counts, such as 2027-01-31".to_owned());
    }
    lines
}

/// `global/python` of `global/python:3.12@sha256:…`.
fn name_of(reference: &str) -> &str {
    let name = reference.split('@').next().unwrap_or(reference);
    match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => name,
    }
}

/// What a line of evidence is about. Lines of several platforms say first whose they are.
fn subject(named: Named, line: &str) -> Option<String> {
    match named {
        Named::Paths => {
            let from = if line.starts_with('/') { 0 } else { line.find(": /")? + 2 };
            let path = line[from..].split(": ").next()?;
            (path.len() > 1).then(|| path.to_owned())
        }
        Named::Packages => Some(line.split(' ').find(|word| !word.ends_with(':'))?.to_owned()),
        Named::Labels => {
            let (_, rest) = line.split_once("the label ")?;
            Some(rest.split(' ').next()?.to_owned())
        }
        Named::Base | Named::Nothing => None,
    }
}

/// A glob that fits this text and nothing else, whatever an image calls its files.
fn as_glob(text: &str) -> String {
    let mut glob = String::with_capacity(text.len());
    for c in text.chars() {
        if "*?[]{}\\!".contains(c) {
            glob.push('\\');
        }
        glob.push(c);
    }
    glob
}

/// A text as YAML reads it back: plain where that is sure, else in double quotes.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@~".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    if begins && text.chars().all(plain) {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::oci::Digest;
    use crate::domain::trust::policy::parse;
    use crate::domain::trust::{Finding, Globs};

    fn level() -> Level {
        Level {
            reference: "global/python:3.12".into(),
            digest: Digest::of(b"python"),
            is_local: false,
            signed_by: Vec::new(),
            layers: (1, 4),
            checks: Vec::new(),
        }
    }

    fn failing(id: &str, evidence: &[&str]) -> Check {
        let evidence = evidence.iter().map(|line| (*line).to_owned()).collect();
        Check::new(id, Finding::new(CheckVerdict::Fail, "r", evidence))
    }

    fn filled(lines: &[String]) -> String {
        let fill = |line: &String| match line.split_once("  #") {
            Some((key, _)) if key.ends_with("reason:") => format!("{key} the tool needs it\n"),
            Some((key, _)) => format!("{key} 2027-01-31\n"),
            None => format!("{line}\n"),
        };
        lines.iter().map(fill).collect()
    }

    #[test]
    fn lines_are_refused_until_a_person_fills_them_in() {
        let evidence = ["/usr/bin/sudo: setuid; 4755 0:0, layer 5", "/usr/bin/su: setuid; 4755 0:0, layer 5"];
        for check in [
            failing("layer.setuid", &evidence),
            failing("image.user", &["it runs as root (0)"]),
            failing("base.age", &["it is 91 d old; the policy allows 90 d"]),
            failing("image.labels", &["the label team is missing"]),
            failing("image.packages", &["curl 7.88 (dpkg) is forbidden by cu*"]),
        ] {
            let lines = lines(&level(), &check);
            let empty: String = lines.iter().map(|line| format!("{line}\n")).collect();
            assert!(parse(empty.as_bytes(), &["global"]).is_err(), "{empty}");
            let text = filled(&lines);
            let policy = parse(text.as_bytes(), &["global"]).unwrap_or_else(|errors| panic!("{text}{errors:?}"));
            let expected = if check.id == "layer.setuid" { 2 } else { 1 };
            assert_eq!(policy.exceptions.len(), expected, "{text}");
            assert_eq!(policy.exceptions[0].check, check.id);
        }
        let setuid = lines(&level(), &failing("layer.setuid", &evidence));
        assert_eq!(setuid[2], "    path: /usr/bin/sudo");
    }

    #[test]
    fn x05_a_file_named_like_a_glob_excepts_itself_and_nothing_else() {
        for name in ["/**", "/a*b", "/[x]{y}", "/a\\b", "/!x", "/- x #y", "/\"quoted\""] {
            let check = failing("layer.setuid", &[&format!("{name}: setuid; 4755 0:0, layer 5")]);
            let text = filled(&lines(&level(), &check));
            let policy = parse(text.as_bytes(), &["global"]).unwrap_or_else(|errors| panic!("{text}{errors:?}"));
            let globs = Globs::new([policy.exceptions[0].path.clone().unwrap()]).unwrap();
            assert!(globs.matches(name.as_bytes()), "{text}");
            assert!(!globs.matches(b"/usr/bin/sudo") && !globs.matches(b"/x"), "{text}");
        }
    }

    #[test]
    fn lines_of_several_platforms_name_the_path_and_not_the_platform() {
        let check = failing("lineage.contract", &["linux/arm64: /etc/hosts: deleted; was file 0644 0:0 12 B"]);
        assert_eq!(lines(&level(), &check)[2], "    path: /etc/hosts");
    }

    #[test]
    fn what_holds_or_is_unknown_has_no_exception() {
        for verdict in [CheckVerdict::Pass, CheckVerdict::Skip, CheckVerdict::Unknown] {
            let check = Check::new("layer.setuid", Finding::new(verdict, "r", Vec::new()));
            assert!(matches!(question(&level(), &check), Wish::Tell(_)), "{verdict:?}");
        }
    }
}
