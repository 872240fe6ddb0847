//! A registry that loses, cuts and mangles what passes through it: families R-06, R-07, R-12, J-03.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bakery::adapters::store::registry::RegistryStore;
use bakery::adapters::store::{Store, StoreError, read_verified};
use bakery::domain::oci::{Descriptor, Digest, ImageManifest, media_type};
use bakery::report::Report;

use super::conformance::{repository, stream};
use super::registry::options;
use crate::support::faulty_registry::{FaultyRegistry, Heard, Say, Tail};

fn store(registry: &FaultyRegistry) -> RegistryStore {
    let mut options = options(&registry.host(), vec![]).plain_http(true);
    options.patience.idle = Duration::from_millis(300);
    RegistryStore::open(options).unwrap()
}

fn content() -> Vec<u8> {
    (0..100_000_u32).map(|n| (n % 251) as u8).collect()
}

fn layer(bytes: &[u8]) -> Descriptor {
    Descriptor::of(media_type::LAYER, bytes)
}

async fn pull(registry: &FaultyRegistry) -> Result<Vec<u8>, StoreError> {
    let blob = layer(&content());
    let source = store(registry).open_blob(&repository("a"), &blob).await?;
    read_verified(source, &blob, 1 << 20).await
}

async fn pull_error(registry: &FaultyRegistry) -> String {
    Report::from(pull(registry).await.unwrap_err()).to_string()
}

/// The rest of the content, as a range.
fn rest(heard: &Heard) -> Say {
    let content = content();
    let from: usize = heard.header("range").trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap();
    let range = format!("bytes {from}-{}/{}", content.len() - 1, content.len());
    Say::status(206).with_body(&content[from..]).header("content-range", range)
}

#[tokio::test]
async fn r06_a_broken_transfer_goes_on_where_it_broke() {
    for tail in [Tail::All, Tail::Stall] {
        let registry = FaultyRegistry::start(move |number, heard| match number {
            0 => Say::body(&content()[..40_000]).announcing(100_000).tail(tail.clone()),
            _ => rest(heard),
        })
        .await;
        assert!(pull(&registry).await.unwrap() == content());
        let heard = registry.heard();
        assert_eq!(heard.len(), 2);
        assert_eq!(heard[1].header("range"), "bytes=40000-");
    }
}

#[tokio::test]
async fn r06_a_registry_that_ignores_ranges_is_read_from_the_beginning() {
    let registry = FaultyRegistry::start(|number, _| match number {
        0 => Say::body(&content()[..40_000]).announcing(100_000),
        _ => Say::body(content()),
    })
    .await;
    assert!(pull(&registry).await.unwrap() == content());
}

#[tokio::test]
async fn r06_the_digest_covers_all_pieces() {
    let registry = FaultyRegistry::start(|number, heard| match number {
        0 => Say::body(vec![0; 40_000]).announcing(100_000),
        _ => rest(heard),
    })
    .await;
    assert!(pull_error(&registry).await.contains("J-03"));
}

#[tokio::test]
async fn r06_wrong_lengths_ranges_and_encodings_are_refused() {
    let whole = content();
    let wrong: [Say; 4] = [
        Say::body(&whole[..99_999]),
        Say::body([&whole[..], b"!"].concat()),
        Say::body(whole.clone()).header("content-encoding", "gzip"),
        Say::status(206).with_body(whole.clone()).header("content-range", "bytes 0-99999/100000"),
    ];
    for say in wrong {
        let registry = FaultyRegistry::start(move |_, _| say.clone()).await;
        let text = pull_error(&registry).await;
        assert!(text.contains("R-06"), "{text}");
        assert_eq!(registry.heard().len(), 1, "no second try helps");
    }
    for range in ["bytes 0-59999/100000", "bytes 40000-99999/100001", "bytes 40000-99998/100000", "", "junk"] {
        let registry = FaultyRegistry::start(move |number, _| match number {
            0 => Say::body(&content()[..40_000]).announcing(100_000),
            _ => Say::status(206).with_body(&content()[40_000..]).header("content-range", range),
        })
        .await;
        let text = pull_error(&registry).await;
        assert!(text.contains("R-06"), "{range}: {text}");
    }
}

#[tokio::test]
async fn j03_a_byte_too_many_or_too_few_without_an_announced_length_is_refused() {
    let chunked = |bytes: &[u8], end: &str| {
        let head = format!("{:x}\r\n", bytes.len());
        let body = [head.as_bytes(), bytes, b"\r\n", end.as_bytes()].concat();
        Say::body(body).header("transfer-encoding", "chunked")
    };
    let whole = content();
    for (say, fine) in [
        (chunked(&whole, "0\r\n\r\n"), true),
        (chunked(&[&whole[..], b"!"].concat(), "0\r\n\r\n"), false),
        (chunked(&whole, "1\r\n!\r\n0\r\n\r\n"), false),
        (chunked(&vec![7; 100_000], "0\r\n\r\n"), false),
        // Never ends, but all that was asked for is there.
        (chunked(&whole, "").tail(Tail::Stall), true),
    ] {
        let registry = FaultyRegistry::start(move |_, _| say.clone()).await;
        let result = pull(&registry).await;
        assert_eq!(result.is_ok(), fine, "{:?}", result.err());
    }
}

