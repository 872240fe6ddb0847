//! What signing and attesting write: in which forms, beside what is there, once.

use std::sync::Arc;

use bakery::adapters::signing::{Attachment, Said, SignatureFormat};
use bakery::adapters::store::layout::Layout;
use bakery::adapters::store::registry::RegistryStore;
use bakery::adapters::store::{ForeseenStore, MemoryStore, RawManifest, Selector, Store};
use bakery::domain::oci::{Digest, Manifest, media_type};
use bakery::domain::trust::Form;
use bakery::domain::trust::attest::{Summary, predicate};
use serde_json::json;

use super::{Baker, good, image, look, outcomes, ring};
use crate::store::conformance::{repository, tag};
use crate::store::registry::options;
use crate::support::docker_registry::{DockerRegistry, Door};
use crate::support::peers;

/// Every store takes signatures the same way, and twice is once.
async fn signs(store: &dyn Store) {
    let (here, baker, other) = (repository("team-a/app"), Baker::new("baker"), Baker::new("other"));
    for (number, (format, forms)) in [
        (SignatureFormat::Bundle, vec![Form::Bundle]),
        (SignatureFormat::Legacy, vec![Form::Legacy]),
        (SignatureFormat::Both, vec![Form::Bundle, Form::Legacy]),
    ]
    .into_iter()
    .enumerate()
    {
        let subject = image(store, &here, &format!("format {number}")).await;
        assert_eq!(outcomes(&look(store, &subject.digest, &ring(&[&baker])).await.unwrap()), [], "unsigned");
        for time in ["first", "second"] {
            baker.signing(store, &here, "team-a/app", format).sign(&subject).await.unwrap();
            let found = outcomes(&look(store, &subject.digest, &ring(&[&baker])).await.unwrap());
            let expected: Vec<_> = forms.iter().map(|form| (*form, good(&baker))).collect();
            assert_eq!(found, expected, "{format:?}, the {time} time");
        }
        // Another's signature stands beside it.
        other.signing(store, &here, "team-a/app", format).sign(&subject).await.unwrap();
        let both = outcomes(&look(store, &subject.digest, &ring(&[&baker, &other])).await.unwrap());
        assert_eq!(both.len(), 2 * forms.len(), "{both:?}");
        for form in forms {
            assert!(both.contains(&(form, good(&baker))) && both.contains(&(form, good(&other))), "{both:?}");
        }
    }
    let subject = image(store, &here, "stated").await;
    let signing = baker.signing(store, &here, "team-a/app", SignatureFormat::Both);
    let said = json!({"verificationResult": "PASSED"});
    let first = signing.attest(&subject, predicate::SUMMARY, &said).await.unwrap();
    let second = signing.attest(&subject, predicate::SUMMARY, &said).await.unwrap();
    assert_eq!(first, second, "the same said twice is said once");
    let third = signing.attest(&subject, predicate::SUMMARY, &json!({"verificationResult": "FAILED"})).await.unwrap();
    assert_ne!(first, third);
    let found = look(store, &subject.digest, &ring(&[&baker])).await.unwrap();
    assert_eq!(found.signatures, [], "a statement is no signature");
    let said: Vec<bool> = found
        .good(predicate::SUMMARY)
        .map(|seen| Summary::says_passed(seen.predicate.as_ref().unwrap()).unwrap())
        .collect();
    assert_eq!(said.len(), 2);
    assert!(said.contains(&true) && said.contains(&false));
}

#[tokio::test]
async fn a_store_in_memory_takes_signatures() {
    signs(&MemoryStore::new()).await;
}

#[tokio::test]
async fn a_layout_takes_signatures() {
    let folder = tempfile::tempdir().unwrap();
    signs(&Layout::open_or_create(&folder.path().join("layout")).unwrap()).await;
}

#[tokio::test]
async fn a_registry_without_the_referrers_api_takes_signatures() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start();
    signs(&RegistryStore::open(options(&registry.host(), vec![])).unwrap()).await;
}

