//! How verifying ends, case by case: unsigned, a stranger's, another image's, another name's, gone, too many.

use bakery::adapters::signing::SignatureFormat;
use bakery::adapters::store::layout::Layout;
use bakery::adapters::store::registry::RegistryStore;
use bakery::adapters::store::{MemoryStore, Selector, Store};
use bakery::domain::oci::{Annotations, Descriptor, Digest, ImageManifest, media_type};
use bakery::domain::trust::attest::predicate;
use bakery::domain::trust::{Form, Outcome, reason};
use serde_json::json;

use super::{Baker, good, image, look, look_as, outcomes, ring};
use crate::store::conformance::{blob_bytes, repository, stream, tag};
use crate::store::registry::options;
use crate::support::faulty_registry::{FaultyRegistry, Say};

/// The tag of cosign's older signatures.
pub fn sig_tag(digest: &Digest) -> bakery::domain::oci::Tag {
    tag(&format!("{}.sig", digest.to_string().replace(':', "-")))
}

/// Puts a blob and gives its descriptor.
pub async fn put(
    store: &dyn Store,
    repository: &bakery::domain::oci::Repository,
    kind: &str,
    bytes: &[u8],
) -> Descriptor {
    let blob = Descriptor::of(kind, bytes);
    store.put_blob(repository, &blob, stream(bytes)).await.unwrap();
    blob
}

/// Attaches bytes as a bundle to a subject.
pub async fn attach(store: &dyn Store, subject: &Descriptor, bundle: &[u8]) -> Digest {
    attach_as(store, subject, bundle, Annotations::new()).await
}

/// Attaches bytes as a bundle with annotations.
pub async fn attach_as(store: &dyn Store, subject: &Descriptor, bundle: &[u8], annotations: Annotations) -> Digest {
    let here = repository("team-a/app");
    let layer = put(store, &here, predicate::BUNDLE, bundle).await;
    let config = put(store, &here, media_type::EMPTY, b"{}").await;
    let manifest = ImageManifest {
        schema_version: 2,
        media_type: Some(media_type::MANIFEST.into()),
        artifact_type: Some(predicate::BUNDLE.into()),
        config,
        layers: vec![layer],
        subject: Some(subject.clone()),
        annotations,
    };
    let bytes = serde_json::to_vec(&manifest).unwrap();
    store.put_manifest(&here, None, media_type::MANIFEST, &bytes).await.unwrap().digest
}

/// The bundles attached to an image of `team-a/app`.
pub async fn bundles(store: &dyn Store, subject: &Digest) -> Vec<Vec<u8>> {
    let here = repository("team-a/app");
    let mut found = Vec::new();
    for entry in store.referrers(&here, subject, None).await.unwrap() {
        let raw = store.manifest(&here, &Selector::Digest(entry.digest)).await.unwrap();
        let image: ImageManifest = serde_json::from_slice(&raw.bytes).unwrap();
        found.push(blob_bytes(store, &here, &image.layers[0]).await);
    }
    found
}

#[tokio::test]
async fn s01_a_signature_carried_over_to_another_image_is_told_as_such() {
    let (store, here, baker) = (MemoryStore::new(), repository("team-a/app"), Baker::new("baker"));
    let signed = image(&store, &here, "signed").await;
    let signing = baker.signing(&store, &here, "team-a/app", SignatureFormat::Both);
    signing.sign(&signed).await.unwrap();
    signing.attest(&signed, predicate::PROVENANCE, &json!({})).await.unwrap();
    let evil = image(&store, &here, "evil").await;
    for bundle in bundles(&store, &signed.digest).await {
        attach(&store, &evil, &bundle).await;
    }
    let raw = store.manifest(&here, &Selector::Tag(sig_tag(&signed.digest))).await.unwrap();
    store.put_manifest(&here, Some(&sig_tag(&evil.digest)), media_type::MANIFEST, &raw.bytes).await.unwrap();
    let found = look(&store, &evil.digest, &ring(&[&baker])).await.unwrap();
    let other = || Outcome::OtherDigest { signed: signed.digest.to_string() };
    assert_eq!(outcomes(&found), [(Form::Bundle, other()), (Form::Legacy, other())]);
    let [statement] = &found.attestations[..] else { panic!("{found:?}") };
    assert_eq!((&statement.outcome, &statement.predicate), (&other(), &None));
    assert_eq!(found.good(predicate::PROVENANCE).count(), 0);
    // A stranger's is called a stranger's first, whatever it is about.
    let found = look(&store, &evil.digest, &ring(&[&Baker::new("nobody")])).await.unwrap();
    assert!(outcomes(&found).iter().all(|(_, outcome)| matches!(outcome, Outcome::WrongKey { .. })), "{found:?}");
}

