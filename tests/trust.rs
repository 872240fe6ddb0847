//! Where trust bites: bakes on bases that do and do not stand up, what becomes of an image that is rejected, what is signed and
//! stated of one that is not. The real binary, real keys.

use std::path::Path;

use serde_json::Value;

use crate::support::bakery::{Bakery, succeeded};
use crate::support::binary::stdout_of;

const WORKSPACE: &str = "bakery: 1\nstores:\n  global: {layout: ./global, keys: [keys/global.pub]}\n  \
    local: {layout: ./local, key: keys/baker.key, keys: [keys/baker.pub]}\nrecipes: recipes\n";
const TEAM: &str =
    "bakery: 1\nstores:\n  local: {layout: ../global, KEY keys: [../keys/global.pub]}\nrecipes: recipes\n";
const CONTRACT: &str = r#"{"protected": ["/etc/ssl/**"], "user": "nonroot"}"#;

/// A global team that makes an `os` and a `python` on it, and a workspace that inherits from them, with the built-in policy.
pub struct Shop {
    pub bakery: Bakery,
}

impl Shop {
    /// `key` names the pair the global team signs with; empty for none.
    pub fn new(key: &str) -> Self {
        let shop = Self { bakery: Bakery::with_workspace(WORKSPACE).strict() };
        for name in ["global", "baker", "stranger"] {
            shop.bakery.ok(&["keys", "new", "--out", &format!("keys/{name}")]);
        }
        let signs = if key.is_empty() { String::new() } else { format!("key: ../keys/{key}.key,") };
        shop.bakery.write("team/bakery.yaml", TEAM.replace("KEY", &signs));
        // The team's own gate would ask for a signature it does not make.
        shop.bakery.write("team/policy.yaml", "base: {signed-by: []}\n");
        shop.bakery.write(
            "team/recipes/os.yaml",
            format!(
                "recipe: 1\nname: os\ntag: \"1\"\nbase: scratch\nplatforms: [linux/amd64]\nsteps:\n  \
                 - write: {{to: /etc/passwd, content: \"root:x:0:0::/:\\napp:x:1000:1000::/:\\n\"}}\n  \
                 - write: {{to: /etc/ssl/openssl.cnf, content: \"strict = yes\\n\"}}\n\
                 config: {{user: app, labels: {{dev.bakery.contract: '{CONTRACT}'}}}}\n"
            ),
        );
        shop.bakery.write(
            "team/recipes/python.yaml",
            "recipe: 1\nname: python\ntag: \"3\"\nbase: local/os:1\nplatforms: [linux/amd64]\nsteps:\n  \
             - write: {to: /usr/bin/python3, mode: \"0755\", content: \"#!\\n\"}\n",
        );
        for recipe in ["recipes/os.yaml", "recipes/python.yaml"] {
            shop.team(&["bake", recipe, "-q"]);
        }
        shop
    }

    fn team(&self, arguments: &[&str]) -> String {
        let output = self.bakery.command(arguments).current_dir(self.bakery.path("team")).output().unwrap();
        succeeded(&output, &arguments.join(" "))
    }

