//! Signatures without a key: what must hold of certificate, log and identity, broken one by one.

use std::sync::Arc;

use bakery::adapters::signing::{Identity, Keyless, Keyring, SubjectPattern, TrustedRoot};
use bakery::adapters::store::MemoryStore;
use bakery::domain::oci::Digest;
use bakery::domain::trust::attest::{Statement, predicate};
use bakery::domain::trust::{Outcome, Signer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType};
use serde_json::{Value, json};

use super::authority::{Authority, Certified, ISSUER, Leaf, MADE, Made, Published, SUBJECT, body, plain_body};
use super::outcomes::attach;
use super::{NOW, image, look};
use crate::store::conformance::repository;

/// A log's entry of payload, signature and certificate.
type MakeBody<'a> = dyn Fn(&[u8], &[u8], &[u8]) -> Value + 'a;

fn ring(authority: &Authority, identities: Vec<Identity>) -> Keyring {
    let root = Arc::new(TrustedRoot::parse(authority.root().as_bytes()).unwrap());
    Keyring { keys: Vec::new(), keyless: Some(Keyless { root, identities }) }
}

fn expected() -> Identity {
    Identity { issuer: ISSUER.into(), subject: SubjectPattern::Exact(SUBJECT.into()) }
}

fn statement(digest: &Digest) -> Vec<u8> {
    serde_json::to_vec(&Statement::about("team-a/app", digest, predicate::SIGN, json!({}))).unwrap()
}

/// How verifying a bundle over the image ends.
async fn outcome(ring: &Keyring, make: impl FnOnce(&Digest) -> Value) -> Outcome {
    let (store, here) = (MemoryStore::new(), repository("team-a/app"));
    let subject = image(&store, &here, "x").await;
    attach(&store, &subject, make(&subject.digest).to_string().as_bytes()).await;
    let mut found = look(&store, &subject.digest, ring).await.unwrap();
    assert_eq!(found.signatures.len() + found.attestations.len(), 1);
    found.signatures.remove(0).outcome
}

/// How verifying ends for a bundle that `change` touched.
async fn changed(
    authority: &Authority,
    leaf: &Leaf,
    at: i64,
    change: impl FnOnce(&mut Value, &[u8], &Certified),
) -> Outcome {
    let make = |digest: &Digest| {
        let (payload, certified) = (statement(digest), authority.certify(leaf));
        let mut bundle = authority.bundle(&payload, &certified, at);
        change(&mut bundle, &payload, &certified);
        bundle
    };
    outcome(&ring(authority, vec![expected()]), make).await
}

fn good() -> Outcome {
    Outcome::Good { signer: Signer::Identity { issuer: ISSUER.into(), subject: SUBJECT.into() } }
}

#[track_caller]
fn is_untrusted(outcome: &Outcome, reason: &str) {
    let Outcome::Untrusted { why } = outcome else { panic!("{outcome:?} instead of {reason}") };
    assert!(why.contains(reason), "{why:?} does not say {reason:?}");
}

#[tokio::test]
async fn a_bundle_without_a_key_is_its_identitys() {
    let authority = Authority::new();
    assert_eq!(changed(&authority, &Leaf::default(), MADE, |_, _, _| {}).await, good());
    // A private authority may run without a log of its certificates.
    let plain = Authority::made(Made { certificate_log: false, ..Made::default() });
    let leaf = Leaf { published: Published::No, older_issuer: None, ..Leaf::default() };
    assert_eq!(changed(&plain, &leaf, MADE, |_, _, _| {}).await, good());
    // Some files have the chain the other way round.
    let turned = Authority::made(Made { anchor_first: true, ..Made::default() });
    assert_eq!(changed(&turned, &Leaf::default(), MADE, |_, _, _| {}).await, good());
    // A store that trusts nobody without a key says so.
    let none = outcome(&Keyring::default(), |digest| {
        authority.bundle(&statement(digest), &authority.certify(&Leaf::default()), MADE)
    })
    .await;
    is_untrusted(&none, "its store trusts none");
}

