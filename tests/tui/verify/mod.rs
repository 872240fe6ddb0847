//! The Verify screen: what it shows of a chain, and what its keys do. Chains are made up.

pub mod badges;
mod keys;
mod screens;

use std::sync::Arc;

use bakery::domain::oci::Digest;
use bakery::domain::trust::{Check, CheckVerdict, Finding, Level, Signer, Verified, reason};
use bakery::report::Report;
use bakery::tui::effect::Effect;
use bakery::tui::model::Model;
use bakery::tui::msg::Msg;
use bakery::tui::screens::{Screen, verify};
use bakery::tui::update::{self, begin, update};

use super::golden::model;

pub const IMAGE: &str = "local/team-a/payments-api:1.4.0";

pub fn check(id: &str, verdict: CheckVerdict, reason: &'static str, evidence: &[&str]) -> Check {
    let evidence = evidence.iter().map(|line| (*line).to_owned()).collect();
    Check::new(id, Finding::new(verdict, reason, evidence))
}

fn key(name: &str) -> Signer {
    let fingerprint = Digest::of(name.as_bytes()).to_string();
    Signer::Key { name: name.into(), fingerprint: fingerprint.trim_start_matches("sha256:").into() }
}

fn signed(id: &str, by: &str) -> Check {
    check(id, CheckVerdict::Pass, reason::SIGNED, &[&format!("bundle 3f9a…c1 by key {by} (77aa02f31b9e)")])
}

fn level(reference: &str, layers: (u32, u32), signer: Option<&str>, checks: Vec<Check>) -> Level {
    Level {
        reference: reference.into(),
        digest: Digest::of(reference.as_bytes()),
        is_local: reference.starts_with("local/"),
        signed_by: signer.map(key).into_iter().collect(),
        layers,
        checks,
    }
}

fn of_base(more: Vec<Check>) -> Vec<Check> {
    let mut checks = vec![
        signed("base.signature", "global"),
        check("base.allowed", CheckVerdict::Skip, reason::NOT_ASKED, &[]),
        check("base.fresh", CheckVerdict::Pass, reason::BASE_CURRENT, &["3.12 points to it"]),
    ];
    checks.extend(more);
    checks
}

/// The chain's root.
pub fn os() -> Level {
    let root = check("lineage.layers", CheckVerdict::Pass, reason::ROOT, &["it names no base"]);
    level("global/os:12", (0, 1), Some("global"), of_base(vec![root]))
}

/// What is built on it.
pub fn python() -> Level {
    let prefix = check("lineage.layers", CheckVerdict::Pass, reason::PREFIX, &["1 of 1 diffIDs"]);
    let kept = check("lineage.contract", CheckVerdict::Pass, reason::CONTRACT_KEPT, &["4 protected paths, 1 user"]);
    level("global/python:3.12", (1, 3), Some("global"), of_base(vec![prefix, kept]))
}

/// The checks of the image, its contract kept.
pub fn own() -> Vec<Check> {
    let clean = &["none in 2 layers of its own"];
    vec![
        check("lineage.layers", CheckVerdict::Pass, reason::PREFIX, &["3 of 3 diffIDs"]),
        check("lineage.contract", CheckVerdict::Pass, reason::CONTRACT_KEPT, &["4 protected paths, 1 user"]),
        check("layer.setuid", CheckVerdict::Pass, reason::LAYER_CLEAN, clean),
        check("layer.world-writable", CheckVerdict::Pass, reason::LAYER_CLEAN, clean),
        check("layer.secrets", CheckVerdict::Pass, reason::LAYER_CLEAN, clean),
        check("image.user", CheckVerdict::Pass, reason::USER_FITS, &["it runs as app"]),
        signed("image.signature", "baker"),
        check("test.imports", CheckVerdict::Pass, "test.passed", &["0.3 s"]),
    ]
}

pub fn chain(own: Vec<Check>) -> Verified {
    let image = level(IMAGE, (3, 5), Some("baker"), own);
    Verified::new(IMAGE.into(), image.digest.clone(), vec![image, python(), os()])
}

pub fn verified() -> Verified {
    chain(own())
}

pub fn warned() -> Verified {
    let mut checks = own();
    let open = "/srv/spool: anybody may write this folder; 0777, layer 5";
    checks[3] = check("layer.world-writable", CheckVerdict::Warn, reason::LAYER_WRITABLE, &[open]);
    chain(checks)
}

pub fn rejected() -> Verified {
    let mut checks = own();
    let was = "was file 0644 0:0 12.3 kB sha256:0a1b2c3d…, is file 0644 0:0 12.3 kB sha256:4e5f6a7b…";
    let lines = [
        format!("/etc/ssl/openssl.cnf: changed: content; {was}, layer 5"),
        "/etc/ssl/certs/ca.pem: deleted; was file 0644 0:0 1.9 kB sha256:99ad5c01…, layer 5".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    checks[1] = check("lineage.contract", CheckVerdict::Fail, reason::CONTRACT_MODIFIED, &lines);
    chain(checks)
}

pub fn unreachable() -> Verified {
    let gap = "registry.example does not answer: connection timed out after 10 s";
    let unknown = |id: &str| check(id, CheckVerdict::Unknown, reason::UNREACHABLE, &[gap]);
    let mut base = python();
    base.checks = ["base.signature", "base.fresh", "lineage.layers"].map(unknown).to_vec();
    (base.signed_by, base.layers) = (Vec::new(), (0, 3));
    let mut checks = own();
    checks[0] = unknown("lineage.layers");
    checks[1] = unknown("lineage.contract");
    let image = level(IMAGE, (0, 5), Some("baker"), checks);
    Verified::new(IMAGE.into(), image.digest.clone(), vec![image, base])
}

/// One check with as much evidence as a finding has, of long paths.
pub fn long() -> Verified {
    let mut checks = own();
    let lines: Vec<String> = (1..50)
        .map(|n| {
            format!(
                "/srv/app/node_modules/@scope/package-{n}/deeply/nested/folder/bin/tool-{n}: setuid; 4755 0:0, layer 5"
            )
        })
        .chain(["and 712 more".to_owned()])
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    checks[2] = check("layer.setuid", CheckVerdict::Fail, reason::LAYER_SETUID, &lines);
    chain(checks)
}

/// The screen with nothing verified.
pub fn blank(size: (u16, u16)) -> Model {
    let mut model = model(size);
    begin(&mut model, Screen::Verify);
    model
}

/// The screen while this is verified.
pub fn asked(size: (u16, u16)) -> Model {
    let mut model = blank(size);
    update::verify(&mut model, IMAGE.into());
    model
}

/// What comes of what was asked last.
pub fn answer(model: &mut Model, verified: Result<Verified, Report>) -> Vec<Effect> {
    let run = model.verify.run;
    update(model, Msg::Verify(verify::Msg::Verified { run, verified: verified.map(Arc::new) }))
}

/// The screen with this found.
pub fn shown(size: (u16, u16), found: Verified) -> Model {
    let mut model = asked(size);
    answer(&mut model, Ok(found));
    model
}

pub fn press(model: &mut Model, keys: &[&str]) -> Vec<Effect> {
    keys.iter().flat_map(|key| update(model, Msg::Key(key.parse().unwrap()))).collect()
}
