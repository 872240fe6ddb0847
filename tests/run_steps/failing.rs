//! What a step that fails says: what it ran, how that ended, its last words, and how to look at it there.

use super::bench::{bench, with};
use crate::support::bakery::Bakery;

fn told(bakery: &Bakery, step: &str) -> String {
    with(bakery, "app", &format!("  - write: {{to: /etc/x, content: x}}\n{step}"));
    bakery.fails(1, &["bake", "recipes/app.yaml", "-q"])
}

#[track_caller]
fn has(told: &str, parts: &[&str]) {
    for part in parts {
        assert!(told.contains(part), "{part:?} is not in:\n{told}");
    }
}

#[test]
fn a_status_and_a_signal_come_with_last_words_and_a_shell() {
    let bakery = bench();
    let shell = "help: `bakery shell recipes/app.yaml@2` opens the image as the step found it";
    let failed = told(&bakery, "  - run: echo begun; echo 'no such thing' >&2; exit 7\n");
    has(&failed, &["step 2 (run) failed", "the script ended with status 7", "no such thing", shell]);
    let killed = told(&bakery, "  - run: echo begun; sh -c 'kill -SEGV $$'\n");
    has(&killed, &["the script ended with status 139", "begun", shell]);
    let opened = bakery.ok(&["shell", "-q", "recipes/app.yaml@2", "--", "cat", "/etc/x"]);
    assert_eq!(opened, "x");
    let errexit = told(&bakery, "  - run: |\n      false\n      echo never\n");
    has(&errexit, &["the script ended with status 1"]);
    let unset = told(&bakery, "  - run: echo $UNSET\n");
    has(&unset, &["UNSET"]);
}

#[test]
fn a_step_that_takes_too_long_is_ended_and_how_to_give_it_longer_is_said() {
    let bakery = bench();
    bakery.write("home/config/config.yaml", "step-timeout: 2s\n");
    let begun = std::time::Instant::now();
    let failed = told(&bakery, "  - run: echo waiting; sleep 600\n");
    assert!(begun.elapsed().as_secs() < 60);
    has(&failed, &["did not end within 2 s", "waiting", "step-timeout"]);
}

#[test]
fn a_base_without_a_program_that_installs_says_so() {
    let bakery = bench();
    let failed = told(&bakery, "  - packages: [curl]\n");
    has(&failed, &["no program that installs packages (apt-get, apk, dnf", "choose a base that has one"]);
}

#[test]
fn y07_names_that_are_no_names_never_reach_a_command_line() {
    let bakery = bench();
    // An installer that would tell of everything it is given.
    let fake =
        "  - write: {to: /usr/bin/apt-get, mode: '0755', content: \"#!/bin/sh\\necho \\\"$@\\\" >> /etc/asked\\n\"}\n";
    let names = [
        "-oDebug=1",
        "--allow-downgrades",
        "-y",
        "a b",
        "a;b",
        "$(id)",
        "`id`",
        "a|b",
        "a&b",
        "a>b",
        "a<b",
        "a\\nb",
        "../x.deb",
        "./x.deb",
        "/tmp/x.deb",
        "x/../../y",
        "a'b",
        "a\\\"b",
        "curl-",
        "curl+",
        "*",
        "a*",
        "?",
        "[ab]",
        "~c",
        "",
        " ",
        "\\0",
        "A",
        "é",
        "a=1;b",
        "a= 1",
        "a=$(x)",
        "file:x",
        "http://x/y.deb",
        "a\\tb",
        "@x",
    ];
    for name in names {
        with(&bakery, "app", &format!("{fake}  - packages: [\"{name}\"]\n"));
        let output = bakery.run(&["bake", "recipes/app.yaml", "-q"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{name:?} was taken");
        assert!(matches!(output.status.code(), Some(1 | 2)), "{name:?}: {told}");
        assert!(!told.contains("ended with status"), "{name:?} was run: {told}");
        assert!(told.lines().count() <= 12 && !told.contains('\u{1b}'), "{name:?}: {told}");
    }
}