    /// A recipe on python with these steps and more.
    pub fn recipe(&self, steps: &str) -> &'static str {
        let text = "recipe: 1\nname: team-a/app\ntag: \"1\"\nbase: global/python:3\nplatforms: [linux/amd64]\nsteps:\n";
        self.bakery.write("recipes/app.yaml", format!("{text}{steps}"));
        "recipes/app.yaml"
    }

    /// Bakes, which must end with `code`; gives the events and stderr.
    fn bake(&self, code: i32, arguments: &[&str]) -> (Vec<Value>, String) {
        let output = self.bakery.run(&[&["bake"], arguments, &["--json"]].concat());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        (stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), stderr)
    }

    fn verify(&self, code: i32, arguments: &[&str]) -> Value {
        let output = self.bakery.run(&[&["verify"], arguments, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Names in the local store's index.
    fn names(&self) -> Vec<String> {
        let Ok(bytes) = std::fs::read(self.bakery.local().join("index.json")) else { return Vec::new() };
        let index: Value = serde_json::from_slice(&bytes).unwrap();
        let name = |entry: &Value| Some(entry["annotations"]["org.opencontainers.image.ref.name"].as_str()?.to_owned());
        index["manifests"].as_array().unwrap().iter().filter_map(name).collect()
    }
}

const GOOD: &str = "  - write: {to: /srv/app, mode: \"0755\", content: \"#!/bin/sh\\n\"}\n";

/// `(verdict, reason)` a check ended with.
fn ended(events: &[Value], check: &str) -> (String, String) {
    let mut finished = events.iter().rev().filter(|event| event["kind"] == "check.finished");
    let event = finished.find(|event| event["id"] == check).unwrap_or_else(|| panic!("no {check} in {events:#?}"));
    let text = |key: &str| event[key].as_str().unwrap().to_owned();
    (text("verdict"), text("reason"))
}

fn place(events: &[Value], kind: &str) -> Option<usize> {
    events.iter().position(|event| event["kind"] == kind)
}

fn is((found, why): (String, String), verdict: &str, reason: &str) {
    assert_eq!([found.as_str(), why.as_str()], [verdict, reason]);
}

#[test]
fn a_bake_is_verified_judged_signed_and_then_named() {
    let shop = Shop::new("global");
    let recipe = shop.recipe(GOOD);
    let (events, _) = shop.bake(0, &[recipe]);
    is(ended(&events, "base.signature"), "pass", "signature.good");
    is(ended(&events, "lineage.layers"), "pass", "lineage.prefix");
    is(ended(&events, "lineage.contract"), "pass", "contract.kept");
    is(ended(&events, "layer.setuid"), "pass", "layer.clean");
    let base = place(&events, "check.finished").unwrap();
    assert!(base < place(&events, "step.started").unwrap(), "the base is verified first");
    let signed = place(&events, "image.signed").unwrap();
    assert!(signed < place(&events, "image.committed").unwrap(), "what proves it is there before its name");

    let verified = shop.verify(0, &["local/team-a/app:1"]);
    assert_eq!(verified["verdict"], "pass", "{verified:#}");
    let chain = verified["chain"].as_array().unwrap();
    let names: Vec<&str> = chain.iter().map(|level| level["reference"].as_str().unwrap()).collect();
    assert_eq!(names, ["local/team-a/app:1", "global/python:3", "global/os:1"]);
    // Once more: nothing changes, and nobody signs again.
    let (again, _) = shop.bake(0, &[recipe]);
    assert_eq!(place(&again, "image.signed"), None);
    assert_eq!(again[place(&again, "image.committed").unwrap()]["digest"], verified["digest"]);
}

#[test]
fn bases_that_do_not_stand_up_are_refused_before_anything_runs() {
    for (key, reason) in [("", "signature.unsigned"), ("stranger", "signature.wrong-key")] {
        let shop = Shop::new(key);
        let recipe = shop.recipe(GOOD);
        let (events, stderr) = shop.bake(3, &[recipe]);
        is(ended(&events, "base.signature"), "fail", reason);
        assert_eq!(place(&events, "step.started"), None, "{key}: nothing runs");
        assert_eq!(events.last().unwrap()["status"], "rejected");
        assert!(stderr.contains("base.signature") && stderr.contains("bakery verify"), "{stderr}");
        assert_eq!(shop.names(), [""; 0], "{key}: nothing is named");
        let verified = shop.verify(3, &["global/python:3"]);
        assert_eq!(verified["chain"][0]["checks"][0]["reason"], reason);
    }
}

#[test]
fn what_is_rejected_is_kept_and_never_named_signed_or_handed_on() {
    let shop = Shop::new("global");
    let recipe = shop.recipe(GOOD);
    shop.bake(0, &[recipe]);
    let before = std::fs::read(shop.bakery.local().join("index.json")).unwrap();
    for (steps, check, reason) in [
        ("  - write: {to: /srv/su, mode: \"4755\", content: x}\n", "layer.setuid", "layer.setuid"),
        ("  - remove: [/etc/ssl/openssl.cnf]\n", "lineage.contract", "contract.deleted"),
        ("  - write: {to: /etc/ssl/openssl.cnf, content: lax}\n", "lineage.contract", "contract.modified"),
        ("  - write: {to: /srv/app, content: x}\nconfig: {user: root}\n", "lineage.contract", "contract.user"),
        (
            "  - write: {to: /root/.netrc, content: \"machine x login y password hunter2hunter2\"}\n",
            "layer.secrets",
            "layer.secret",
        ),
    ] {
        let recipe = shop.recipe(steps);
        let (events, stderr) = shop.bake(3, &[recipe, "--publish"]);
        is(ended(&events, check), "fail", reason);
        assert_eq!(events.last().unwrap()["status"], "rejected", "{steps}");
        for kind in ["image.signed", "image.committed", "image.published"] {
            assert_eq!(place(&events, kind), None, "{steps}: {kind}");
        }
        assert!(stderr.contains(check), "{stderr}");
        let now = std::fs::read(shop.bakery.local().join("index.json")).unwrap();
        assert!(now == before, "{steps}: the tag and what is about it are as they were");
        // It can be looked at.
        let bake = events[0]["bake"].as_str().unwrap().to_owned();
        assert!(shop.bakery.ok(&["log", &bake, "-q"]).contains(check) || !bake.is_empty());
    }
    assert!(shop.names().contains(&"team-a/app:1".to_owned()));
}

#[test]
fn s03_a_policy_that_cannot_be_read_rejects_every_bake() {
    let shop = Shop::new("global");
    let recipe = shop.recipe(GOOD);
    for (policy, place) in [
        ("", "policy.yaml"),
        ("base: {signed-bye: [global]}\n", "policy.yaml:1:8"),
        ("image: {setuid: never}\n", "policy.yaml:1:17"),
        ("image: {setuid: warn}\nimage: {setuid: allow}\n", "policy.yaml:2:1"),
    ] {
        shop.bakery.write("policy.yaml", policy);
        let output = shop.bakery.run(&["bake", recipe]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{policy}: {stderr}");
        assert!(stderr.contains(place), "{policy}: {stderr}");
        assert_eq!(shop.names(), [""; 0]);
    }
    std::fs::remove_file(shop.bakery.path("policy.yaml")).unwrap();
    shop.bakery.write("bakery.yaml", format!("{WORKSPACE}policy: rules/policy.yaml\n"));
    let stderr = shop.bakery.fails(3, &["bake", recipe]);
    assert!(stderr.contains("rules/policy.yaml"), "{stderr}");
}

#[test]
fn an_exception_lets_one_path_pass_until_its_day() {
    let shop = Shop::new("global");
    let recipe = shop.recipe(
        "  - write: {to: /srv/su, mode: \"4755\", content: x}\n  - write: {to: /srv/other, mode: \"4755\", content: x}\n",
    );
    let policy = |path: &str, until: &str| {
        format!("exceptions:\n  - {{check: layer.setuid, path: {path}, reason: \"needed\", until: {until}}}\n")
    };
    shop.bakery.write("policy.yaml", policy("/srv/su", "2999-01-31"));
    let (events, _) = shop.bake(3, &[recipe]);
    let told = events.iter().rev().find(|event| event["id"] == "layer.setuid").unwrap()["evidence"].to_string();
    assert!(told.contains("/srv/other"), "{told}");
    shop.bakery.write("policy.yaml", policy("/srv/*", "2999-01-31"));
    let (events, _) = shop.bake(0, &[recipe]);
    is(ended(&events, "layer.setuid"), "pass", "policy.exception");
    shop.bakery.write("policy.yaml", policy("/srv/*", "2020-01-31"));
    let (events, _) = shop.bake(3, &[recipe]);
    is(ended(&events, "layer.setuid"), "fail", "policy.exception-expired");
}

#[test]
fn k01_provenance_names_secrets_and_holds_none() {
    let shop = Shop::new("global");
    shop.recipe(GOOD);
    shop.bake(0, &["recipes/app.yaml"]);
    let evidence = shop.bakery.json(&["evidence", "local/team-a/app:1"]);
    let attestations = evidence["attestations"].as_array().unwrap();
    let predicate = |kind: &str| {
        let found = attestations.iter().find(|seen| seen["predicate_type"] == kind);
        found.unwrap_or_else(|| panic!("no {kind} in {attestations:#?}"))["predicate"].clone()
    };
    let provenance = predicate("https://slsa.dev/provenance/v1");
    let definition = &provenance["buildDefinition"];
    assert_eq!(definition["externalParameters"]["base"], "global/python:3");
    let pinned = std::fs::read_to_string(shop.bakery.path("recipes/app.lock")).unwrap();
    let used = definition["resolvedDependencies"].as_array().unwrap();
    let base = used.iter().find(|used| used["name"] == "global/python:3").unwrap();
    assert!(pinned.contains(base["digest"]["sha256"].as_str().unwrap()));
    assert_eq!(definition["externalParameters"]["secrets"], serde_json::json!([]));
    let summary = predicate("https://slsa.dev/verification_summary/v1");
    assert_eq!(summary["verificationResult"], "PASSED");
    let checks: Vec<&str> =
        summary["dev.bakery.checks"].as_array().unwrap().iter().map(|check| check["id"].as_str().unwrap()).collect();
    assert!(checks.contains(&"base.signature") && checks.contains(&"layer.setuid"), "{checks:?}");
    assert_eq!(predicate("https://spdx.dev/Document")["spdxVersion"], "SPDX-2.3");
}

#[test]
fn k05_a_key_that_does_not_open_stops_the_bake_before_it_names_anything() {
    let shop = Shop::new("global");
    let recipe = shop.recipe(GOOD);
    let output = shop.bakery.command(&["bake", recipe]).env("BAKERY_PASSWORD", "wrong").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && stderr.contains("wrong passphrase"), "{stderr}");
    assert_eq!(shop.names(), [""; 0]);
    // Where nobody can be asked, that is said before a bake is begun.
    let output = shop.bakery.command(&["bake", recipe]).env_remove("BAKERY_PASSWORD").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("BAKERY_PASSWORD"), "{stderr}");
    // A file the workspace names will do.
    shop.bakery.write("keys/passphrase", "flour\n");
    let workspace =
        WORKSPACE.replace("key: keys/baker.key,", "key: keys/baker.key, passphrase: {file: keys/passphrase},");
    shop.bakery.write("bakery.yaml", workspace);
    let output = shop.bakery.command(&["bake", recipe, "-q"]).env_remove("BAKERY_PASSWORD").output().unwrap();
    stdout_of(&output);
    assert!(shop.names().contains(&"team-a/app:1".to_owned()));
}

#[test]
fn a_second_bake_of_plain_files_is_bit_identical_and_the_summary_says_so() {
    let shop = Shop::new("global");
    let recipe = shop.recipe(GOOD);
    let (events, _) = shop.bake(0, &[recipe, "--reproduce"]);
    is(ended(&events, "repro.match"), "pass", "repro.identical");
    let verified = shop.verify(0, &["local/team-a/app:1"]);
    let checks = verified["chain"][0]["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["id"] == "repro.match" && check["verdict"] == "pass"), "{checks:#?}");
    let left = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
    let bakes = shop.bakery.path("home/state/bakes");
    let bake = events[0]["bake"].as_str().unwrap();
    assert!(left(&bakes.join(bake)) > 0 && !bakes.join(bake).join("again").exists(), "the second bake leaves nothing");
}
