//! Images as a whole: user, labels, packages, provenance, SBOM.

use serde_json::{Value, json};

use super::*;
use crate::domain::layer::packages::{Package, System};

pub fn packages(names: &[&str]) -> Arc<Vec<Package>> {
    let package = |name: &&str| Package {
        name: (*name).to_owned(),
        arch: "amd64".into(),
        version: "1".into(),
        system: System::Dpkg,
        source: None,
        size: None,
    };
    Arc::new(names.iter().map(package).collect())
}

#[test]
fn j14_every_way_to_be_root_is_root() {
    let mut policy = Policy::default();
    assert_eq!(by("image.user", &with_user(image(&[], 0), None), &policy), "skip policy.not-asked");
    policy.image.user = Some("nonroot".into());
    for user in ["", "0", "00", "root", "root:x", "0:0", "0:1000", ":1000", "000000000000000000000000:1"] {
        let evidence = with_user(image(&[], 0), Some(user));
        let told = by("image.user", &evidence, &policy);
        assert!(told == "fail user.root" || (user.len() > 20 && told.starts_with("fail")), "{user}: {told}");
    }
    assert_eq!(by("image.user", &with_user(image(&[], 0), None), &policy), "fail user.root");
    for user in ["4294967296", "99999999999999999999999", "-1", "ap p", "a:b:c", "ro\u{430}t", "app\n", "+0"] {
        assert_eq!(by("image.user", &with_user(image(&[], 0), Some(user)), &policy), "fail user.unclear", "{user}");
    }
    for user in ["app", "app:app", "1000", "1000:0", "_apt", "65532:65532"] {
        assert_eq!(by("image.user", &with_user(image(&[], 0), Some(user)), &policy), "pass user.fits", "{user}");
    }
    policy.image.user = Some("app".into());
    assert_eq!(by("image.user", &with_user(image(&[], 0), Some("app:1")), &policy), "pass user.fits");
    assert_eq!(by("image.user", &with_user(image(&[], 0), Some("apps")), &policy), "fail user.other");
}

#[test]
fn labels_must_say_something_and_packages_may_not_be_there() {
    let mut policy = Policy::default();
    policy.image.require_labels = vec!["team".into()];
    assert_eq!(by("image.labels", &image(&[], 0), &policy), "fail labels.missing");
    assert_eq!(by("image.labels", &with_label(image(&[], 0), "team", ""), &policy), "fail labels.missing");
    assert_eq!(by("image.labels", &with_label(image(&[], 0), "team", "a"), &policy), "pass labels.there");
    policy.image.forbid_packages = vec!["telnet*".into(), "gcc".into()];
    let with = |names| Evidence { packages: Ok(packages(names)), ..image(&[], 0) };
    assert_eq!(by("image.packages", &with(&["curl", "gcc-12-base"]), &policy), "pass packages.clean");
    assert_eq!(by("image.packages", &with(&["curl", "telnetd"]), &policy), "fail packages.forbidden");
}

const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

fn provenance(builder: &Value, dependencies: &Value) -> Value {
    json!({"buildDefinition": {"resolvedDependencies": dependencies}, "runDetails": {"builder": {"id": builder}}})
}

fn stating(attestations: Vec<AttestationSeen>) -> Evidence {
    Evidence { attached: Ok(Attached { signatures: Vec::new(), attestations }), ..image(&[], 0) }
}

fn on_base(attestations: Vec<AttestationSeen>, policy: &Policy) -> String {
    let (base, contract, evidence) = (base(), Contract::default(), stating(attestations));
    let case = Case { base: Some(&base), ..Case::new(&evidence, &contract, policy, NOW) };
    let (verdict, reason, _) = judged("image.provenance", case);
    format!("{} {reason}", verdict.as_str())
}

#[test]
fn s05_attestations_of_another_type_or_subject_or_predicate_count_for_nothing() {
    let policy = Policy::default();
    let fine = provenance(&json!("https://bakery.example"), &json!([{"digest": {"sha256": digest("base").encoded()}}]));
    let good_one = |kind: &str| attested(kind, good(), fine.clone());
    assert_eq!(on_base(vec![good_one(PROVENANCE)], &policy), "pass provenance.good");
    assert_eq!(on_base(Vec::new(), &policy), "fail provenance.missing");
    for other in
        ["https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1 ", "HTTPS://slsa.dev/provenance/v1", ""]
    {
        assert_eq!(on_base(vec![good_one(other)], &policy), "fail provenance.missing", "{other}");
    }
    let elsewhere = attested(PROVENANCE, Outcome::OtherDigest { signed: "x".into() }, Value::Null);
    assert_eq!(on_base(vec![elsewhere], &policy), "fail signature.other-digest");
    let stranger = attested(PROVENANCE, Outcome::WrongKey { hint: None }, Value::Null);
    assert_eq!(on_base(vec![stranger.clone()], &policy), "fail signature.wrong-key");
    assert_eq!(on_base(vec![stranger, good_one(PROVENANCE)], &policy), "pass provenance.good");
    for malformed in [json!(null), json!([]), json!({"buildDefinition": 1}), json!({"runDetails": {}})] {
        let told = on_base(vec![attested(PROVENANCE, good(), malformed)], &policy);
        assert_eq!(told, "fail provenance.malformed");
    }
    let spdx = |kind: &str, said: Value| plain("image.sbom", &stating(vec![attested(kind, good(), said)]));
    assert_eq!(spdx("https://spdx.dev/Document", json!({"spdxVersion": "SPDX-2.3"})), "pass sbom.good");
    assert_eq!(spdx("https://spdx.dev/Document", json!({"spdxVersion": 3})), "fail sbom.malformed");
    assert_eq!(spdx("https://cyclonedx.org/bom", json!({"spdxVersion": "SPDX-2.3"})), "fail sbom.missing");
}

#[test]
fn s12_claims_count_whole_and_as_written() {
    let mut policy = Policy::default();
    let encoded = digest("base").encoded().to_owned();
    let claim = |builder: Value, dependencies: Value, policy: &Policy| {
        on_base(vec![attested(PROVENANCE, good(), provenance(&builder, &dependencies))], policy)
    };
    let base = json!([{"uri": "pkg:x", "digest": {"sha256": "00"}}, {"digest": {"sha256": encoded}}]);
    let id = "https://builder.example/v1";
    assert_eq!(claim(json!(id), base.clone(), &policy), "pass provenance.good");
    for builder in [json!(""), json!("  "), json!(null), json!(1)] {
        assert_eq!(claim(builder, base.clone(), &policy), "fail provenance.no-builder");
    }
    for said in [&encoded[..63], &encoded.to_uppercase(), &format!("{encoded}0"), &format!("sha256:{encoded}"), ""] {
        let told = claim(json!(id), json!([{"digest": {"sha256": said}}]), &policy);
        assert_eq!(told, "fail provenance.other-base", "{said}");
    }
    assert_eq!(claim(json!(id), json!([{"digest": {"sha512": encoded}}]), &policy), "fail provenance.other-base");
    assert_eq!(claim(json!(id), json!([]), &policy), "fail provenance.other-base");
    assert_eq!(claim(json!(id), json!({}), &policy), "fail provenance.malformed");
    policy.image.builders = vec![id.into()];
    assert_eq!(claim(json!(id), base.clone(), &policy), "pass provenance.good");
    for other in ["https://builder.example/v1/evil", "https://builder.example/v", "https://Builder.example/v1"] {
        assert_eq!(claim(json!(other), base.clone(), &policy), "fail provenance.other-builder", "{other}");
    }
}
