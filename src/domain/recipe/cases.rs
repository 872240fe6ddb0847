//! Reading `tests`: what the baked image must show.

use regex::RegexBuilder;

use super::forms;
use super::keys::Table;
use super::schema::{FileTest, Network, RunTest, TestCase, TestKind};
use crate::domain::yaml::{Fields, Node, Problems, Reading, quote, quoted_only};

pub(super) fn read(node: &Node, problems: &mut Problems) -> Vec<TestCase> {
    let mut cases: Vec<TestCase> = Vec::new();
    let Some(items) = node.list("tests", problems) else { return cases };
    for item in items {
        let Some(case) = read_case(item, problems) else { continue };
        if let Some(first) = cases.iter().find(|other| other.name == case.name) {
            let span = item.value("name").map_or(item.span, |name| name.span);
            problems
                .error(span, format!("duplicate test name {}", quote(&case.name)))
                .help(format!("the test in line {} has it already", first.line));
        }
        cases.push(case);
    }
    cases
}

fn read_case(node: &Node, problems: &mut Problems) -> Option<TestCase> {
    let fields = Fields::open(node, "a test", Table::Test.keys(), problems)?;
    let name = fields.require("name", problems).and_then(|node| {
        let text = node.text("name", problems)?;
        if !forms::is_word(text) {
            problems
                .error(node.span, format!("{} is no name for a test", quote(text)))
                .help("letters, digits, _ . -; the check is called test.NAME");
            return None;
        }
        Some(text.to_owned())
    });
    let run = fields.entry("run", problems);
    let file = fields.entry("file", problems);
    let expect = fields.entry("expect", problems);
    let (network, user) = (fields.entry("network", problems), fields.entry("user", problems));
    let kind = match (run, file) {
        (Some(run), None) => {
            let mut test = run_test(&run.value, expect.map(|entry| &entry.value), problems);
            if let Some(test) = &mut test {
                test.network =
                    network.and_then(|entry| forms::network(&entry.value, problems)).unwrap_or(Network::None);
                test.user = user.and_then(|entry| forms::user(&entry.value, problems));
            }
            test.map(TestKind::Run)
        }
        (None, Some(file)) => {
            if let Some(expect) = expect {
                problems
                    .error(expect.span, "`expect` belongs to `run` tests")
                    .help("write what is expected of the file within `file`");
            }
            for entry in [network, user].into_iter().flatten() {
                problems.error(entry.span, format!("{} belongs to `run` tests", quote(&entry.key)));
            }
            file_test(&file.value, problems).map(TestKind::File)
        }
        (Some(_), Some(file)) => {
            problems.error(file.span, "a test asks one thing: `run` stands here already").help("make it two tests");
            None
        }
        (None, None) => {
            if node.value("run").is_none() && node.value("file").is_none() {
                problems.error(node.span, "a test that asks nothing").help("give it `run` or `file`");
            }
            None
        }
    };
    Some(TestCase { name: name?, kind: kind?, line: node.span.start.line })
}

fn run_test(node: &Node, expect: Option<&Node>, problems: &mut Problems) -> Option<RunTest> {
    let command = node.text("run", problems).map(str::to_owned);
    let mut test =
        RunTest { command: command?, network: Network::None, user: None, exit: 0, stdout: None, stderr: None };
    if test.command.trim().is_empty() {
        problems.error(node.span, "an empty command");
    }
    let Some(expect) = expect else { return Some(test) };
    let fields = Fields::open(expect, "`expect`", Table::Expect.keys(), problems)?;
    if let Some(exit) = fields.value("exit", problems).and_then(|node| node.number("exit", 0..=255, problems)) {
        test.exit = i32::try_from(exit).unwrap_or(0);
    }
    test.stdout = pattern(&fields, "stdout", problems);
    test.stderr = pattern(&fields, "stderr", problems);
    Some(test)
}

fn file_test(node: &Node, problems: &mut Problems) -> Option<FileTest> {
    let fields = Fields::open(node, "`file`", Table::File.keys(), problems)?;
    fields.require("path", problems)?;
    let path = fields.parse("path", problems);
    let mode = match fields.value("mode", problems) {
        Some(node) => quoted_only(node, "mode", "write mode: \"0644\"", problems).and(fields.parse("mode", problems)),
        None => None,
    };
    let owner = fields.parse("owner", problems);
    let contains = pattern(&fields, "contains", problems);
    let absent = fields.boolean("absent", problems).unwrap_or(false);
    if absent && (mode.is_some() || owner.is_some() || contains.is_some()) {
        problems.error(fields.span, "a file that is absent has no mode, owner or content");
    }
    Some(FileTest { path: path?, mode, owner, contains, absent })
}

/// A regular expression that compiles within bounds.
fn pattern(fields: &Fields<'_>, key: &str, problems: &mut Problems) -> Option<String> {
    let node = fields.value(key, problems)?;
    let text = node.text(key, problems)?;
    match RegexBuilder::new(text).size_limit(1 << 20).build() {
        Ok(_) => Some(text.to_owned()),
        Err(error) => {
            let why = error.to_string();
            let last = why.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
            problems.error(
                node.span,
                format!("{} is no regular expression: {}", quote(key), crate::domain::text::escape(&last)),
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn read(case: &str) -> Result<TestKind, Vec<String>> {
        let text = format!("recipe: 1\nname: a/b\ntag: \"1\"\nbase: scratch\ntests:\n  - {case}\n");
        let (recipe, problems) = parse(text.as_bytes(), &[]).finish();
        let shown = |p: &crate::domain::yaml::Problem| format!("{}:{}: {}", p.line, p.column, p.message);
        match recipe {
            Some(recipe) => Ok(recipe.tests[0].kind.clone()),
            None => Err(problems.iter().map(shown).collect()),
        }
    }

    #[test]
    fn a_command_has_no_network_unless_it_asks() {
        let Ok(TestKind::Run(test)) = read("{name: a, run: id}") else { panic!() };
        assert_eq!((test.network, test.user), (Network::None, None));
        let Ok(TestKind::Run(test)) = read("{name: a, run: id, network: host, user: \"app:app\"}") else { panic!() };
        assert_eq!((test.network, test.user.as_deref()), (Network::Host, Some("app:app")));
        let found = read("{name: a, run: id, network: bridge, user: \"a b\"}").unwrap_err();
        assert_eq!(found[0], "6:33: unknown network `bridge`");
        assert!(found[1].starts_with("6:47: `user`: not an owner"), "{found:?}");
    }

    #[test]
    fn files_are_looked_at_without_network_and_user() {
        let found = read("{name: a, file: {path: /x}, network: none, user: app}").unwrap_err();
        assert_eq!(found, ["6:33: `network` belongs to `run` tests", "6:48: `user` belongs to `run` tests"]);
    }
}
