//! One id only: what becomes of owners, and that nobody takes it for more than it is.

use serde_json::Value;

use super::bench::{Baked, Bench, Who, can_run};
use crate::support::bakery::layout_json;

const STEPS: &str = "  - run: {script: \"touch /x; chown app:app /x || echo refused; stat -c 'owner %u' /x\"}\n";

fn set(bench: &Bench, mode: &str) {
    std::fs::create_dir_all(bench.path("home/config")).unwrap();
    let path = bench.path("home/config/config.yaml");
    std::fs::write(&path, format!("id-mode: {mode}\n")).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
}

fn labels(bench: &Bench, baked: &Baked) -> Value {
    let manifest = layout_json(&bench.path("local"), &baked.digest());
    let config = layout_json(&bench.path("local"), manifest["config"]["digest"].as_str().unwrap());
    config["config"]["Labels"].clone()
}

fn ran(baked: &Baked, step: &str) -> bool {
    baked.events.iter().any(|event| event["kind"] == "step.started" && event["step"] == step)
}

#[test]
fn owners_are_pretended_or_refused_and_everybody_is_told() {
    if !can_run() {
        return;
    }
    let bench = Bench::new(Who::Ordinary, &[], STEPS);
    let exact = bench.bake().good();
    assert!(exact.log.contains("owner 1000") && !exact.log.contains("WARNING"), "{}", exact.log);
    assert!(labels(&bench, &exact)["dev.bakery.ownership"].is_null());
    let mut digests = vec![exact.digest()];
    for (mode, said) in [("single", "owner 0"), ("strict", "refused\nowner 0")] {
        set(&bench, mode);
        let baked = bench.bake().good();
        assert!(ran(&baked, "2") && !ran(&baked, "1"), "{mode}: steps that run have keys of their own");
        assert!(baked.log.contains(said), "{mode}: {}", baked.log);
        assert!(baked.log.contains("WARNING: one user id only"), "{mode}: {}", baked.log);
        let told =
            baked.events.iter().find(|event| event["kind"] == "check.finished" && event["id"] == "layer.ownership");
        assert_eq!(told.unwrap_or_else(|| panic!("{mode}: {:#?}", baked.events))["verdict"], "warn", "{mode}");
        let label = &labels(&bench, &baked)["dev.bakery.ownership"];
        assert!(label.is_string(), "{mode}: {label}");
        digests.push(baked.digest());
        bench.assert_untouched();
    }
    assert!(!digests[1..].contains(&digests[0]), "{digests:?}");
    set(&bench, "subordinate");
    let again = bench.bake().good();
    assert!(!ran(&again, "2"), "its own result is still there");
    assert_eq!(again.digest(), digests[0]);
}

#[test]
fn without_an_id_for_them_no_other_user_can_be_had() {
    if !can_run() {
        return;
    }
    let steps = "  - run: {user: app, script: \"id -u; echo $HOME\"}\n";
    let bench = Bench::new(Who::Ordinary, &[], steps);
    assert!(bench.bake().good().log.contains("1000\n/home/app\n"));
    set(&bench, "single");
    let baked = bench.bake().good();
    assert!(baked.log.contains("0\n/home/app\n"), "{}", baked.log);
    bench.assert_untouched();
}