#[tokio::test]
async fn r07_stalls_and_single_bytes_end_as_stalled() {
    for say in [
        Say::body(&content()[..10]).announcing(100_000).tail(Tail::Stall),
        Say::body(content()).tail(Tail::Drip(Duration::from_millis(10))),
    ] {
        let registry = FaultyRegistry::start(move |_, _| say.clone()).await;
        let text = pull_error(&registry).await;
        assert!(text.contains("stalled") && text.contains("R-07"), "{text}");
        assert!(registry.heard().len() <= 3, "tries are bounded");
    }
}

/// A registry that takes uploads as it should; `fault` may answer first.
async fn upload_registry(
    fault: impl Fn(usize, &Heard, &mut Vec<u8>) -> Option<Say> + Send + Sync + 'static,
) -> FaultyRegistry {
    let held = Arc::new(Mutex::new((Vec::<u8>::new(), false)));
    FaultyRegistry::start(move |number, heard| {
        let mut held = held.lock().unwrap();
        if let Some(say) = fault(number, heard, &mut held.0) {
            return say;
        }
        let at = |bytes: &[u8]| format!("0-{}", bytes.len().saturating_sub(1));
        let session = |status| Say::status(status).header("location", "/v2/a/blobs/uploads/session?state=x");
        match heard.method.as_str() {
            "HEAD" if held.1 => Say::status(200).with_body(held.0.clone()),
            "HEAD" => Say::status(404),
            "POST" => {
                held.0.clear();
                session(202)
            }
            "GET" => session(204).header("range", at(&held.0)),
            "PATCH" => {
                let from: usize = heard.header("content-range").split('-').next().unwrap().parse().unwrap();
                if from != held.0.len() {
                    return Say::status(416);
                }
                held.0.extend_from_slice(&heard.body);
                session(202).header("range", at(&held.0))
            }
            "PUT" => {
                held.0.extend_from_slice(&heard.body);
                let digest = Digest::of(&held.0).to_string().replace(':', "%3A");
                if !heard.path.ends_with(&format!("state=x&digest={digest}")) {
                    return Say::status(400).with_body(r#"{"errors":[{"code":"DIGEST_INVALID"}]}"#);
                }
                held.1 = true;
                Say::status(201)
            }
            _ => Say::status(204),
        }
    })
    .await
}

/// More than two chunks.
fn large() -> Vec<u8> {
    content().repeat(180)
}

async fn push(registry: &FaultyRegistry, bytes: &[u8]) -> Result<(), StoreError> {
    store(registry).put_blob(&repository("a"), &layer(bytes), stream(bytes)).await
}

#[tokio::test]
async fn r12_a_broken_chunk_is_resumed_from_what_arrived() {
    // The second chunk breaks after a million bytes, then once more before any.
    let registry = upload_registry(|number, heard, held| match (heard.method.as_str(), number) {
        ("PATCH", 3) => {
            held.extend_from_slice(&heard.body[..1_000_000]);
            Some(Say::hang_up())
        }
        ("PATCH", 5) => Some(Say::status(503)),
        _ => None,
    })
    .await;
    push(&registry, &large()).await.unwrap();
    let heard = registry.heard();
    let ranges: Vec<&str> = heard.iter().filter(|h| h.method == "PATCH").map(|h| h.header("content-range")).collect();
    let chunk = 8 << 20;
    assert_eq!(ranges[2], format!("{}-{}", chunk + 1_000_000, 2 * chunk - 1), "{ranges:?}");
    assert_eq!(ranges[3], ranges[2]);
}

#[tokio::test]
async fn r12_the_end_whose_answer_is_lost_is_looked_up() {
    for bytes in [content(), large()] {
        let registry = upload_registry(|_, _, _| None).await;
        push(&registry, &bytes).await.unwrap();
        // Once it is there, nothing is sent again.
        push(&registry, &bytes).await.unwrap();
        let sent = registry.heard().iter().filter(|heard| heard.method == "POST").count();
        assert_eq!(sent, 1);
    }
    let done = Arc::new(Mutex::new(false));
    let registry = FaultyRegistry::start(move |_, heard| match heard.method.as_str() {
        "HEAD" if *done.lock().unwrap() => Say::status(200).with_body(content()),
        "HEAD" => Say::status(404),
        "POST" => Say::status(202).header("location", "/v2/a/blobs/uploads/s"),
        _ => {
            *done.lock().unwrap() = true;
            Say::hang_up()
        }
    })
    .await;
    push(&registry, &content()).await.unwrap();
}

#[tokio::test]
async fn r12_a_lost_session_is_begun_again_only_while_everything_is_in_hand() {
    let registry =
        upload_registry(|number, heard, _| (heard.method == "PUT" && number < 3).then(|| Say::status(404))).await;
    push(&registry, &content()).await.unwrap();
    let registry =
        upload_registry(|number, heard, _| (heard.method == "PATCH" && number < 3).then(|| Say::status(404))).await;
    push(&registry, &large()).await.unwrap();
    let registry =
        upload_registry(|number, heard, _| (heard.method == "PATCH" && number > 2).then(|| Say::status(404))).await;
    let error = push(&registry, &large()).await.unwrap_err().to_string();
    assert!(error.contains("R-12") && error.contains("try again"), "{error}");
}

#[tokio::test]
async fn r12_refusals_are_told_and_nothing_is_claimed() {
    let too_large = upload_registry(|_, heard, _| (heard.method == "PUT").then(|| Say::status(413))).await;
    let error = push(&too_large, &content()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Refused { reason, .. } if reason.contains("413")), "{error}");
    let refuses = upload_registry(|_, heard, held| {
        if heard.method == "PUT" {
            held.push(0);
        }
        None
    })
    .await;
    let error = push(&refuses, &content()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Refused { reason, .. } if reason.contains("400")), "{error}");
    let other = Digest::of(b"other").to_string();
    let lies = upload_registry(move |_, heard, _| {
        (heard.method == "PUT").then(|| Say::status(201).header("docker-content-digest", other.clone()))
    })
    .await;
    let error = push(&lies, &content()).await.unwrap_err();
    assert!(error.to_string().starts_with("R-12"), "{error}");
    let forgets = upload_registry(|_, heard, _| {
        (heard.method == "PATCH")
            .then(|| Say::status(202).header("location", "/v2/a/blobs/uploads/s").header("range", "0-9"))
    })
    .await;
    assert!(push(&forgets, &large()).await.unwrap_err().to_string().contains("R-12"));
}