#[tokio::test]
async fn s01_a_signature_under_another_name_is_told_as_such() {
    let (store, baker) = (MemoryStore::new(), Baker::new("baker"));
    let (one, other) = (repository("team-a/app"), repository("team-b/app"));
    for (repository, signed_as, fits) in [
        (&one, "team-a/app", true),
        (&one, "registry.example:5000/mirror/team-a/app", true),
        (&one, "", true),
        (&other, "team-a/app", false),
        (&other, "xteam-b/app", false),
        (&other, "registry.example/app", false),
    ] {
        let subject = image(&store, repository, &format!("{repository} {signed_as}")).await;
        let signing = baker.signing(&store, repository, signed_as, SignatureFormat::Both);
        signing.sign(&subject).await.unwrap();
        signing.attest(&subject, predicate::SPDX, &json!({})).await.unwrap();
        let found = look_as(&store, repository, &subject.digest, &ring(&[&baker])).await.unwrap();
        let expected = match fits {
            true => good(&baker),
            false => Outcome::OtherRepository { signed: signed_as.to_owned() },
        };
        let expected = [(Form::Bundle, expected.clone()), (Form::Legacy, expected)];
        assert_eq!(outcomes(&found), expected, "{repository} signed as {signed_as}");
        assert_eq!(found.good(predicate::SPDX).count(), usize::from(fits));
    }
}

#[tokio::test]
async fn s02_a_strangers_signature_is_a_strangers_and_one_good_among_bad_counts() {
    let (store, here) = (MemoryStore::new(), repository("team-a/app"));
    let (baker, stranger) = (Baker::new("baker"), Baker::new("stranger"));
    let subject = image(&store, &here, "x").await;
    stranger.signing(&store, &here, "team-a/app", SignatureFormat::Both).sign(&subject).await.unwrap();
    let found = look(&store, &subject.digest, &ring(&[&baker])).await.unwrap();
    let hint = Some(stranger.key.public().fingerprint());
    assert_eq!(
        outcomes(&found),
        [(Form::Bundle, Outcome::WrongKey { hint }), (Form::Legacy, Outcome::WrongKey { hint: None })]
    );
    assert_eq!(found.signers().count(), 0);
    // Nobody's keys are nobody's signatures.
    let found = look(&store, &subject.digest, &ring(&[])).await.unwrap();
    assert!(outcomes(&found).iter().all(|(_, outcome)| matches!(outcome, Outcome::WrongKey { .. })));
    attach(&store, &subject, b"{").await;
    baker.signing(&store, &here, "team-a/app", SignatureFormat::Both).sign(&subject).await.unwrap();
    let found = look(&store, &subject.digest, &ring(&[&baker])).await.unwrap();
    assert_eq!(found.signatures.len(), 5);
    let signers: Vec<_> = found.signers().collect();
    assert_eq!(signers, [&baker.signer(), &baker.signer()]);
}

#[tokio::test]
async fn s05_a_statement_of_another_type_does_not_stand_in() {
    let (store, here, baker) = (MemoryStore::new(), repository("team-a/app"), Baker::new("baker"));
    let subject = image(&store, &here, "x").await;
    let signing = baker.signing(&store, &here, "team-a/app", SignatureFormat::Both);
    signing.attest(&subject, "https://slsa.dev/provenance/v0.2", &json!({})).await.unwrap();
    signing.attest(&subject, "https://slsa.dev/provenance/v1/", &json!({})).await.unwrap();
    let found = look(&store, &subject.digest, &ring(&[&baker])).await.unwrap();
    assert_eq!((found.attestations.len(), found.good(predicate::PROVENANCE).count()), (2, 0));
    assert_eq!(found.signatures, [], "no statement is a signature");
    assert!(found.attestations.iter().all(|seen| seen.outcome == good(&baker)));
    // What a list says of a bundle does not make it one.
    let bundle = bundles(&store, &subject.digest).await.remove(0);
    for said in [predicate::SIGN, predicate::PROVENANCE] {
        let annotations = Annotations::from([(predicate::BUNDLE_PREDICATE.to_owned(), said.to_owned())]);
        attach_as(&store, &subject, &bundle, annotations).await;
    }
    let found = look(&store, &subject.digest, &ring(&[&baker])).await.unwrap();
    assert_eq!((found.attestations.len(), found.signers().count()), (4, 0));
    assert_eq!(found.good(predicate::PROVENANCE).count(), 0);
}

