//! The registry store against a real registry: Debian's `docker-registry` (distribution 2.8).

use std::path::PathBuf;
use std::time::Duration;

use bakery::adapters::store::registry::{AuthFiles, Patience, RegistryOptions, RegistryStore};
use bakery::adapters::store::{Selector, SmallBlob, Store, StoreError};
use bakery::domain::oci::{Descriptor, media_type};
use futures_util::{StreamExt, stream};

use super::conformance::{blob_bytes, conforms, put_image, repository, tag};
use crate::support::docker_registry::{DockerRegistry, Door};
use crate::support::peers;

/// Options that look at no file of whoever runs the tests.
pub fn options(host: &str, auth_files: Vec<PathBuf>) -> RegistryOptions {
    RegistryOptions {
        auth_files: AuthFiles(auth_files),
        patience: Patience {
            idle: Duration::from_secs(10),
            attempts: 3,
            backoff: Duration::from_millis(2),
            pauses: Duration::from_secs(2),
        },
        ..RegistryOptions::new(host.parse().unwrap())
    }
}

fn auth_file(registry: &DockerRegistry, key: &str, auth: &str) -> Vec<PathBuf> {
    let file = registry.folder().join("auth.json");
    std::fs::write(&file, format!(r#"{{"auths":{{"{key}":{{"auth":"{auth}"}}}}}}"#)).unwrap();
    vec![file]
}

/// `baker:s3cret` and `baker:wrong`.
const RIGHT: &str = "YmFrZXI6czNjcmV0";
const WRONG: &str = "YmFrZXI6d3Jvbmc=";

#[tokio::test]
async fn docker_registry_conforms() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start();
    conforms(&RegistryStore::open(options(&registry.host(), vec![])).unwrap()).await;
}

#[tokio::test]
async fn docker_registry_with_a_password_and_a_prefix_conforms() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start_behind(Door::Password);
    let files = auth_file(&registry, &registry.host(), RIGHT);
    let prefix = Some(repository("global"));
    let store = RegistryStore::open(options(&registry.host(), files.clone()).prefix(prefix)).unwrap();
    conforms(&store).await;
    assert_eq!(store.name(), format!("{}/global", registry.host()));

    let whole = RegistryStore::open(options(&registry.host(), files)).unwrap();
    let (outside, inside) = (repository("globalisation/app"), repository("global/conform/images"));
    let bytes = put_image(&whole, &outside, "outside", "amd64").await;
    whole.put_manifest(&outside, Some(&tag("1")), media_type::MANIFEST, &bytes).await.unwrap();
    assert!(whole.resolve(&inside, &Selector::Tag(tag("1.0"))).await.is_ok());
    let listed = store.repositories(None).await.unwrap().items;
    assert!(listed.iter().all(|name| name.as_str().starts_with("conform/")), "{listed:?}");
}

#[tokio::test]
async fn credentials_filed_under_a_namespace_open_only_that() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start_behind(Door::Password);
    let files = auth_file(&registry, &format!("{}/team-a", registry.host()), RIGHT);
    let store = RegistryStore::open(options(&registry.host(), files)).unwrap();
    put_image(&store, &repository("team-a/app"), "x", "amd64").await;
    let error = store.tags(&repository("team-b/app"), None).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn r01_wrong_and_missing_passwords_are_refusals_that_do_not_show_them() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start_behind(Door::Password);
    for files in [vec![], auth_file(&registry, &registry.host(), WRONG)] {
        let store = RegistryStore::open(options(&registry.host(), files)).unwrap();
        let error = store.tags(&repository("a"), None).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, StoreError::Refused { .. }), "{text}");
        assert!(text.contains("401") && text.contains(&registry.host()) && !text.contains("wrong"), "{text}");
        let error = store.repositories(None).await.unwrap_err();
        assert!(matches!(error, StoreError::Refused { .. }), "a closed door is no missing catalog: {error}");
    }
}

#[tokio::test]
async fn r08_a_certificate_nobody_signed_is_refused_even_on_loopback() {
    if !peers::need(&["docker-registry", "openssl"]) {
        return;
    }
    let registry = DockerRegistry::start_behind(Door::SelfSigned);
    let store = RegistryStore::open(options(&registry.host(), vec![])).unwrap();
    let error = store.tags(&repository("a"), None).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "no fallback to plain HTTP: {error}");
    let report = bakery::report::Report::from(error).to_string();
    assert!(report.contains("certificate"), "{report}");
}

#[tokio::test]
async fn nothing_listening_is_unreachable() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let store = RegistryStore::open(options(&format!("127.0.0.1:{port}"), vec![])).unwrap();
    let error = store.tags(&repository("a"), None).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn many_requests_share_one_store() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start_behind(Door::Password);
    let files = auth_file(&registry, &registry.host(), RIGHT);
    let store = RegistryStore::open(options(&registry.host(), files)).unwrap();
    let here = repository("busy");
    stream::iter(0..64)
        .map(|number| {
            let (store, here) = (&store, &here);
            async move {
                let text = format!("layer {number}").repeat(2000);
                let blob = Descriptor::of(media_type::LAYER, text.as_bytes());
                store.put_blob(here, &blob, super::conformance::stream(text.as_bytes())).await.unwrap();
                assert_eq!(blob_bytes(store, here, &blob).await, text.as_bytes());
            }
        })
        .buffer_unordered(32)
        .collect::<Vec<()>>()
        .await;
}

#[tokio::test]
async fn uploads_are_begun_for_blobs_to_come_and_those_nobody_needs_are_given_up() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start_behind(Door::Watched);
    let store = RegistryStore::open(options(&registry.host(), vec![])).unwrap();
    let (here, kind) = (repository("team/app"), "text/plain");
    store.expect_blobs(&here, kind, 2).await.unwrap();
    // Of another kind, and so no matter of theirs.
    store.put_blobs(&here, &[SmallBlob::new("text/html", b"other".to_vec())]).await.unwrap();
    let blob = SmallBlob::new(kind, b"awaited".to_vec());
    store.put_blobs(&here, std::slice::from_ref(&blob)).await.unwrap();
    store.expect_blobs(&here, kind, 0).await.unwrap();
    assert_eq!(blob_bytes(&store, &here, &blob.descriptor).await, b"awaited");
    let uploads = registry.requests().into_iter().filter(|(_, path)| path.contains("/uploads/"));
    let asked: Vec<String> = uploads.map(|(method, _)| method).collect();
    assert_eq!(asked, ["POST", "POST", "POST", "PUT", "PUT", "DELETE"]);
}