#[tokio::test]
async fn wrong_source_bytes_close_the_session_and_nothing_is_published() {
    let registry = upload_registry(|_, _, _| None).await;
    let (promised, sent) = (large(), &large()[1..]);
    let error = store(&registry).put_blob(&repository("a"), &layer(&promised), stream(sent)).await.unwrap_err();
    assert!(matches!(error, StoreError::Mismatch { .. }), "{error}");
    let heard = registry.heard();
    assert!(heard.iter().all(|heard| heard.method != "PUT"));
    assert_eq!(heard.last().unwrap().method, "DELETE");
}

#[tokio::test]
async fn a_mount_that_does_not_mount_leaves_its_session_for_the_upload() {
    let registry = upload_registry(|_, _, _| None).await;
    let (store, here, bytes) = (store(&registry), repository("a"), content());
    assert!(!store.mount_blob(&here, &layer(&bytes), &repository("b/c")).await.unwrap());
    store.put_blob(&here, &layer(&bytes), stream(&bytes)).await.unwrap();
    let asked: Vec<String> =
        registry.heard().into_iter().filter(|heard| heard.method == "POST").map(|heard| heard.path).collect();
    assert_eq!(asked, [format!("/v2/a/blobs/uploads/?mount={}&from=b/c", layer(&bytes).digest)]);
}

#[tokio::test]
async fn the_fallback_tag_is_written_only_where_the_registry_keeps_no_referrers() {
    let subject = Descriptor::of(media_type::MANIFEST, b"subject");
    let empty = Descriptor::of(media_type::EMPTY, b"{}");
    let manifest = ImageManifest {
        schema_version: 2,
        media_type: Some(media_type::MANIFEST.into()),
        artifact_type: Some("application/x".into()),
        config: empty.clone(),
        layers: vec![empty],
        subject: Some(subject.clone()),
        annotations: Default::default(),
    };
    let bytes = serde_json::to_vec(&manifest).unwrap();
    for keeps in [true, false] {
        let (said, index) = (subject.digest.to_string(), Arc::new(Mutex::new(None::<Vec<u8>>)));
        let registry = FaultyRegistry::start(move |_, heard| {
            let mut index = index.lock().unwrap();
            let fallback = heard.path.contains("/manifests/sha256-");
            match (heard.method.as_str(), index.clone()) {
                ("PUT", _) if fallback => {
                    *index = Some(heard.body.clone());
                    Say::status(201)
                }
                ("PUT", _) if keeps => Say::status(201).header("oci-subject", said.clone()),
                ("PUT", _) => Say::status(201),
                ("GET", Some(bytes)) if fallback => Say::body(bytes).header("content-type", media_type::INDEX),
                _ => Say::status(404),
            }
        })
        .await;
        let store = store(&registry);
        store.put_manifest(&repository("a"), None, media_type::MANIFEST, &bytes).await.unwrap();
        let written = registry.heard().iter().filter(|heard| heard.is("PUT", "/v2/a/manifests/sha256-")).count();
        assert_eq!(written, usize::from(!keeps));
        if !keeps {
            let found = store.referrers(&repository("a"), &subject.digest, Some("application/x")).await.unwrap();
            assert_eq!(found.len(), 1);
        }
    }
}