#[tokio::test]
async fn s01_what_an_identity_signed_for_another_image_is_not_good() {
    let authority = Authority::new();
    let other = Digest::of(b"other");
    let found = outcome(&ring(&authority, vec![expected()]), |_| {
        authority.bundle(&statement(&other), &authority.certify(&Leaf::default()), MADE)
    })
    .await;
    assert_eq!(found, Outcome::OtherDigest { signed: other.to_string() });
}

#[tokio::test]
async fn s06_an_entry_for_something_else_is_refused() {
    let authority = Authority::new();
    let leaf = Leaf::default();
    let entry = "/verificationMaterial/tlogEntries/0";
    let with_body = |make: &MakeBody<'_>, bundle: &mut Value, payload: &[u8], by: &Certified| {
        let signature = BASE64.decode(bundle["dsseEnvelope"]["signatures"][0]["sig"].as_str().unwrap()).unwrap();
        *bundle.pointer_mut(entry).unwrap() = authority.entry(&make(payload, &signature, &by.der), MADE);
    };
    let another = authority.certify(&leaf);
    // The fixture's own way of replacing an entry is sound.
    let same = changed(&authority, &leaf, MADE, |bundle, payload, by| {
        with_body(&|p, s, c| body(p, s, c), bundle, payload, by);
    });
    assert_eq!(same.await, good());
    let plain = |p: &[u8], s: &[u8], c: &[u8]| plain_body(p, s, c);
    let plain = changed(&authority, &leaf, MADE, |bundle, payload, by| with_body(&plain, bundle, payload, by)).await;
    assert_eq!(plain, good());
    let cases: [(&MakeBody<'_>, &str); 11] = [
        (&|_, s, c| body(b"another payload", s, c), "another payload"),
        (&|p, _, c| body(p, b"another", c), "another signature"),
        (&|p, s, _| body(p, s, &another.der), "another certificate"),
        (
            &|p, s, c| {
                let mut body = body(p, s, c);
                body["spec"]["signatures"] = json!([]);
                body
            },
            "another number of signatures",
        ),
        (
            &|p, s, c| {
                let mut body = body(p, s, c);
                body["spec"]["payloadHash"]["algorithm"] = "sha1".into();
                body
            },
            "another payload",
        ),
        (&|_, s, c| plain_body(b"another payload", s, c), "another payload"),
        (&|p, _, c| plain_body(p, b"another", c), "another signature"),
        (&|p, s, _| plain_body(p, s, &another.der), "another certificate"),
        (&|_, _, _| json!({"kind": "hashedrekord", "apiVersion": "0.0.1", "spec": {}}), "another payload"),
        (
            &|_, _, _| json!({"kind": "hashedrekord", "apiVersion": "0.0.2", "spec": {}}),
            "hashedrekord 0.0.2, which is not",
        ),
        (&|_, _, _| json!({"kind": "dsse", "apiVersion": "0.0.1"}), "another payload"),
    ];
    for (make, reason) in cases {
        let found = changed(&authority, &leaf, MADE, |bundle, payload, by| with_body(make, bundle, payload, by)).await;
        is_untrusted(&found, reason);
    }
}

