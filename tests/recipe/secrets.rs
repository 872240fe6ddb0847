//! Secrets as a baker meets them: named in settings or on the command line, missed with their place, never written down.

use super::{HEAD, Workspace};

const STEP: &str = "steps:\n  - run: {script: \"true\", secrets: [npm, pip_tokn]}\n";

#[test]
fn k04_check_names_what_is_not_configured() {
    let workspace = Workspace::new();
    workspace.settings("secrets:\n  pip_token: {env: PIP_TOKEN}\n  npm: {file: ~/.npmrc}\n");
    let text = format!("{HEAD}{STEP}");
    let expected = ["6:42: error: no secret named `pip_tokn`; did you mean `pip_token`?"];
    assert_eq!(workspace.problems(&text), expected);
    let (code, _, stderr) = workspace.run(&["check", "--secret", "pip_tokn=env:PIP_TOKEN"]);
    assert_eq!((code, stderr.as_str()), (0, "recipes/r.yaml: no problems\n"));
}

#[test]
fn the_users_own_settings_name_secrets_too() {
    let workspace = Workspace::new();
    let config = workspace.path().join("home/config");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.yaml"), "secrets: {npm: {command: [pass, show, npm]}, pip_tokn: {file: t}}\n")
        .unwrap();
    workspace.write("r.yaml", format!("{HEAD}{STEP}"));
    let home = workspace.path().join("home");
    let output = crate::support::binary::bakery(workspace.path()).env("BAKERY_HOME", home).arg("check").output();
    assert_eq!(String::from_utf8(output.unwrap().stderr).unwrap(), "recipes/r.yaml: no problems\n");
}

#[test]
fn k04_malformed_flags_end_with_2_and_do_not_repeat_a_value() {
    let workspace = Workspace::new();
    workspace.write("r.yaml", format!("{HEAD}{STEP}"));
    for (flags, expected) in [
        (&["--secret", "npm=hunter2"][..], "K-04: --secret npm: neither env:VARIABLE nor file:PATH"),
        (&["--secret", "=env:hunter2"], "K-04: --secret has no name"),
        (&["--secret", "npm"], "K-04: --secret npm: it says not where the secret is"),
        (&["--secret", "npm=env:A", "--secret", "npm=env:B"], "K-04: --secret npm stands twice"),
    ] {
        for command in ["bake", "plan", "check"] {
            let (code, _, stderr) = workspace.run(&[&[command, "recipes/r.yaml"], flags].concat());
            assert_eq!(code, 2, "{command} {flags:?}: {stderr}");
            assert!(stderr.contains(expected) && !stderr.contains("hunter2"), "{stderr}");
        }
    }
}

#[test]
fn k04_a_bake_ends_before_its_first_step_where_a_secret_cannot_be_had() {
    let workspace = Workspace::new();
    workspace.write("r.yaml", format!("{HEAD}{STEP}"));
    let flags = ["--secret", "npm=env:BAKERY_NO_SUCH_VARIABLE", "--secret", "pip_tokn=env:PATH"];
    let (code, _, stderr) = workspace.run(&[&["bake", "recipes/r.yaml"][..], &flags].concat());
    assert_ne!(code, 0);
    let expected = "K-04: secret npm: the environment has no BAKERY_NO_SUCH_VARIABLE";
    assert!(stderr.contains(expected), "{stderr}");
}

#[test]
fn k01_a_bake_writes_down_where_secrets_are_never_what_they_are() {
    let workspace = Workspace::new();
    workspace.write("r.yaml", format!("{HEAD}{STEP}"));
    let file = workspace.path().join("npmrc");
    std::fs::write(&file, "canary-of-a-file").unwrap();
    let flags = ["--secret", "npm=file:npmrc", "--secret", "pip_tokn=env:BAKERY_TEST_TOKEN"];
    let home = workspace.path().join("home");
    let output = crate::support::binary::bakery(workspace.path())
        .env("BAKERY_HOME", &home)
        .env("BAKERY_TEST_TOKEN", "canary-of-a-variable")
        .args(["bake", "recipes/r.yaml"])
        .args(flags)
        .output()
        .unwrap();
    let mut told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let bakes: Vec<_> = std::fs::read_dir(home.join("state/bakes")).unwrap().map(|bake| bake.unwrap().path()).collect();
    let [bake] = bakes.as_slice() else { panic!("{bakes:?}, {told}") };
    let request = std::fs::read_to_string(bake.join("request.json")).unwrap();
    assert!(request.contains("BAKERY_TEST_TOKEN") && request.contains(file.to_str().unwrap()), "{request}");
    for entry in std::fs::read_dir(bake).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            told += &String::from_utf8_lossy(&std::fs::read(path).unwrap());
        }
    }
    assert!(!told.contains("canary-of"), "{told}");
}
