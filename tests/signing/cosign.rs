//! cosign 3 and 2 against a real registry without the referrers API: they accept what we sign, we accept what they sign.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use bakery::adapters::signing::{
    Keyring, NamedKey, Passphrase, PrivateKey, SignatureFormat, Signing, read_public, write_pair,
};
use bakery::adapters::store::layout::Layout;
use bakery::adapters::store::registry::RegistryStore;
use bakery::domain::layer::packages::{Package, System};
use bakery::domain::oci::{Descriptor, Digest};
use bakery::domain::trust::attest::{
    Dependency, PolicyNamed, Provenance, ProvenanceClaims, SbomSubject, Summary, predicate, sbom,
};
use bakery::domain::trust::{Attached, Check, CheckVerdict, Finding, Form, Outcome};
use tempfile::TempDir;

use super::{image, look, outcomes};
use crate::store::conformance::repository;
use crate::store::registry::options;
use crate::support::docker_registry::DockerRegistry;
use crate::support::peers;

/// A registry, a key pair in files, and cosign's own folder.
struct Shop {
    registry: DockerRegistry,
    folder: TempDir,
    key: PrivateKey,
}

impl Shop {
    fn open() -> Self {
        let (folder, key) = (tempfile::tempdir().unwrap(), PrivateKey::generate().unwrap());
        let files = |name: &str| bakery::adapters::signing::KeyFiles {
            private: folder.path().join(format!("{name}.key")),
            public: folder.path().join(format!("{name}.pub")),
        };
        write_pair(&files("baker"), &key, &Passphrase::from("tulip")).unwrap();
        write_pair(&files("stranger"), &PrivateKey::generate().unwrap(), &Passphrase::from("tulip")).unwrap();
        Self { registry: DockerRegistry::start(), folder, key }
    }

    fn store(&self) -> RegistryStore {
        RegistryStore::open(options(&self.registry.host(), vec![])).unwrap()
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn named(&self, digest: &Digest) -> String {
        format!("{}/team-a/app@{digest}", self.registry.host())
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).env("COSIGN_PASSWORD", "tulip").env("HOME", self.folder.path());
        command.env("DOCKER_CONFIG", self.folder.path()).env("TUF_ROOT", self.folder.path().join("tuf"));
        command.output().unwrap()
    }