#[tokio::test]
async fn s06_a_log_that_does_not_stand_for_its_entry_is_refused() {
    let (authority, foreign) = (Authority::new(), Authority::new());
    let at = |pointer: &str| format!("/verificationMaterial/tlogEntries/0{pointer}");
    let another_root = authority.checkpoint(3, &[7; 32]);
    let cases: [(&str, Value, &str); 13] = [
        ("/integratedTime", json!((MADE + 1).to_string()), "entry and time does not hold"),
        ("/logIndex", json!("42"), "entry and time does not hold"),
        ("/inclusionPromise/signedEntryTimestamp", json!("AAAA"), "entry and time does not hold"),
        ("/inclusionProof", Value::Null, "no proof of inclusion"),
        ("/inclusionProof/rootHash", json!(BASE64.encode([7; 32])), "proof of inclusion does not hold"),
        ("/inclusionProof/hashes", json!([]), "proof of inclusion does not hold"),
        ("/inclusionProof/logIndex", json!("0"), "proof of inclusion does not hold"),
        ("/inclusionProof/treeSize", json!("2"), "proof of inclusion does not hold"),
        ("/inclusionProof/treeSize", json!("4"), "checkpoint does not hold"),
        ("/inclusionProof/checkpoint/envelope", json!(""), "checkpoint does not hold"),
        ("/inclusionProof/checkpoint/envelope", json!(another_root), "checkpoint does not hold"),
        ("/logId/keyId", json!(BASE64.encode([0; 32])), "none of the trusted root's"),
        ("/kindVersion/kind", json!("intoto"), "another kind of entry"),
    ];
    for (pointer, value, reason) in cases {
        let found = changed(&authority, &Leaf::default(), MADE, |bundle, _, _| {
            *bundle.pointer_mut(&at(pointer)).unwrap() = value.clone();
        })
        .await;
        is_untrusted(&found, reason);
    }
    // A checkpoint another log signed, for the very same tree.
    let found = changed(&authority, &Leaf::default(), MADE, |bundle, _, _| {
        let root = bundle.pointer(&at("/inclusionProof/rootHash")).unwrap().as_str().unwrap();
        let checkpoint = foreign.checkpoint(3, &BASE64.decode(root).unwrap());
        *bundle.pointer_mut(&at("/inclusionProof/checkpoint/envelope")).unwrap() = checkpoint.into();
    })
    .await;
    is_untrusted(&found, "checkpoint does not hold");
    for entries in [json!([]), Value::Null] {
        let found = changed(&authority, &Leaf::default(), MADE, |bundle, _, _| {
            bundle["verificationMaterial"]["tlogEntries"] = entries;
        })
        .await;
        is_untrusted(&found, "one signature and one log entry");
    }
}

#[tokio::test]
async fn s06_the_time_must_be_told_by_the_log_and_lie_within_the_certificate() {
    let authority = Authority::new();
    let expired = |outcome: Outcome, reason: &str| {
        let Outcome::Expired { why } = &outcome else { panic!("{outcome:?} instead of {reason}") };
        assert!(why.contains(reason), "{why}");
    };
    let leaf = Leaf::default();
    let promise = "/verificationMaterial/tlogEntries/0/inclusionPromise";
    let untold = changed(&authority, &leaf, MADE, |bundle, _, _| *bundle.pointer_mut(promise).unwrap() = Value::Null);
    expired(untold.await, "no signed time");
    expired(changed(&authority, &leaf, leaf.from - 1, |_, _, _| {}).await, "its certificate held from");
    expired(changed(&authority, &leaf, leaf.from + 601, |_, _, _| {}).await, "its certificate held from");
    assert_eq!(changed(&authority, &leaf, leaf.from, |_, _, _| {}).await, good());
    let later = Leaf { from: NOW + 1000, ..leaf };
    expired(changed(&authority, &later, NOW + 1060, |_, _, _| {}).await, "in the future");
}