/// What needs no key goes before one is opened: then nothing has a name yet, and what others do meanwhile stays.
async fn is_ready_before_the_key(store: &dyn Store) {
    let (here, baker, other) = (repository("team-a/app"), Baker::new("baker"), Baker::new("other"));
    let subject = image(store, &here, "ready").await;
    let legacy = tag(&format!("{}.sig", subject.digest.to_string().replace(':', "-")));
    let at = Attachment { store, repository: &here, name: "team-a/app", format: SignatureFormat::Both };
    let predicate = json!({"verificationResult": "PASSED"});
    let said = [Said { subject: &subject, predicate_type: predicate::SUMMARY, predicate: &predicate }];
    let ready = at.ready(std::slice::from_ref(&subject), &said).await.unwrap();
    assert_eq!(store.referrers(&here, &subject.digest, None).await.unwrap(), []);
    assert!(store.resolve(&here, &Selector::Tag(legacy)).await.is_err(), "no signature, no tag");
    other.signing(store, &here, "team-a/app", SignatureFormat::Both).sign(&subject).await.unwrap();
    let stated = ready.sign(&baker.key).await.unwrap();
    assert_eq!(stated.len(), 2, "the signature's bundle and the statement");
    let found = look(store, &subject.digest, &ring(&[&baker, &other])).await.unwrap();
    let signed = outcomes(&found);
    for by in [&baker, &other] {
        for form in [Form::Bundle, Form::Legacy] {
            assert!(signed.contains(&(form, good(by))), "{signed:?}");
        }
    }
    assert_eq!((signed.len(), found.good(predicate::SUMMARY).count()), (4, 1));
}

#[tokio::test]
async fn what_needs_no_key_is_written_before_it_is_open_in_memory_and_in_a_layout() {
    is_ready_before_the_key(&MemoryStore::new()).await;
    let folder = tempfile::tempdir().unwrap();
    is_ready_before_the_key(&Layout::open_or_create(&folder.path().join("layout")).unwrap()).await;
}

#[tokio::test]
async fn what_needs_no_key_is_written_before_it_is_open_in_a_registry_that_is_asked_once_for_what_it_lacks() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start_behind(Door::Watched);
    is_ready_before_the_key(&RegistryStore::open(options(&registry.host(), vec![])).unwrap()).await;
    let asked = registry.requests().into_iter().filter(|(_, path)| path.contains("/referrers/")).count();
    assert_eq!(asked, 1, "it has no such list, whatever the subject");
}

/// What was attached is read by whoever wrote it; that somebody overwrote a list at the same moment is seen, and mended.
async fn is_seen_to_be_there(inner: Arc<dyn Store>) {
    let (here, baker) = (repository("team-a/app"), Baker::new("baker"));
    let subject = image(&*inner, &here, "overwritten").await;
    let store = ForeseenStore::new(Arc::clone(&inner), &here, &[predicate::BUNDLE, predicate::SIMPLE_SIGNING]);
    let at = Attachment { store: &store, repository: &here, name: "team-a/app", format: SignatureFormat::Both };
    let predicate = json!({"verificationResult": "PASSED"});
    let said = [Said { subject: &subject, predicate_type: predicate::SUMMARY, predicate: &predicate }];
    let sealed = at.ready(std::slice::from_ref(&subject), &said).await.unwrap().seal(&baker.key).await.unwrap();
    assert!(outcomes(&look(&store, &subject.digest, &ring(&[&baker])).await.unwrap()).is_empty());
    sealed.attach_unseen().await.unwrap();
    assert!(!sealed.is_seen_in(&store), "nobody has looked since");
    let attached = async || {
        let found = look(&store, &subject.digest, &ring(&[&baker])).await.unwrap();
        (outcomes(&found), found.good(predicate::SUMMARY).count())
    };
    let all = (vec![(Form::Bundle, good(&baker)), (Form::Legacy, good(&baker))], 1);
    assert_eq!(attached().await, all);
    assert!(sealed.is_seen_in(&store));
    // Somebody who had read them before puts them as they were.
    let named = subject.digest.to_string().replace(':', "-");
    let emptied = [(tag(&named), media_type::INDEX), (tag(&format!("{named}.sig")), media_type::MANIFEST)];
    for (tag, kind) in emptied {
        let Ok(RawManifest { bytes, .. }) = inner.manifest(&here, &Selector::Tag(tag.clone())).await else { continue };
        let mut document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        document[if kind == media_type::INDEX { "manifests" } else { "layers" }] = json!([]);
        inner.put_manifest(&here, Some(&tag), kind, document.to_string().as_bytes()).await.unwrap();
        assert_ne!(attached().await, all);
        assert!(!sealed.is_seen_in(&store), "{tag}");
        sealed.attach().await.unwrap();
        assert_eq!(attached().await, all);
        assert!(sealed.is_seen_in(&store), "{tag}");
    }
}

#[tokio::test]
async fn what_others_overwrite_while_something_is_attached_is_seen_in_memory_and_in_a_registry() {
    is_seen_to_be_there(Arc::new(MemoryStore::new())).await;
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start();
    is_seen_to_be_there(Arc::new(RegistryStore::open(options(&registry.host(), vec![])).unwrap())).await;
}

