//! Every change to what is signed, and to how: nothing that was touched is ever good.

use bakery::adapters::signing::SignatureFormat;
use bakery::adapters::store::{MemoryStore, Selector, Store};
use bakery::domain::oci::{Annotations, Descriptor, ImageManifest, media_type};
use bakery::domain::trust::Outcome;
use bakery::domain::trust::attest::{SimpleSigning, Statement, pae, predicate};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::outcomes::{attach, bundles, put, sig_tag};
use super::{Baker, image, look, ring};
use crate::store::conformance::repository;

/// A bundle's JSON with a payload of one's own and somebody's signature over `signed`.
fn forged(baker: &Baker, (kind, payload): (&str, &[u8]), signed: &[u8]) -> Value {
    json!({
        "mediaType": predicate::BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": baker.key.public().hint()}},
        "dsseEnvelope": {
            "payload": BASE64.encode(payload), "payloadType": kind,
            "signatures": [{"sig": BASE64.encode(baker.key.sign(signed))}],
        },
    })
}

#[tokio::test]
async fn s02_no_byte_of_a_bundle_can_be_changed() {
    let (store, here, baker) = (MemoryStore::new(), repository("team-a/app"), Baker::new("baker"));
    let subject = image(&store, &here, "x").await;
    baker.signing(&store, &here, "team-a/app", SignatureFormat::Bundle).sign(&subject).await.unwrap();
    let bundle = bundles(&store, &subject.digest).await.remove(0);
    let envelope: Value = serde_json::from_slice(&bundle).unwrap();
    let payload = BASE64.decode(envelope["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
    // Every twentieth byte of the bundle, and of the payload below its base64.
    for at in (0..bundle.len()).step_by(20) {
        let mut changed = bundle.clone();
        changed[at] ^= 1;
        let target = image(&store, &here, &format!("changed {at}")).await;
        attach(&store, &target, &changed).await;
        let found = look(&store, &target.digest, &ring(&[&baker])).await.unwrap();
        assert_eq!(found.signers().count(), 0, "byte {at}");
    }
    for at in (0..payload.len()).step_by(20) {
        let mut changed = payload.clone();
        changed[at] ^= 1;
        let mut document = envelope.clone();
        document["dsseEnvelope"]["payload"] = BASE64.encode(&changed).into();
        let target = image(&store, &here, &format!("payload {at}")).await;
        attach(&store, &target, document.to_string().as_bytes()).await;
        let found = look(&store, &target.digest, &ring(&[&baker])).await.unwrap();
        assert_eq!(found.signers().count(), 0, "byte {at} of the payload");
        let outcomes: Vec<_> = found.signatures.iter().map(|seen| &seen.outcome).collect();
        assert!(
            outcomes.iter().all(|outcome| matches!(outcome, Outcome::WrongKey { .. } | Outcome::Malformed { .. })),
            "{outcomes:?}"
        );
    }
}

#[tokio::test]
async fn s02_signatures_over_something_else_do_not_count() {
    let (store, here, baker) = (MemoryStore::new(), repository("team-a/app"), Baker::new("baker"));
    let subject = image(&store, &here, "x").await;
    let right =
        serde_json::to_vec(&Statement::about("team-a/app", &subject.digest, predicate::SIGN, json!({}))).unwrap();
    let simple = SimpleSigning::payload("team-a/app", &subject.digest).unwrap();
    let twice = String::from_utf8(right.clone()).unwrap().replacen('{', r#"{"predicateType":"x","#, 1);
    let cases: [(&str, Value, &str); 6] = [
        ("the bare payload", forged(&baker, (predicate::IN_TOTO, &right), &right), "WrongKey"),
        ("another type", forged(&baker, ("text/plain", &right), &pae(predicate::IN_TOTO, &right)), "Malformed"),
        ("another type, signed", forged(&baker, ("text/plain", &right), &pae("text/plain", &right)), "Malformed"),
        ("no statement", forged(&baker, (predicate::IN_TOTO, &simple), &pae(predicate::IN_TOTO, &simple)), "Malformed"),
        (
            "a key twice",
            forged(&baker, (predicate::IN_TOTO, twice.as_bytes()), &pae(predicate::IN_TOTO, twice.as_bytes())),
            "Malformed",
        ),
        ("nothing", json!({}), "Malformed"),
    ];
    for (what, bundle, expected) in cases {
        let target = MemoryStore::new();
        let same = image(&target, &here, "x").await;
        assert_eq!(same.digest, subject.digest);
        attach(&target, &same, bundle.to_string().as_bytes()).await;
        let found = look(&target, &same.digest, &ring(&[&baker])).await.unwrap();
        assert_eq!(found.signatures.len(), 1, "{what}");
        let outcome = format!("{:?}", found.signatures[0].outcome);
        assert!(outcome.starts_with(expected), "{what}: {outcome}");
    }
    // The same fixture, unharmed, is good: the cases above fail for their own reasons.
    attach(
        &store,
        &subject,
        forged(&baker, (predicate::IN_TOTO, &right), &pae(predicate::IN_TOTO, &right)).to_string().as_bytes(),
    )
    .await;
    let found = look(&store, &subject.digest, &ring(&[&baker])).await.unwrap();
    assert_eq!(found.signers().count(), 1);
}

/// Puts layers under the `.sig` tag of an image.
async fn put_sig(store: &dyn Store, subject: &Descriptor, layers: Vec<Descriptor>) {
    let here = repository("team-a/app");
    let config = put(store, &here, media_type::CONFIG, b"{}").await;
    let manifest = ImageManifest {
        schema_version: 2,
        media_type: Some(media_type::MANIFEST.into()),
        artifact_type: None,
        config,
        layers,
        subject: None,
        annotations: Annotations::new(),
    };
    let bytes = serde_json::to_vec(&manifest).unwrap();
    store.put_manifest(&here, Some(&sig_tag(&subject.digest)), media_type::MANIFEST, &bytes).await.unwrap();
}

#[tokio::test]
async fn s02_older_signatures_over_something_else_do_not_count() {
    let (here, baker) = (repository("team-a/app"), Baker::new("baker"));
    let digest = image(&MemoryStore::new(), &here, "x").await.digest;
    let right = SimpleSigning::payload("team-a/app", &digest).unwrap();
    let atomic = String::from_utf8(right.clone()).unwrap().replace("cosign container image", "any");
    let sign = |bytes: &[u8]| Some(BASE64.encode(baker.key.sign(bytes)));
    for (what, payload, signature, expected) in [
        ("unharmed", right.clone(), sign(&right), "Good"),
        ("unsigned", right.clone(), None, "Malformed"),
        ("an empty signature", right.clone(), Some(String::new()), "Malformed"),
        ("no base64", right.clone(), Some("!".into()), "Malformed"),
        ("noise for a signature", right.clone(), Some(BASE64.encode([7; 71])), "WrongKey"),
        ("another payload's signature", right.clone(), sign(b"x"), "WrongKey"),
        ("a signed shopping list", b"bread".to_vec(), sign(b"bread"), "Malformed"),
        ("unsigned noise", b"bread".to_vec(), sign(b"x"), "Malformed"),
        ("another kind", atomic.clone().into_bytes(), sign(atomic.as_bytes()), "Malformed"),
    ] {
        let store = MemoryStore::new();
        let subject = image(&store, &here, "x").await;
        let mut layer = put(&store, &here, predicate::SIMPLE_SIGNING, &payload).await;
        layer.annotations.extend(signature.map(|text| (predicate::LEGACY_SIGNATURE.to_owned(), text)));
        put_sig(&store, &subject, vec![layer]).await;
        let found = look(&store, &subject.digest, &ring(&[&baker])).await.unwrap();
        assert_eq!(found.signatures.len(), 1, "{what}");
        let outcome = format!("{:?}", found.signatures[0].outcome);
        assert!(outcome.starts_with(expected), "{what}: {outcome}");
    }
}

#[tokio::test]
async fn s02_a_tag_that_holds_no_signatures_is_malformed_or_nothing() {
    let (here, baker) = (repository("team-a/app"), Baker::new("baker"));
    let store = MemoryStore::new();
    let subject = image(&store, &here, "x").await;
    let raw = store.manifest(&here, &Selector::Digest(subject.digest.clone())).await.unwrap();
    store.put_manifest(&here, Some(&sig_tag(&subject.digest)), media_type::MANIFEST, &raw.bytes).await.unwrap();
    let found = look(&store, &subject.digest, &ring(&[&baker])).await.unwrap();
    assert_eq!(found.signatures, [], "an image's layers are no signatures");
    let index = serde_json::to_vec(&bakery::domain::oci::ImageIndex::new(vec![subject.clone()])).unwrap();
    store.put_manifest(&here, Some(&sig_tag(&subject.digest)), media_type::INDEX, &index).await.unwrap();
    let found = look(&store, &subject.digest, &ring(&[&baker])).await.unwrap();
    assert!(matches!(&found.signatures[..], [seen] if matches!(seen.outcome, Outcome::Malformed { .. })), "{found:?}");
}

#[tokio::test]
async fn x01_text_in_a_signature_cannot_steer_a_terminal() {
    let (store, here, baker) = (MemoryStore::new(), repository("team-a/app"), Baker::new("baker"));
    let subject = image(&store, &here, "x").await;
    let name = format!("evil/\u{1b}[2J{}", "x".repeat(5000));
    baker.signing(&store, &here, &name, SignatureFormat::Both).sign(&subject).await.unwrap();
    let found = look(&store, &subject.digest, &ring(&[&baker])).await.unwrap();
    assert_eq!(found.signatures.len(), 2);
    for seen in found.signatures {
        let Outcome::OtherRepository { signed } = seen.outcome else { panic!("{seen:?}") };
        assert!(!signed.contains('\u{1b}') && signed.chars().count() < 300, "{signed}");
    }
}