#[tokio::test]
async fn s02_certificates_that_do_not_lead_to_the_root_are_refused() {
    let (authority, foreign) = (Authority::new(), Authority::new());
    // The stranger's certificate, in our log.
    let found = outcome(&ring(&authority, vec![expected()]), |digest| {
        authority.bundle(&statement(digest), &foreign.certify(&Leaf::default()), MADE)
    })
    .await;
    is_untrusted(&found, "the authority's signature does not hold");
    // Our certificate, another key's signature.
    let found = outcome(&ring(&authority, vec![expected()]), |digest| {
        let key = authority.certify(&Leaf::default()).key;
        let certified = Certified { der: authority.certify(&Leaf::default()).der, key };
        authority.bundle(&statement(digest), &certified, MADE)
    })
    .await;
    is_untrusted(&found, "its own certificate's key did not sign it");
    let leaf = Leaf::default;
    let mail = || SanType::Rfc822Name("baker@shop.example".try_into().unwrap());
    let cases = [
        (Leaf { purposes: vec![ExtendedKeyUsagePurpose::ServerAuth], ..leaf() }, "not for signing code"),
        (Leaf { purposes: vec![], ..leaf() }, "not for signing code"),
        (Leaf { usages: vec![KeyUsagePurpose::KeyAgreement], ..leaf() }, "not for signatures"),
        (Leaf { is_ca: IsCa::Ca(BasicConstraints::Unconstrained), ..leaf() }, "is an authority's"),
        (Leaf { odd_extension: true, ..leaf() }, "unknown extension"),
        (Leaf { names: vec![], ..leaf() }, "not one mail address or URI"),
        (Leaf { names: vec![mail(), mail()], ..leaf() }, "not one mail address or URI"),
        (Leaf { names: vec![SanType::DnsName("a.b".try_into().unwrap())], ..leaf() }, "not one mail address or URI"),
        (Leaf { older_issuer: Some("https://other.example"), ..leaf() }, "names two issuers"),
        (Leaf { published: Published::No, ..leaf() }, "no certificate log has its certificate"),
        (Leaf { published: Published::ByAnotherLog, ..leaf() }, "no certificate log of the trusted root"),
        (Leaf { published: Published::ForAnotherCertificate, ..leaf() }, "no certificate log of the trusted root"),
    ];
    for (leaf, reason) in cases {
        is_untrusted(&changed(&authority, &leaf, MADE, |_, _, _| {}).await, reason);
    }
    for (made, reason) in [
        (Made { trusted_from: MADE + 1, ..Made::default() }, "no authority of the trusted root was trusted"),
        (Made { trusted_until: MADE - 1, ..Made::default() }, "no authority of the trusted root was trusted"),
        (Made { root_until: MADE - 1, ..Made::default() }, "an authority's certificate held from"),
        (Made { path_length: 0, ..Made::default() }, "longer than it may be"),
        (Made { intermediate_is_ca: false, ..Made::default() }, "no authority's"),
        (Made { log_from: MADE + 1, ..Made::default() }, "was not trusted at that time"),
    ] {
        is_untrusted(&changed(&Authority::made(made), &Leaf::default(), MADE, |_, _, _| {}).await, reason);
    }
    let broken = changed(&authority, &Leaf::default(), MADE, |bundle, _, _| {
        bundle["verificationMaterial"]["certificate"]["rawBytes"] = "MAA=".into();
    })
    .await;
    is_untrusted(&broken, "cannot be read");
}

#[tokio::test]
async fn s12_only_the_named_identity_counts() {
    let authority = Authority::new();
    let identity = |issuer: &str, subject: SubjectPattern| Identity { issuer: issuer.into(), subject };
    let exact = |text: &str| SubjectPattern::Exact(text.into());
    let matching = |text: &str| SubjectPattern::matching(text).unwrap();
    let cases = [
        (vec![identity(ISSUER, matching("https://git[.]example/team-a/.*"))], true),
        (vec![identity("https://x", exact(SUBJECT)), expected()], true),
        (vec![], false),
        (vec![identity("https://x", exact(SUBJECT))], false),
        (vec![identity(ISSUER, exact(&SUBJECT.to_uppercase()))], false),
        (vec![identity(ISSUER, exact("https://git.example/team-a/app"))], false),
        (vec![identity(ISSUER, matching("https://git.example/team-a"))], false),
        (vec![identity(ISSUER, matching("team-a"))], false),
    ];
    for (identities, counts) in cases {
        let shown = format!("{identities:?}");
        let found = outcome(&ring(&authority, identities), |digest| {
            authority.bundle(&statement(digest), &authority.certify(&Leaf::default()), MADE)
        })
        .await;
        let stranger = Outcome::WrongKey { hint: Some(format!("{SUBJECT} ({ISSUER})")) };
        assert_eq!(found, if counts { good() } else { stranger }, "{shown}");
    }
}
