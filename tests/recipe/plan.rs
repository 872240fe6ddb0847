//! `bakery plan`: what would run, and why.

use super::{HEAD, Workspace};

#[test]
fn steps_inputs_and_config() {
    let workspace = Workspace::new();
    workspace.write("app/main.py", "print()");
    let text = "steps:\n  - copy: {from: app, to: /srv/app}\n  - run: |\n\n      echo hi\nconfig: {user: app}\n";
    workspace
        .write("r.yaml", format!("{}{text}", HEAD.replace("base: scratch", "base: scratch\nplatforms: [linux/amd64]")));
    let (code, stdout, stderr) = workspace.run(&["plan", "recipes/r.yaml"]);
    assert_eq!(code, 0, "{stderr}");
    let expected = "team-a/x:1.0  from recipes/r.yaml
  base    scratch  linux/amd64
  ○ 1  copy  app -> /srv/app  will run  never baked here
  ○ 2  run   echo hi          will run  never baked here
  config  user app
2 of 2 steps will run
";
    assert_eq!(stdout, expected);
    assert!(!workspace.path().join("recipes/r.lock").exists(), "a plan writes no lock");
}

#[test]
fn keys_depend_on_content_and_not_on_times_or_umask() {
    let workspace = Workspace::new();
    let file = workspace.write("app/main.py", "print()");
    workspace.write("r.yaml", format!("{HEAD}steps:\n  - copy: {{from: app, to: /srv}}\n"));
    let key = || {
        let (code, stdout, stderr) = workspace.run(&["plan", "r", "--json"]);
        assert_eq!(code, 0, "{stderr}");
        let plan: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        plan["platforms"][0]["steps"][0]["cache_key"].as_str().unwrap().to_owned()
    };
    use std::os::unix::fs::PermissionsExt;
    let mode = |bits| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(bits)).unwrap();
    mode(0o644);
    let first = key();
    std::fs::File::options().append(true).open(&file).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(key(), first, "times do not count");
    mode(0o664);
    assert_eq!(key(), first, "the umask does not count");
    mode(0o755);
    assert_ne!(key(), first, "the x bit counts");
    mode(0o644);
    std::fs::write(&file, "print(1)").unwrap();
    assert_ne!(key(), first);
}

#[test]
fn a_recipe_with_errors_is_not_planned() {
    let workspace = Workspace::new();
    workspace.write("r.yaml", format!("{HEAD}stepz: []\n"));
    let (code, stdout, stderr) = workspace.run(&["plan", "r"]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    let expected = "error: recipes/r.yaml:5:1: unknown key `stepz` in a recipe; did you mean `steps`?\nhelp: `bakery check recipes/r.yaml` shows them in place\n";
    assert_eq!(stderr, expected);
}

#[test]
fn bad_epoch_is_said() {
    let workspace = Workspace::new();
    workspace.write("r.yaml", format!("{HEAD}config: {{user: a}}\n"));
    let run = |epoch: &str| {
        let output = crate::support::binary::bakery(workspace.path())
            .args(["plan", "r", "--json"])
            .env("SOURCE_DATE_EPOCH", epoch)
            .output()
            .unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(run("soon").0, 2);
    assert_eq!(run("-1").0, 2);
    let (code, stdout) = run("1700000000");
    assert_eq!(code, 0);
    assert!(stdout.contains("\"created\":1700000000"), "{stdout}");
}