#[tokio::test]
async fn r13_a_hundred_strangers_do_not_hide_what_is_good_and_are_not_unsigned() {
    let (store, here) = (MemoryStore::new(), repository("team-a/app"));
    let (baker, stranger) = (Baker::new("baker"), Baker::new("stranger"));
    let subject = image(&store, &here, "x").await;
    let signing = stranger.signing(&store, &here, "team-a/app", SignatureFormat::Bundle);
    signing.sign(&subject).await.unwrap();
    let bundle = String::from_utf8(bundles(&store, &subject.digest).await.remove(0)).unwrap();
    for number in 0..150 {
        attach(&store, &subject, (bundle.clone() + &" ".repeat(number + 1)).as_bytes()).await;
    }
    let gap = look(&store, &subject.digest, &ring(&[&baker])).await.unwrap_err();
    assert_eq!(gap.reason, reason::TOO_MANY, "{gap:?}");
    assert!(gap.why.starts_with("R-13"), "{}", gap.why);
    baker.signing(&store, &here, "team-a/app", SignatureFormat::Legacy).sign(&subject).await.unwrap();
    let found = look(&store, &subject.digest, &ring(&[&baker])).await.unwrap();
    assert_eq!(found.signatures.len(), 100);
    assert_eq!(found.signers().collect::<Vec<_>>(), [&baker.signer()]);
}

#[tokio::test]
async fn r13_what_is_larger_than_a_bundle_may_be_is_not_read() {
    let (store, here, baker) = (MemoryStore::new(), repository("team-a/app"), Baker::new("baker"));
    let subject = image(&store, &here, "x").await;
    attach(&store, &subject, &vec![b' '; (4 << 20) + 1]).await;
    let found = look(&store, &subject.digest, &ring(&[&baker])).await.unwrap();
    let [(Form::Bundle, Outcome::Malformed { why })] = &outcomes(&found)[..] else { panic!("{found:?}") };
    assert!(why.starts_with("J-08"), "{why}");
}

#[tokio::test]
async fn a_bundle_that_is_gone_is_missing_rather_than_never_there() {
    let (folder, here, baker) = (tempfile::tempdir().unwrap(), repository("team-a/app"), Baker::new("baker"));
    let layout = Layout::open_or_create(&folder.path().join("layout")).unwrap();
    let subject = image(&layout, &here, "x").await;
    baker.signing(&layout, &here, "team-a/app", SignatureFormat::Both).sign(&subject).await.unwrap();
    let bundle = Digest::of(&bundles(&layout, &subject.digest).await.remove(0));
    let path = folder.path().join("layout/blobs/sha256").join(bundle.encoded());
    std::fs::remove_file(path).unwrap();
    let found = look(&layout, &subject.digest, &ring(&[&baker])).await.unwrap();
    let [(Form::Bundle, Outcome::Missing { why }), (Form::Legacy, legacy)] = &outcomes(&found)[..] else {
        panic!("{found:?}")
    };
    assert!(why.contains(bundle.encoded()), "{why}");
    assert_eq!(*legacy, good(&baker));
}

#[tokio::test]
async fn a_list_that_names_what_is_gone_says_so() {
    let gone = Digest::of(b"gone");
    let listed = json!({
        "schemaVersion": 2, "mediaType": media_type::INDEX,
        "manifests": [{"mediaType": media_type::MANIFEST, "digest": gone, "size": 700, "artifactType": predicate::BUNDLE}],
    });
    let registry = FaultyRegistry::start(move |_, heard| match heard.path.contains("/referrers/") {
        true => Say::status(200).header("content-type", media_type::INDEX).with_body(listed.to_string()),
        false => Say::status(404),
    })
    .await;
    let store = RegistryStore::open(options(&registry.host(), vec![])).unwrap();
    let found = look(&store, &Digest::of(b"image"), &ring(&[&Baker::new("baker")])).await.unwrap();
    let [(Form::Bundle, Outcome::Missing { why })] = &outcomes(&found)[..] else { panic!("{found:?}") };
    assert!(why.contains(gone.encoded()), "{why}");
}

#[tokio::test]
async fn s11_a_store_that_does_not_answer_is_a_gap_never_unsigned() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let store = RegistryStore::open(options(&format!("127.0.0.1:{port}"), vec![])).unwrap();
    let gap = look(&store, &Digest::of(b"image"), &ring(&[&Baker::new("baker")])).await.unwrap_err();
    assert_eq!(gap.reason, reason::UNREACHABLE, "{gap:?}");
    let registry = FaultyRegistry::start(|_, _| Say::status(403)).await;
    let store = RegistryStore::open(options(&registry.host(), vec![])).unwrap();
    let gap = look(&store, &Digest::of(b"image"), &ring(&[&Baker::new("baker")])).await.unwrap_err();
    assert_eq!(gap.reason, reason::UNREACHABLE, "{gap:?}");
}
