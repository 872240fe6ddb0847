//! `bakery check`: what it says, where, and how it ends.

use super::{HEAD, Workspace};

#[test]
fn the_contracts_example_has_no_problem() {
    let workspace = Workspace::new();
    workspace.settings("secrets: {pip_token: {env: PIP_TOKEN}}\n");
    workspace.write("app/main.py", "print()");
    workspace.write("vendor.tar.gz", "x");
    let text = r#"recipe: 1
name: team-a/payments-api        # repository in the local store
tag: "1.4.0"
base: global/python:3.12
platforms: [linux/amd64]         # default: the host's
steps:
  - packages: [curl, ca-certificates]
  - copy: {from: app, to: /srv/app, owner: "1000:1000", mode: "0644", exclude: ["**/*.pyc"]}
  - write: {to: /etc/app.conf, mode: "0600", content: "…"}
  - run: |
      useradd -r app
  - run: {shell: [/bin/bash, -eu], script: "true", network: none, env: {A: b}, secrets: [pip_token], cache: [/root/.cache], user: app}
  - remove: [/usr/share/doc]
  - unpack: {from: vendor.tar.gz, to: /opt}
config: {env: {APP_ENV: production}, user: app, workdir: /srv/app, entrypoint: [python3, -m, payments], cmd: [],
         expose: [8080/tcp], labels: {}, volumes: [], stop-signal: SIGTERM, healthcheck: {test: "true", interval: 30s}}
tests:
  - {name: imports, run: "python3 -c 'import json'", expect: {exit: 0, stdout: "…regex…"}}
  - {name: has-app, file: {path: /srv/app/main.py, mode: "0644", owner: "1000:1000"}}
"#;
    assert_eq!(workspace.problems(text), Vec::<String>::new());
    let (code, stdout, stderr) = workspace.run(&["check"]);
    assert_eq!((code, stdout.as_str()), (0, ""));
    assert_eq!(stderr, "recipes/r.yaml: no problems\n");
}

#[test]
fn golden_diagnostics() {
    let workspace = Workspace::new();
    let text = r#"recipe: 1
name: team-a/Payments
tag: 1.10
base: globl/python:3.12
platforms: [linux/x86_64, linux/amd64, linux/amd64]
steps:
  - packages: [curl, -o, curl]
  - copy: {from: app, to: /srv, ownr: "1:1", mode: 0644, exclude: ["[a"]}
  - copy: {from: ../x, to: srv}
    run: x
  - {}
  - rn: foo
  - write: {to: /etc/, content: no}
  - copy: {from: x}
  - run:
config: {user: "a b", expose: [99999/tcp, 80, 80], stop-signal: SIGTRM, cmd: foo, env: {A=B: x},
   healthcheck: {test: [x], interval: 30}}
tests:
  - {name: a, run: "true", expect: {stdout: "("}}
  - {name: b, file: {path: /x, mode: "999"}}
  - {name: c}
  - {name: c, run: "true"}
  - {name: c, run: "true", expect: {exit: "0"}}
"#;
    let expected = [
        r#"2:7: error: `name`: not a repository name: "team-a/Payments" (lowercase letters, digits, and . _ - between them, / between parts)"#,
        "3:6: error: `tag` must be text, but YAML readers take `1.10` for a number",
        r#"4:7: error: `base`: no store named "globl", and it is no registry host either (a host has a dot, a port, or is localhost); did you mean `global`?"#,
        "5:13: error: no architecture is called `x86_64` here",
        "5:40: error: duplicate platform `linux/amd64`",
        "7:22: error: Y-07: `-o` is no package name",
        "7:26: warning: package `curl` stands twice",
        "8:18: error: no file or folder `app` beside the recipe",
        "8:33: error: unknown key `ownr` in `copy`; did you mean `owner`?",
        "8:52: error: `mode` must be in quotes, found `0644`",
        "8:68: error: `exclude`: `[a` is no glob: unclosed character class; missing ']'",
        "10:5: error: a step does one thing: `copy` stands here already",
        "11:5: error: a step that does nothing",
        "12:5: error: unknown step `rn`; did you mean `run`?",
        "13:17: error: `/etc/` names a folder",
        "13:33: error: `content` must be text, but YAML readers take `no` for true or false",
        "14:11: error: `copy` has no `to`",
        "15:5: error: `run` has no value",
        r#"16:16: error: `user`: not an owner: "a b" (expected user, user:group or numbers such as "1000:1000", at most 4294967294)"#,
        "16:32: error: `99999/tcp` is no port",
        "16:47: warning: port `80` stands twice",
        "16:65: error: unknown signal `SIGTRM`; did you mean `SIGTERM`?",
        "16:78: error: `cmd` must be a list of words, found text",
        "16:89: error: Y-08: `A=B` is no name of a variable",
        "17:24: error: `test` must begin with CMD, CMD-SHELL or NONE",
        "17:39: error: `interval`: `30` is no duration",
        "19:45: error: `stdout` is no regular expression: unclosed group",
        r#"20:38: error: `mode`: not a mode: "999" (expected three or four octal digits in quotes, such as "0644")"#,
        "21:5: error: a test that asks nothing",
        "23:12: error: duplicate test name `c`",
        "23:43: error: `exit` must be a whole number from 0 to 255",
    ];
    assert_eq!(workspace.problems(text), expected);
}

