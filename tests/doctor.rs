//! `bakery doctor` on this very host: as root, and as an ordinary user who was given nothing.

use std::process::Command;

use crate::support::bakery::Bakery;
use crate::support::peers;

fn finding<'a>(findings: &'a serde_json::Value, id: &str) -> &'a serde_json::Value {
    let all = findings.as_array().unwrap();
    all.iter().find(|finding| finding["id"] == id).unwrap_or_else(|| panic!("no {id} in {findings:#}"))
}

/// Every finding that is not well says what mends it, and the last about steps agrees with those before it.
fn is_consistent(findings: &serde_json::Value) {
    for finding in findings.as_array().unwrap() {
        let told = finding["standing"] == "ok" || finding["mend"].is_string() || finding["id"] == "ids";
        assert!(told, "{finding:#}");
    }
    let works = finding(findings, "sandbox")["standing"] == "ok";
    assert!(!works || finding(findings, "overlay")["standing"] == "ok", "{findings:#}");
}

#[test]
fn this_host_is_told_as_it_is_and_nothing_stays() {
    let bakery = Bakery::new();
    let findings = bakery.json(&["doctor"]);
    is_consistent(&findings);
    if rustix::process::geteuid().is_root() {
        assert_eq!(finding(&findings, "subids")["found"], "running as root: not needed");
        assert!(finding(&findings, "ids")["found"].as_str().unwrap().starts_with("root: "), "{findings:#}");
    }
    if finding(&findings, "sandbox")["standing"] == "ok" {
        let overlay = finding(&findings, "overlay")["found"].as_str().unwrap();
        assert!(overlay.contains("/home/cache ("), "told of the folder where snapshots lie: {overlay}");
        let kinds = std::fs::read_dir(bakery.path("home/cache/snapshots")).unwrap();
        for kind in kinds.flatten() {
            assert_eq!(std::fs::read_dir(kind.path().join("sessions")).unwrap().count(), 0);
        }
    }
    let text = bakery.ok(&["doctor"]);
    for id in ["kernel", "userns", "overlay", "subids", "ids", "sandbox"] {
        assert!(text.lines().any(|line| line.split_whitespace().nth(1) == Some(id)), "{id} is not in {text}");
    }
}

#[test]
fn what_is_lacking_has_a_mend_that_mends_it_and_can_end_a_script() {
    let bakery = Bakery::new();
    let layout = bakery::adapters::store::layout::Layout::open_or_create(&bakery.path("global"));
    layout.unwrap();
    // A local store that nothing was baked into yet lacks nothing.
    let findings = bakery.json(&["doctor"]);
    assert_eq!(finding(&findings, "store.local")["standing"], "ok", "{findings:#}");
    let text = "bakery: 1\nstores:\n  global: {layout: ./global}\nengines:\n  - {name: a, engine: docker}\n  - {name: a, engine: podman}\n";
    bakery.write("bakery.yaml", text);
    let findings = bakery.json(&["doctor"]);
    let workspace = finding(&findings, "workspace");
    assert_eq!(workspace["standing"], "lacking");
    assert!(workspace["mend"].as_str().unwrap().contains("mend that line"), "{workspace:#}");
    bakery.fails(1, &["doctor", "--exit-code"]);
    bakery.ok(&["doctor"]);
}

#[test]
fn a_user_without_subordinate_ids_is_told_what_is_lost_and_how_to_get_them() {
    if !rustix::process::geteuid().is_root() || !peers::need(&["setpriv"]) {
        return;
    }
    // nobody has a name, and no machine gives it ids.
    let bakery = Bakery::new();
    let program = bakery.write("bakery", std::fs::read(env!("CARGO_BIN_EXE_bakery")).unwrap());
    let home = bakery.path("home");
    std::fs::create_dir(&home).unwrap();
    std::os::unix::fs::chown(&home, Some(65_534), Some(65_534)).unwrap();
    for path in [program.parent().unwrap(), &program] {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(&program).args(["doctor", "--json"]);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("BAKERY_HOME", &home).current_dir("/");
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let findings: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"));
    is_consistent(&findings);
    let subids = finding(&findings, "subids");
    assert_eq!(subids["standing"], "weak", "{findings:#}");
    let mend = subids["mend"].as_str().unwrap();
    assert!(mend.contains("as root: usermod --add-subuids ") && mend.ends_with(" nobody"), "{mend}");
    let ids = finding(&findings, "ids")["found"].as_str().unwrap();
    match finding(&findings, "userns")["standing"].as_str() {
        Some("ok") => assert!(ids.starts_with("single: ") && ids.contains("owned by root"), "{ids}"),
        _ => assert!(ids.starts_with("none: "), "{ids}"),
    }
    assert!(finding(&findings, "overlay")["found"].as_str().is_some(), "{findings:#}");
}