    /// Whether a cosign accepts something by a key.
    fn accepts(&self, program: &str, what: &[&str], key: &str, digest: &Digest) -> Result<String, String> {
        let (key, named) = (self.path(key), self.named(digest));
        let mut arguments = what.to_vec();
        arguments.extend(["--key", &key, "--insecure-ignore-tlog=true", "--allow-http-registry", &named]);
        let output = self.run(program, &arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// A cosign signs or attests offline.
    fn signs(&self, program: &str, what: &[&str], digest: &Digest) {
        let (key, named) = (self.path("baker.key"), self.named(digest));
        let mut arguments = what.to_vec();
        if program == "cosign" {
            arguments.push("--use-signing-config=false");
        }
        arguments.extend(["--key", &key, "--tlog-upload=false", "--allow-http-registry", "-y", &named]);
        let output = self.run(program, &arguments);
        assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn ring(&self, key: &str) -> Keyring {
        let key = read_public(Path::new(&self.path(key))).unwrap();
        Keyring { keys: vec![NamedKey { name: "baker".into(), key }], keyless: None }
    }

    async fn look(&self, digest: &Digest, key: &str) -> Attached {
        look(&self.store(), digest, &self.ring(key)).await.unwrap()
    }
}

fn provenance() -> Provenance {
    Provenance {
        builder_id: "https://bakery.dev/builder/embedded".into(),
        build_type: "https://bakery.dev/recipe/v1".into(),
        recipe_name: "team-a/app".into(),
        recipe: Digest::of(b"recipe"),
        base_name: Some("global/python:3.12".into()),
        platforms: vec!["linux/amd64".into()],
        steps: vec!["run: true".into()],
        secrets: vec!["pip_token".into()],
        dependencies: vec![Dependency { name: "global/python:3.12".into(), digest: Digest::of(b"base") }],
        invocation_id: "01J".into(),
        started: Some(0),
        finished: Some(61),
    }
}

fn summary() -> Summary {
    Summary {
        verifier_id: "https://bakery.dev/verifier".into(),
        verified: 0,
        resource: "team-a/app:1".into(),
        policy: PolicyNamed { uri: "policy.yaml".into(), digest: Digest::of(b"policy") },
        checks: vec![Check::new("layer.setuid", Finding::new(CheckVerdict::Pass, "x", vec!["none".into()]))],
    }
}

async fn attest_all(signing: &Signing<'_>, subject: &Descriptor) {
    let package = Package {
        name: "curl".into(),
        arch: "amd64".into(),
        version: "8".into(),
        system: System::Dpkg,
        source: None,
        size: None,
    };
    let about = SbomSubject { name: "team-a/app", digest: &subject.digest, created: 0, system: None };
    let sbom = sbom(about, &[package]).unwrap();
    signing.attest(subject, predicate::PROVENANCE, &provenance().to_predicate()).await.unwrap();
    signing.attest(subject, predicate::SPDX, &sbom).await.unwrap();
    signing.attest(subject, predicate::SUMMARY, &summary().to_predicate()).await.unwrap();
}

#[tokio::test]
async fn cosign_3_accepts_our_bundles_and_cosign_2_our_tag() {
    if !peers::need(&["docker-registry", "cosign", "cosign2"]) {
        return;
    }
    let (shop, here) = (Shop::open(), repository("team-a/app"));
    let store = shop.store();
    for (format, three, two) in [
        (SignatureFormat::Bundle, true, false),
        (SignatureFormat::Legacy, true, true),
        (SignatureFormat::Both, true, true),
    ] {
        let subject = image(&store, &here, &format!("{format:?}")).await;
        assert!(shop.accepts("cosign", &["verify"], "baker.pub", &subject.digest).is_err(), "unsigned");
        let signing = Signing { store: &store, repository: &here, name: "team-a/app", key: &shop.key, format };
        signing.sign(&subject).await.unwrap();
        for (program, accepts) in [("cosign", three), ("cosign2", two)] {
            let found = shop.accepts(program, &["verify"], "baker.pub", &subject.digest);
            assert_eq!(found.is_ok(), accepts, "{format:?} {program}: {found:?}");
            assert!(
                shop.accepts(program, &["verify"], "stranger.pub", &subject.digest).is_err(),
                "{format:?} {program}"
            );
        }
    }
}

#[tokio::test]
async fn cosign_3_accepts_our_attestations() {
    if !peers::need(&["docker-registry", "cosign"]) {
        return;
    }
    let (shop, here) = (Shop::open(), repository("team-a/app"));
    let store = shop.store();
    let subject = image(&store, &here, "attested").await;
    let format = SignatureFormat::Both;
    let signing = Signing { store: &store, repository: &here, name: "team-a/app", key: &shop.key, format };
    signing.sign(&subject).await.unwrap();
    attest_all(&signing, &subject).await;
    for kind in ["slsaprovenance1", "spdxjson", predicate::SUMMARY] {
        let found = shop.accepts("cosign", &["verify-attestation", "--type", kind], "baker.pub", &subject.digest);
        assert!(found.is_ok(), "{kind}: {found:?}");
        let stranger = shop.accepts("cosign", &["verify-attestation", "--type", kind], "stranger.pub", &subject.digest);
        assert!(stranger.is_err(), "{kind}");
    }
    let absent = shop.accepts("cosign", &["verify-attestation", "--type", "cyclonedx"], "baker.pub", &subject.digest);
    assert!(absent.is_err(), "what is not stated is not found");
    let ours = shop.look(&subject.digest, "baker.pub").await;
    let said = ours.good(predicate::SUMMARY).next().unwrap().predicate.clone().unwrap();
    assert_eq!(Summary::checks_of(&said).unwrap(), summary().checks);
    let said = ours.good(predicate::PROVENANCE).next().unwrap().predicate.clone().unwrap();
    assert!(ProvenanceClaims::parse(&said).unwrap().depends_on(&Digest::of(b"base")));
    assert_eq!(ours.good(predicate::SPDX).count(), 1);
}

#[tokio::test]
async fn we_accept_what_either_cosign_signs_and_attests() {
    if !peers::need(&["docker-registry", "cosign", "cosign2"]) {
        return;
    }
    let (shop, here) = (Shop::open(), repository("team-a/app"));
    let store = shop.store();
    let predicate_file = shop.path("predicate.json");
    std::fs::write(&predicate_file, provenance().to_predicate().to_string()).unwrap();
    for (program, form) in [("cosign", Form::Bundle), ("cosign2", Form::Legacy)] {
        let subject = image(&store, &here, program).await;
        shop.signs(program, &["sign"], &subject.digest);
        shop.signs(program, &["attest", "--type", "slsaprovenance1", "--predicate", &predicate_file], &subject.digest);
        let found = shop.look(&subject.digest, "baker.pub").await;
        assert!(
            matches!(&outcomes(&found)[..], [(seen, Outcome::Good { .. })] if *seen == form),
            "{program}: {found:?}"
        );
        let said: Vec<_> = found.good(predicate::PROVENANCE).collect();
        assert_eq!(said.len(), 1, "{program}: {found:?}");
        assert_eq!(said[0].form, form);
        let claims = ProvenanceClaims::parse(said[0].predicate.as_ref().unwrap()).unwrap();
        assert_eq!(claims.builder_id, provenance().builder_id);
        let stranger = shop.look(&subject.digest, "stranger.pub").await;
        assert!(matches!(&outcomes(&stranger)[..], [(_, Outcome::WrongKey { .. })]), "{program}: {stranger:?}");
        assert_eq!(stranger.good(predicate::PROVENANCE).count(), 0);
        // Ours beside theirs: both stay, for us and for them.
        let signing = Signing {
            store: &store,
            repository: &here,
            name: "team-a/app",
            key: &shop.key,
            format: SignatureFormat::Both,
        };
        signing.sign(&subject).await.unwrap();
        let both = shop.look(&subject.digest, "baker.pub").await;
        assert_eq!((both.signatures.len(), both.signers().count()), (3, 3), "{program}: {both:?}");
        for program in ["cosign", "cosign2"] {
            let found = shop.accepts(program, &["verify"], "baker.pub", &subject.digest);
            assert!(found.is_ok(), "{program}: {found:?}");
        }
    }
}

#[tokio::test]
async fn what_skopeo_copies_still_verifies() {
    if !peers::need(&["docker-registry", "skopeo"]) {
        return;
    }
    let (shop, here) = (Shop::open(), repository("team-a/app"));
    let store = shop.store();
    let subject = image(&store, &here, "copied").await;
    let signing =
        Signing { store: &store, repository: &here, name: "team-a/app", key: &shop.key, format: SignatureFormat::Both };
    signing.sign(&subject).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let layout = folder.path().join("layout");
    let signatures = format!("{}.sig", subject.digest.to_string().replace(':', "-"));
    for name in ["1", &signatures] {
        let from = format!("docker://{}/team-a/app:{name}", shop.registry.host());
        let to = format!("oci:{}:team-a/app:{name}", layout.display());
        let copied = shop
            .run("skopeo", &["copy", "--src-tls-verify=false", "--insecure-policy", "--preserve-digests", &from, &to]);
        assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    }
    let layout = Layout::open_or_create(&layout).unwrap();
    let found = look(&layout, &subject.digest, &shop.ring("baker.pub")).await.unwrap();
    assert!(matches!(&outcomes(&found)[..], [(Form::Legacy, Outcome::Good { .. })]), "{found:?}");
}