#[tokio::test]
async fn a_referrer_is_written_as_cosign_writes_it() {
    let (store, here, baker) = (MemoryStore::new(), repository("team-a/app"), Baker::new("baker"));
    let subject = image(&store, &here, "x").await;
    baker.signing(&store, &here, "team-a/app", SignatureFormat::Both).sign(&subject).await.unwrap();
    let listed = store.referrers(&here, &subject.digest, Some(predicate::BUNDLE)).await.unwrap();
    let [referrer] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!(referrer.annotations["dev.sigstore.bundle.predicateType"], predicate::SIGN);
    let raw = store.manifest(&here, &Selector::Digest(referrer.digest.clone())).await.unwrap();
    let document: serde_json::Value = serde_json::from_slice(&raw.bytes).unwrap();
    assert_eq!(document["artifactType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
    assert_eq!(document["annotations"]["dev.sigstore.bundle.content"], "dsse-envelope");
    assert_eq!(document["config"]["digest"], Digest::of(b"{}").to_string());
    assert_eq!(document["subject"]["digest"], subject.digest.to_string());
    assert_eq!(document["subject"]["size"], subject.size);

    let legacy = tag(&format!("{}.sig", subject.digest.to_string().replace(':', "-")));
    let raw = store.manifest(&here, &Selector::Tag(legacy)).await.unwrap();
    let Ok(Manifest::Image(image)) = Manifest::parse(&raw.bytes, None) else { panic!() };
    assert_eq!(image.layers.len(), 1);
    assert_eq!(image.layers[0].media_type, predicate::SIMPLE_SIGNING);
}

#[tokio::test]
async fn k05_nothing_of_a_private_key_is_written_or_shown() {
    let (folder, here, baker) = (tempfile::tempdir().unwrap(), repository("team-a/app"), Baker::new("baker"));
    let layout = Layout::open_or_create(&folder.path().join("layout")).unwrap();
    let subject = image(&layout, &here, "x").await;
    let signing = baker.signing(&layout, &here, "team-a/app", SignatureFormat::Both);
    signing.sign(&subject).await.unwrap();
    signing.attest(&subject, predicate::SUMMARY, &json!({})).await.unwrap();
    let passphrase = bakery::adapters::signing::Passphrase::from("tulip-passphrase");
    let sealed = baker.key.to_pem(&passphrase).unwrap();
    let line = sealed.lines().nth(1).unwrap();
    let mut looked_at = 0;
    for entry in std::fs::read_dir(folder.path().join("layout/blobs/sha256")).unwrap() {
        let text = String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap()).into_owned();
        for secret in [line, "tulip-passphrase", "PRIVATE KEY"] {
            assert!(!text.contains(secret));
        }
        looked_at += 1;
    }
    assert!(looked_at >= 8, "{looked_at} blobs");
    assert_eq!(format!("{:?}", baker.key), format!("PrivateKey({})", baker.key.public().fingerprint()));
}

#[tokio::test]
async fn r13_a_tag_nobody_would_read_to_its_end_takes_no_more() {
    let (store, here, baker) = (MemoryStore::new(), repository("team-a/app"), Baker::new("baker"));
    let subject = image(&store, &here, "x").await;
    for number in 0..100 {
        let name = format!("name-{number}");
        baker.signing(&store, &here, &name, SignatureFormat::Legacy).sign(&subject).await.unwrap();
    }
    baker.signing(&store, &here, "name-99", SignatureFormat::Legacy).sign(&subject).await.unwrap();
    let error = baker.signing(&store, &here, "team-a/app", SignatureFormat::Both).sign(&subject).await.unwrap_err();
    assert!(error.to_string().contains("R-13: it holds 100 signatures already"), "{error}");
    // What has room for it stands.
    let found = look(&store, &subject.digest, &ring(&[&baker])).await.unwrap();
    assert_eq!(outcomes(&found).first(), Some(&(Form::Bundle, good(&baker))));
}

#[tokio::test]
async fn a_tag_that_holds_something_else_is_not_overwritten() {
    let (store, here, baker) = (MemoryStore::new(), repository("team-a/app"), Baker::new("baker"));
    let subject = image(&store, &here, "x").await;
    let legacy = tag(&format!("{}.sig", subject.digest.to_string().replace(':', "-")));
    let index = serde_json::to_vec(&bakery::domain::oci::ImageIndex::new(vec![subject.clone()])).unwrap();
    let kind = bakery::domain::oci::media_type::INDEX;
    let put = store.put_manifest(&here, Some(&legacy), kind, &index).await.unwrap();
    let error = baker.signing(&store, &here, "team-a/app", SignatureFormat::Legacy).sign(&subject).await.unwrap_err();
    assert!(error.to_string().contains("cannot be added to: it is an index"), "{error}");
    let still = store.resolve(&here, &Selector::Tag(legacy)).await.unwrap();
    assert_eq!(still.digest, put.digest);
}
