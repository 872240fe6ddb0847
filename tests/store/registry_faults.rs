//! A registry that lies, loops and leads astray: families R-01 to R-05, R-08 to R-11, R-13, J-02, J-08, K-03.

use std::path::PathBuf;
use std::time::Duration;

use bakery::adapters::store::registry::RegistryStore;
use bakery::adapters::store::{Selector, Store, StoreError};
use bakery::domain::oci::{Descriptor, Digest, ImageIndex, media_type};
use bakery::report::Report;

use super::conformance::{all_tags, repository, tag};
use super::registry::options;
use crate::support::faulty_registry::{FaultyRegistry, Heard, Say};

const INDEX: &str = r#"{"schemaVersion":2,"manifests":[]}"#;

fn store(registry: &FaultyRegistry) -> RegistryStore {
    store_with(registry, vec![])
}

fn store_with(registry: &FaultyRegistry, auth_files: Vec<PathBuf>) -> RegistryStore {
    RegistryStore::open(options(&registry.host(), auth_files).plain_http(true)).unwrap()
}

/// An auth file with an entry for `host`.
fn auth_file(folder: &tempfile::TempDir, host: &str, entry: &str) -> Vec<PathBuf> {
    let file = folder.path().join("auth.json");
    std::fs::write(&file, format!(r#"{{"auths":{{"{host}":{entry}}}}}"#)).unwrap();
    vec![file]
}

/// `user:s3cret`.
const PASSWORD: &str = r#"{"auth":"dXNlcjpzM2NyZXQ="}"#;

fn index() -> Say {
    Say::body(INDEX).header("content-type", media_type::INDEX)
}

async fn tags_error(registry: &FaultyRegistry) -> String {
    let error = store(registry).tags(&repository("a"), None).await.unwrap_err();
    Report::from(error).to_string()
}

#[tokio::test]
async fn r01_broken_challenges_and_junk_bodies_are_told_bounded_and_escaped() {
    for challenge in ["", "Bearer", "Bearer realm=", "Basic realm=\"x", "Negotiate", "%%%"] {
        let registry = FaultyRegistry::start(move |_, _| {
            let junk = "<html>\x1b[2J".to_owned() + &"x".repeat(200_000);
            Say::status(401).header("www-authenticate", challenge).with_body(junk)
        })
        .await;
        let text = tags_error(&registry).await;
        assert!(text.contains("401") && text.contains(&registry.host()) && text.contains("\\x1b"), "{text}");
        assert!(text.len() < 1500 && !text.contains('\x1b'), "{} bytes", text.len());
        assert_eq!(registry.heard().len(), 1, "nothing to answer {challenge:?} with");
    }
}

#[tokio::test]
async fn r01_a_refused_password_is_tried_once() {
    let registry = FaultyRegistry::start(|_, _| Say::status(401).header("www-authenticate", "Basic realm=\"r\"")).await;
    let folder = tempfile::tempdir().unwrap();
    let store = store_with(&registry, auth_file(&folder, &registry.host(), PASSWORD));
    let error = store.tags(&repository("a"), None).await.unwrap_err();
    assert!(matches!(&error, StoreError::Refused { .. }), "{error}");
    assert!(!error.to_string().contains("s3cret"));
    assert_eq!(registry.heard().len(), 2);
}

#[tokio::test]
async fn r01_statuses_name_host_and_repository() {
    for (status, word) in [(403, "403"), (400, "400"), (501, "501"), (404, "not found")] {
        let registry = FaultyRegistry::start(move |_, _| {
            Say::status(status).with_body(r#"{"errors":[{"code":"DENIED","message":"go away","detail":{}}]}"#)
        })
        .await;
        let text = tags_error(&registry).await;
        assert!(text.contains(word) && text.contains(&registry.host()) && text.contains('a'), "{text}");
        assert_eq!(text.contains("go away"), status != 404, "{text}");
        assert_eq!(registry.heard().len(), 1);
    }
}

#[tokio::test]
async fn r02_passing_failures_are_tried_again() {
    for status in [408, 429, 500, 502, 503, 504] {
        let registry = FaultyRegistry::start(move |number, _| match number {
            0 => Say::status(status).header("retry-after", "0"),
            1 => Say::hang_up(),
            _ => Say::body(r#"{"name":"a","tags":["1"]}"#),
        })
        .await;
        assert_eq!(all_tags(&store(&registry), &repository("a")).await, [tag("1")], "{status}");
    }
}

#[tokio::test]
async fn r02_lasting_failures_end_and_an_hour_is_not_waited_for() {
    let registry = FaultyRegistry::start(|_, _| Say::status(503).header("retry-after", "-5")).await;
    assert!(tags_error(&registry).await.contains("503"));
    assert_eq!(registry.heard().len(), 3, "as many tries as patience has");
    for asked in ["3600", "Tue, 31 Dec 2999 23:59:59 GMT", "99999999999999999999"] {
        let registry = FaultyRegistry::start(move |_, _| Say::status(429).header("retry-after", asked)).await;
        let text = tags_error(&registry).await;
        assert!(text.contains("429") && text.contains("asks to wait"), "{text}");
        assert_eq!(registry.heard().len(), 1);
    }
}

#[tokio::test]
async fn r03_authorization_does_not_follow_a_redirect_to_another_host() {
    let elsewhere = FaultyRegistry::start(|_, _| index()).await;
    let target = elsewhere.url("/storage");
    let registry = FaultyRegistry::start(move |_, heard| match heard.header("authorization") {
        "" => Say::status(401).header("www-authenticate", "Basic realm=\"r\""),
        _ => Say::status(307).header("location", target.clone()),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let store = store_with(&registry, auth_file(&folder, &registry.host(), PASSWORD));
    store.manifest(&repository("a"), &Selector::Tag(tag("1"))).await.unwrap();
    assert_eq!(registry.heard()[1].header("authorization"), "Basic dXNlcjpzM2NyZXQ=");
    let heard = elsewhere.heard();
    assert_eq!(heard.len(), 1);
    assert!(!heard[0].headers.contains_key("authorization"), "{heard:?}");
}

const FORBIDDEN: [&str; 5] = [
    "http://169.254.169.254/latest/meta-data",
    "http://[fe80::1]/x",
    "file:///etc/passwd",
    "http://user:pass@127.0.0.1/x",
    "http://0.0.0.0/x",
];

#[tokio::test]
async fn r04_redirects_astray_are_refused() {
    for target in FORBIDDEN {
        let registry = FaultyRegistry::start(move |_, _| Say::status(302).header("location", target)).await;
        let text = tags_error(&registry).await;
        assert!(text.contains("R-04") && !text.contains("pass@"), "{text}");
    }
    let registry = FaultyRegistry::start(|_, _| Say::status(302).header("location", "/v2/again")).await;
    assert!(tags_error(&registry).await.contains("redirects"));
}

#[tokio::test]
async fn r04_realms_upload_locations_and_links_astray_are_refused() {
    for target in FORBIDDEN {
        let registry = FaultyRegistry::start(move |_, heard| match heard.method.as_str() {
            "HEAD" => Say::status(404),
            "POST" => Say::status(202).header("location", target),
            _ if heard.path.contains("/tags/") => {
                Say::body(r#"{"name":"a","tags":["1"]}"#).header("link", format!("<{target}>; rel=\"next\""))
            }
            _ => Say::status(401).header("www-authenticate", format!("Bearer realm=\"{target}\"")),
        })
        .await;
        let (store, here, blob) = (store(&registry), repository("a"), Descriptor::of(media_type::LAYER, b"x"));
        let errors = [
            store.tags(&here, None).await.unwrap_err(),
            store.put_blob(&here, &blob, super::conformance::stream(b"x")).await.unwrap_err(),
            store.manifest(&here, &Selector::Tag(tag("1"))).await.unwrap_err(),
        ];
        for error in errors {
            assert!(error.to_string().contains("R-04"), "{target}: {error}");
        }
    }
}

/// A registry that wants tokens, and the server that gives them, in one.
async fn token_registry(token: impl Fn(usize, &Heard) -> Say + Send + Sync + 'static) -> FaultyRegistry {
    FaultyRegistry::start(move |number, heard| {
        let host = heard.header("host");
        if heard.path.starts_with("/token") {
            return token(number, heard);
        }
        match heard.header("authorization") {
            "Bearer good" => Say::body(r#"{"name":"a","tags":["1"]}"#),
            _ => Say::status(401).header(
                "www-authenticate",
                format!("Bearer realm=\"http://{host}/token\",service=\"the service\",scope=\"repository:a:pull\""),
            ),
        }
    })
    .await
}

#[tokio::test]
async fn bearer_tokens_are_fetched_once_a_scope() {
    let registry = token_registry(|_, _| Say::body(r#"{"token":"good","expires_in":300}"#)).await;
    let folder = tempfile::tempdir().unwrap();
    let store = store_with(&registry, auth_file(&folder, &registry.host(), PASSWORD));
    let here = repository("a");
    store.tags(&here, None).await.unwrap();
    futures_util::future::join_all((0..20).map(|_| store.tags(&here, None))).await;
    let asked: Vec<Heard> = registry.heard().into_iter().filter(|heard| heard.path.starts_with("/token")).collect();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].path, "/token?service=the+service&scope=repository%3Aa%3Apull");
    assert_eq!(asked[0].header("authorization"), "Basic dXNlcjpzM2NyZXQ=");
    store.tags(&repository("b"), None).await.unwrap();
    let scopes = registry.heard().iter().filter(|heard| heard.path.starts_with("/token")).count();
    assert_eq!(scopes, 2, "another repository, another token");
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let registry = token_registry(|number, _| match number {
        1 => Say::body(r#"{"access_token":"stale"}"#),
        _ => Say::body(r#"{"access_token":"good"}"#),
    })
    .await;
    let store = store(&registry);
    assert!(store.tags(&repository("a"), None).await.is_err(), "one answer to one challenge");
    assert!(store.tags(&repository("a"), None).await.is_ok());
    assert_eq!(registry.heard().iter().filter(|heard| heard.path.starts_with("/token")).count(), 2);
}

#[tokio::test]
async fn identity_tokens_are_exchanged() {
    let registry = token_registry(|_, heard| {
        assert_eq!(heard.method, "POST");
        Say::body(r#"{"access_token":"good"}"#)
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let entry = r#"{"identitytoken":"refresh me"}"#;
    let store = store_with(&registry, auth_file(&folder, &registry.host(), entry));
    store.tags(&repository("a"), None).await.unwrap();
    let heard = registry.heard();
    let asked = heard.iter().find(|heard| heard.path == "/token").unwrap();
    let form = String::from_utf8(asked.body.clone()).unwrap();
    assert!(form.contains("grant_type=refresh_token") && form.ends_with("refresh_token=refresh+me"), "{form}");
    assert!(asked.header("authorization").is_empty());
}

#[tokio::test]
async fn r05_token_answers_are_bounded() {
    let registry = token_registry(|_, _| Say::body("{").announcing(1 << 30)).await;
    assert!(tags_error(&registry).await.contains("R-05"));
    for body in ["null", "[[[[[[[[", r#"{"token":null}"#, r#"{"token":{"a":1}}"#] {
        let registry = token_registry(move |_, _| Say::body(body)).await;
        assert!(tags_error(&registry).await.contains("R-05"), "{body}");
    }
    let registry = token_registry(|_, _| {
        Say::body(format!("{:x}\r\n{}\r\n", 1 << 20, " ".repeat(1 << 20))).header("transfer-encoding", "chunked")
    })
    .await;
    assert!(tags_error(&registry).await.contains("R-05"), "also where no length is announced");
}

#[tokio::test]
async fn r08_loopback_without_tls_is_spoken_to_in_plain_http() {
    let registry = FaultyRegistry::start(|_, heard| match heard.path.as_str() {
        "/v2/" => Say::status(200),
        _ => Say::body(r#"{"name":"a","tags":["1"]}"#),
    })
    .await;
    let store = RegistryStore::open(options(&registry.host(), vec![])).unwrap();
    assert_eq!(all_tags(&store, &repository("a")).await, [tag("1")]);
    assert_eq!(all_tags(&store, &repository("a")).await, [tag("1")]);
    let probes = registry.heard().iter().filter(|heard| heard.path == "/v2/").count();
    assert_eq!(probes, 1, "found out once");
}

#[tokio::test]
async fn r08_no_other_host_falls_back_to_plain_http() {
    // An address of this machine that is not loopback, where it has one.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let Ok(address) = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr()) else {
        eprintln!("SKIPPED r08_no_other_host_falls_back_to_plain_http: this machine has only loopback");
        return;
    };
    if address.ip().is_loopback() {
        return;
    }
    let registry = FaultyRegistry::start_at(address.ip(), |_, _| Say::body(r#"{"name":"a","tags":["1"]}"#)).await;
    let store = RegistryStore::open(options(&registry.host(), vec![])).unwrap();
    let error = store.tags(&repository("a"), None).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    assert!(registry.heard().is_empty(), "not one word in plain HTTP");
}

fn tag_page(tags: &[&str], next: &str) -> Say {
    let list = serde_json::json!({"name": "a", "tags": tags});
    Say::body(list.to_string()).header("link", format!("<{next}>; rel=\"next\""))
}

#[tokio::test]
async fn r09_listings_that_repeat_themselves_end() {
    let same = FaultyRegistry::start(|_, _| tag_page(&["1", "2"], "/v2/a/tags/list?n=1000")).await;
    assert_eq!(all_tags(&store(&same), &repository("a")).await, [tag("1"), tag("2")]);

    let circle = FaultyRegistry::start(|_, heard| match heard.path.as_str() {
        "/v2/a/tags/list?p=2" => tag_page(&["3"], "/v2/a/tags/list?p=1"),
        _ => tag_page(&["1", "2"], "/v2/a/tags/list?p=2"),
    })
    .await;
    assert_eq!(all_tags(&store(&circle), &repository("a")).await, [tag("1"), tag("2"), tag("3")]);

    let deaf = FaultyRegistry::start(|number, _| tag_page(&["1", "2"], &format!("/v2/a/tags/list?p={number}"))).await;
    assert_eq!(all_tags(&store(&deaf), &repository("a")).await, [tag("1"), tag("2")]);
    assert_eq!(deaf.heard().len(), 2, "a page that brings nothing new is the last");
}

#[tokio::test]
async fn r09_pages_elsewhere_and_names_that_are_none() {
    let elsewhere = FaultyRegistry::start(|_, _| Say::body(r#"{"name":"a","tags":["evil"]}"#)).await;
    let target = elsewhere.url("/v2/a/tags/list");
    let registry = FaultyRegistry::start(move |_, _| tag_page(&["1"], &target)).await;
    let text = tags_error(&registry).await;
    assert!(text.contains("R-09") && text.contains("elsewhere"), "{text}");
    assert!(elsewhere.heard().is_empty());

    let registry = FaultyRegistry::start(|_, _| Say::body(r#"{"name":"a","tags":["ok","../x","\u001b[2J"]}"#)).await;
    let store = store(&registry);
    assert_eq!(all_tags(&store, &repository("a")).await, [tag("ok")]);
    let warnings = store.warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings.iter().all(|text| text.starts_with("J-13") && !text.contains('\x1b')), "{warnings:?}");
}

#[tokio::test]
async fn a_registry_without_a_catalog_says_so() {
    for status in [404, 401, 405, 501] {
        let registry = FaultyRegistry::start(move |_, _| Say::status(status)).await;
        let error = store(&registry).repositories(None).await.unwrap_err();
        assert!(matches!(error, StoreError::CatalogUnsupported { .. }), "{status}: {error}");
    }
}

#[tokio::test]
async fn r10_the_body_decides_not_the_header() {
    let wanted = Digest::of(b"what was pinned");
    let said = wanted.to_string();
    let registry = FaultyRegistry::start(move |_, _| index().header("docker-content-digest", said.clone())).await;
    let store = store(&registry);
    for selector in [Selector::Digest(wanted), Selector::Tag(tag("1"))] {
        let error = store.manifest(&repository("a"), &selector).await.unwrap_err();
        assert!(error.to_string().starts_with("R-10"), "{error}");
    }
    let other = Selector::Digest(Digest::of(b"another"));
    let error = store.resolve(&repository("a"), &other).await.unwrap_err();
    assert!(error.to_string().starts_with("R-10"), "{error}");
}

#[tokio::test]
async fn j05_a_manifest_pinned_by_sha512_keeps_that_digest() {
    let registry = FaultyRegistry::start(|_, _| index()).await;
    let mut digester = bakery::domain::oci::Digester::new(bakery::domain::oci::Algorithm::Sha512);
    digester.update(INDEX.as_bytes());
    let digest = digester.finish();
    let raw = store(&registry).manifest(&repository("a"), &Selector::Digest(digest.clone())).await.unwrap();
    assert_eq!(raw.descriptor.digest, digest);
}

#[tokio::test]
async fn r11_warnings_are_kept_escaped_once_and_few() {
    let registry = FaultyRegistry::start(|number, _| {
        let warned =
            index().header("warning", "299 - \"old\x1b[31m soon\"").header("warning", "299 - \"old\x1b[31m soon\"");
        warned
            .header("warning", format!("299 - \"number {number}\""))
            .header("warning", format!("299 - \"{}\"", "x".repeat(5000)))
    })
    .await;
    let store = store(&registry);
    for _ in 0..40 {
        let _ = store.manifest(&repository("a"), &Selector::Tag(tag("1"))).await;
    }
    let warnings = store.warnings();
    assert!(warnings.len() <= 32 && warnings.iter().all(|text| text.len() < 4200 && !text.contains('\x1b')));
}

#[tokio::test]
async fn r13_a_thousand_and_one_referrers_are_too_many() {
    let subject = Digest::of(b"subject");
    let entries = (0..1001).map(|n: u32| Descriptor::of(media_type::MANIFEST, &n.to_le_bytes())).collect();
    let bytes = serde_json::to_vec(&ImageIndex::new(entries)).unwrap();
    let registry =
        FaultyRegistry::start(move |_, _| Say::body(bytes.clone()).header("content-type", media_type::INDEX)).await;
    let error = store(&registry).referrers(&repository("a"), &subject, None).await.unwrap_err();
    assert!(error.to_string().contains("R-13"), "{error}");
}

#[tokio::test]
async fn j02_and_j08_manifests_of_another_type_or_without_end_are_refused() {
    let typed = format!(r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[]}}"#, media_type::INDEX);
    let registry =
        FaultyRegistry::start(move |_, _| Say::body(typed.clone()).header("content-type", media_type::MANIFEST)).await;
    let error = store(&registry).manifest(&repository("a"), &Selector::Tag(tag("1"))).await.unwrap_err();
    assert!(Report::from(error).to_string().contains("J-02"));
    for say in [index().announcing(1 << 30), index().with_body(" ".repeat((4 << 20) + 1))] {
        let registry = FaultyRegistry::start(move |_, _| say.clone()).await;
        let error = store(&registry).manifest(&repository("a"), &Selector::Tag(tag("1"))).await.unwrap_err();
        assert!(error.to_string().contains("answer of more than"), "{error}");
    }
}

#[tokio::test]
async fn k03_signed_addresses_do_not_reach_messages() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let target = format!("http://{gone}/blob?X-Signature=t0psecret");
    let registry = FaultyRegistry::start(move |_, _| Say::status(307).header("location", target.clone())).await;
    let text = tags_error(&registry).await;
    assert!(!text.contains("t0psecret"), "{text}");
}

#[tokio::test]
async fn a_stalled_listing_gives_up() {
    let registry =
        FaultyRegistry::start(|_, _| Say::body("{").announcing(100).tail(crate::support::faulty_registry::Tail::Stall))
            .await;
    let mut options = options(&registry.host(), vec![]).plain_http(true);
    options.patience.idle = Duration::from_millis(200);
    let error = RegistryStore::open(options).unwrap().tags(&repository("a"), None).await.unwrap_err();
    assert!(Report::from(error).to_string().contains("stalled"));
}