#[test]
fn people_see_the_line_and_a_mark() {
    let workspace = Workspace::new();
    workspace.write("r.yaml", format!("{HEAD}steps:\r\n  - copy: {{from: \"ä\", too: /x}} # why\r\n"));
    workspace.write("ok.yaml", format!("{HEAD}config: {{user: app}}\n"));
    let (code, stdout, stderr) = workspace.run(&["check", "recipes/r.yaml", "recipes/ok.yaml"]);
    let expected = r#"recipes/r.yaml:6:11: error: `copy` has no `to`
  6 |   - copy: {from: "ä", too: /x} # why
    |           ^
recipes/r.yaml:6:23: error: unknown key `too` in `copy`; did you mean `to`?
  6 |   - copy: {from: "ä", too: /x} # why
    |                       ^^^
  help: known are from, to, owner, mode, exclude
"#;
    assert_eq!(stdout, expected);
    assert_eq!(stderr, "2 recipes: 2 errors, 0 warnings\n");
    assert_eq!(code, 2);
}

#[test]
fn json_has_the_contracts_keys() {
    let workspace = Workspace::new();
    workspace.write("r.yaml", format!("{HEAD}step: []\n"));
    let (code, stdout, stderr) = workspace.run(&["check", "--json"]);
    assert_eq!((code, stderr.as_str()), (2, ""));
    let rows: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let row = &rows[0];
    assert_eq!(row["file"], "recipes/r.yaml");
    assert_eq!((&row["line"], &row["column"]), (&5.into(), &1.into()));
    assert_eq!(row["severity"], "error");
    assert_eq!(row["message"], "unknown key `step` in a recipe; did you mean `steps`?");
    assert!(row["help"].as_str().unwrap().starts_with("known are recipe, name"));
}

#[test]
fn near_names_of_files_and_recipes() {
    let workspace = Workspace::new();
    workspace.write("app/main.py", "");
    let found = workspace.problems(format!("{HEAD}steps:\n  - copy: {{from: app/mian.py, to: /x}}\n"));
    assert_eq!(found, ["6:18: error: no file or folder `app/mian.py` beside the recipe; did you mean `app/main.py`?"]);
    let (code, _, stderr) = workspace.run(&["check", "recipes/t.yaml"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("did you mean recipes/r.yaml?"), "{stderr}");
    let (code, _, _) = workspace.run(&["check", "r"]);
    assert_eq!(code, 2, "found below the recipes folder, with an error in it");
}

#[test]
fn bases_in_a_circle() {
    let workspace = Workspace::new();
    let recipe = |name: &str, base: &str| format!("recipe: 1\nname: {name}\ntag: \"1\"\nbase: {base}\n");
    workspace.write("a.yaml", recipe("a", "local/b:1"));
    workspace.write("b.yaml", recipe("b", "local/c:1"));
    workspace.write("c.yaml", recipe("c", "local/a:1"));
    workspace.write("d.yaml", recipe("d", "local/d:1"));
    workspace.write("e.yaml", recipe("e", "local/a:1"));
    let (code, stdout, _) = workspace.run(&["check"]);
    assert_eq!(code, 2);
    for line in [
        "recipes/a.yaml:4:7: error: bases go in a circle: a:1 -> b:1 -> c:1 -> a:1",
        "recipes/d.yaml:4:7: error: the base of d:1 is itself",
    ] {
        assert!(stdout.contains(line), "{stdout}");
    }
    assert!(!stdout.contains("recipes/e.yaml:4:7"), "not on the circle: {stdout}");
}

#[test]
fn no_workspace_and_no_recipes() {
    let folder = tempfile::tempdir().unwrap();
    let output = crate::support::binary::bakery(folder.path()).args(["check"]).output().unwrap();
    let stderr = crate::support::binary::failure_of(&output, 2);
    assert!(
        stderr.starts_with("error: no bakery.yaml in ") && stderr.contains("help: `bakery init` makes one"),
        "{stderr}"
    );
    let workspace = Workspace::new();
    assert_eq!(workspace.run(&["check"]), (0, String::new(), "0 recipes: no problems\n".into()));
}

#[test]
fn only_files_that_begin_as_recipes_are_found() {
    let workspace = Workspace::new();
    workspace.write("a.yaml", format!("# a comment\n---\n{HEAD}config: {{user: a}}\n"));
    workspace.write("deep/er/b.yaml", format!("\u{feff}{}config: {{user: a}}\n", HEAD.replace('\n', "\r\n")));
    workspace.write("values.yaml", "name: x\nrecipe: 1\n");
    workspace.write("c.yml", HEAD);
    workspace.write(".hidden/d.yaml", HEAD);
    std::os::unix::fs::symlink("/dev/zero", workspace.path().join("recipes/zero.yaml")).unwrap();
    let (code, _, stderr) = workspace.run(&["check"]);
    assert_eq!((code, stderr.as_str()), (0, "2 recipes: no problems\n"));
}
