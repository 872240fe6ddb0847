//! Browsing from the command line: `store ls` and `inspect` over registries and layouts.

use std::sync::Arc;

use bakery::adapters::store::layout::Layout;
use bakery::adapters::store::registry::RegistryStore;
use bakery::adapters::store::{MemoryStore, Store};
use bakery::domain::oci::{
    Annotations, Descriptor, DescriptorPlatform, ImageIndex, ImageManifest, Platform, media_type,
};
use bakery::flows::browse::{Found, Source};
use futures_util::StreamExt;

use crate::store::conformance::{put_image, repository, stream, tag};
use crate::store::registry::options;
use crate::support::bakery::Bakery;
use crate::support::docker_registry::{DockerRegistry, Door};
use crate::support::faulty_registry::{FaultyRegistry, Say, Tail};
use crate::support::peers;

async fn tagged(store: &dyn Store, name: &str, tag_name: &str) -> Descriptor {
    let here = repository(name);
    let bytes = put_image(store, &here, name, "amd64").await;
    store.put_manifest(&here, Some(&tag(tag_name)), media_type::MANIFEST, &bytes).await.unwrap()
}

async fn signed(store: &dyn Store, name: &str, subject: &Descriptor) {
    let (here, empty) = (repository(name), Descriptor::of(media_type::EMPTY, b"{}"));
    store.put_blob(&here, &empty, stream(b"{}")).await.unwrap();
    let manifest = ImageManifest {
        schema_version: 2,
        media_type: Some(media_type::MANIFEST.into()),
        artifact_type: Some("application/vnd.example.signature".into()),
        config: empty.clone(),
        layers: vec![empty],
        subject: Some(subject.clone()),
        annotations: Annotations::new(),
    };
    let bytes = serde_json::to_vec(&manifest).unwrap();
    store.put_manifest(&here, None, media_type::MANIFEST, &bytes).await.unwrap();
}

async fn multi(store: &dyn Store, name: &str) {
    let (here, mut entries) = (repository(name), Vec::new());
    for architecture in ["amd64", "arm64"] {
        let bytes = put_image(store, &here, architecture, architecture).await;
        let mut entry = store.put_manifest(&here, None, media_type::MANIFEST, &bytes).await.unwrap();
        entry.platform = Some(DescriptorPlatform::from(&format!("linux/{architecture}").parse::<Platform>().unwrap()));
        entries.push(entry);
    }
    let bytes = serde_json::to_vec(&ImageIndex::new(entries)).unwrap();
    store.put_manifest(&here, Some(&tag("multi")), media_type::INDEX, &bytes).await.unwrap();
}

#[tokio::test]
async fn stores_are_listed_and_images_inspected_over_registry_and_layout() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start();
    let host = registry.host();
    let bakery = Bakery::with_workspace(&format!(
        "bakery: 1\nstores:\n  global: {{registry: \"{host}/global\"}}\n  local: {{layout: ./local}}\n"
    ))
    .strict();
    let remote = RegistryStore::open(options(&host, vec![])).unwrap();
    let python = tagged(&remote, "global/python", "3.12").await;
    signed(&remote, "global/python", &python).await;
    tagged(&remote, "global/python-extra", "1").await;
    multi(&remote, "global/os").await;
    tagged(&remote, "elsewhere/app", "1").await;
    let listed = |arguments: &[&str]| -> Vec<String> {
        let rows = bakery.json(&[&["store", "ls"], arguments].concat());
        rows.as_array().unwrap().iter().map(|row| row["reference"].as_str().unwrap().to_owned()).collect()
    };
    let global = ["global/os:multi", "global/python:3.12", "global/python-extra:1"];
    assert_eq!(listed(&[]), global, "a local store nobody has written to holds nothing");
    let local = Layout::open_or_create(&bakery.path("local")).unwrap();
    tagged(&local, "team-a/app", "1.0").await;
    assert_eq!(listed(&[]), [&global[..], &["local/team-a/app:1.0"]].concat());
    assert_eq!(listed(&["local"]), ["local/team-a/app:1.0"]);
    assert_eq!(listed(&["global/python"]), ["global/python:3.12"]);
    assert_eq!(listed(&["oci:local"]), ["oci:local:team-a/app:1.0"]);
    assert_eq!(listed(&[&format!("{host}/elsewhere")]), [format!("{host}/elsewhere/app:1")]);

    let rows = bakery.json(&["store", "ls", "global"]);
    assert_eq!(rows[0]["platforms"], serde_json::json!(["linux/amd64", "linux/arm64"]));
    assert_eq!(rows[1]["digest"], python.digest.to_string());
    assert_eq!(rows[1]["signature"], "signature.no-keys");
    assert!(rows[1]["size"].as_u64().unwrap() > 10);
    let text = bakery.ok(&["store", "ls", "--color", "never"]);
    assert_eq!(text.lines().count(), 4, "{text}");

    let inspected = bakery.json(&["inspect", "global/python:3.12"]);
    assert_eq!(inspected["digest"], python.digest.to_string());
    assert_eq!(inspected["layers"][0]["diff_id"], inspected["config"]["rootfs"]["diff_ids"][0]);
    assert_eq!(inspected["referrers"][0]["artifact_type"], "application/vnd.example.signature");
    let pinned = bakery.json(&["inspect", &format!("global/python@{}", python.digest)]);
    assert_eq!(pinned["manifest"], inspected["manifest"]);
    let arm = bakery.json(&["inspect", "global/os:multi", "--platform", "linux/arm64"]);
    assert_eq!(arm["platform"], "linux/arm64");
    assert_eq!(arm["images"].as_array().unwrap().len(), 2);
    for command in ["inspect", "files", "diff", "du"] {
        let image = "local/team-a/app:1.0";
        let refusal = bakery.fails(2, &[command, image, "--platform", "linux/arm64"]);
        assert!(refusal.contains("app:1.0 is for linux/amd64, not for linux/arm64"), "{command}: {refusal}");
    }
    bakery.ok(&["inspect", "local/team-a/app:1.0", "--platform", "linux/amd64"]);
    let refusal = bakery.fails(2, &["diff", "global/python:3.12", "global/os:multi", "--platform", "linux/arm64"]);
    assert!(refusal.contains("global/python:3.12 is for linux/amd64"), "{refusal}");
    let text = bakery.ok(&["inspect", "oci:local:team-a/app:1.0"]);
    assert!(text.contains("linux/amd64") && text.contains("1 layer"), "{text}");

    let refusal = bakery.fails(2, &["inspect", "global/os:multi", "--platform", "linux/s390x"]);
    assert!(refusal.contains("linux/amd64, linux/arm64"), "{refusal}");
    assert!(bakery.fails(4, &["inspect", "global/absent:1"]).contains("not found"));
    assert!(bakery.fails(2, &["inspect", "globl/python:1"]).contains("did you mean"));
}

/// A registry of one image under every tag but `broken`, without a catalog.
async fn without_catalog() -> FaultyRegistry {
    let memory = MemoryStore::new();
    let bytes = put_image(&memory, &repository("a"), "content", "amd64").await;
    let manifest: ImageManifest = serde_json::from_slice(&bytes).unwrap();
    let source = memory.open_blob(&repository("a"), &manifest.config).await.unwrap();
    let config = bakery::adapters::store::read_verified(source, &manifest.config, 1 << 20).await.unwrap();
    FaultyRegistry::start(move |_, heard| match heard.path.as_str() {
        "/v2/" => Say::status(200).header("warning", "299 - \"this registry closes in May\""),
        path if path.contains("/tags/list") => Say::body(r#"{"name":"a","tags":["1","broken","2"]}"#),
        path if path.ends_with("/manifests/broken") => {
            Say::body("{\x1b[2J").header("content-type", media_type::MANIFEST)
        }
        path if path.contains("/manifests/") => Say::body(bytes.clone()).header("content-type", media_type::MANIFEST),
        path if path.contains("/blobs/") => Say::body(config.clone()),
        _ => Say::status(404).header("warning", "299 - \"this registry closes in May\""),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_catalog_the_settings_say_what_there_is_and_one_broken_tag_hides_no_other() {
    let registry = without_catalog().await;
    let host = registry.host();
    let bakery = Bakery::with_workspace(&format!(
        "bakery: 1\nstores:\n  known: {{registry: \"{host}\", repositories: [team/app]}}\n  bare: {{registry: \"{host}\"}}\n"
    ));
    let said = bakery.fails(1, &["store", "ls", "known"]);
    assert!(said.contains("known/team/app:broken cannot be read") && !said.contains('\x1b'), "{said}");
    assert!(said.contains("this registry closes in May"), "{said}");
    let rows = bakery.run(&["store", "ls", "known", "--json"]).stdout;
    let rows: serde_json::Value = serde_json::from_slice(&rows).unwrap();
    let references: Vec<&str> = rows.as_array().unwrap().iter().map(|r| r["reference"].as_str().unwrap()).collect();
    assert_eq!(references, ["known/team/app:1", "known/team/app:2"]);
    assert!(bakery.fails(4, &["store", "ls", "bare"]).contains("repositories:"));
    let asked = bakery.fails(1, &["store", "ls", "bare/other"]);
    assert!(asked.contains("bare/other:broken"), "what is asked for by name needs no catalog: {asked}");
}

#[tokio::test]
async fn the_first_rows_are_shown_while_the_catalog_goes_on() {
    let registry = FaultyRegistry::start(|_, heard| match heard.path.as_str() {
        "/v2/_catalog?n=1000" => {
            Say::body(r#"{"repositories":["a"]}"#).header("link", "</v2/_catalog?last=a>; rel=\"next\"")
        }
        "/v2/_catalog?last=a" => Say::body("{").announcing(100).tail(Tail::Stall),
        path if path.contains("/tags/list") => Say::body(r#"{"name":"a","tags":["1"]}"#),
        _ => Say::body(r#"{"schemaVersion":2,"manifests":[]}"#).header("content-type", media_type::INDEX),
    })
    .await;
    let store = RegistryStore::open(options(&registry.host(), vec![]).plain_http(true)).unwrap();
    let source = Source::new("x/", Arc::new(store));
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    let listing = source.list(move |row| {
        send.send(row.unwrap().reference).unwrap();
        Ok(())
    });
    tokio::select! {
        ended = listing => panic!("the catalog has no end: {ended:?}"),
        row = receive.recv() => assert_eq!(row.unwrap(), "x/a:1"),
    }
}

#[test]
fn credentials_come_from_a_helper_or_a_podman_file_and_wrong_ones_are_refused() {
    use std::os::unix::fs::PermissionsExt;

    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start_behind(Door::Password);
    let host = registry.host();
    let bakery = Bakery::with_workspace(&format!("bakery: 1\nstores:\n  global: {{registry: {host}}}\n"));
    let helper = "#!/bin/sh\nread server\nprintf '{\"ServerURL\":\"%s\",\"Username\":\"baker\",\"Secret\":\"s3cret\"}' \"$server\"\n";
    let helper = bakery.write("bin/docker-credential-test", helper);
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    bakery.write("helper/config.json", format!(r#"{{"credHelpers": {{"{host}": "test"}}}}"#));
    // baker:s3cret, baker:wrong
    let inline = |secret: &str| format!(r#"{{"auths": {{"{host}": {{"auth": "{secret}"}}}}}}"#);
    bakery.write("good.json", inline("YmFrZXI6czNjcmV0"));
    bakery.write("wrong.json", inline("YmFrZXI6d3Jvbmc="));
    let path = format!("{}:{}", bakery.path("bin").display(), std::env::var("PATH").unwrap());
    let list = |name: &str, value: &str| {
        let mut command = bakery.command(&["store", "ls", "global", "--json"]);
        command.env("PATH", &path).env(name, bakery.path(value)).output().unwrap()
    };
    for (name, value) in [("DOCKER_CONFIG", "helper"), ("REGISTRY_AUTH_FILE", "good.json")] {
        let output = list(name, value);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    for (name, value) in [("REGISTRY_AUTH_FILE", "wrong.json"), ("DOCKER_CONFIG", "nothing-there")] {
        let output = list(name, value);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{name}: {stderr}");
        assert!(stderr.contains("401") && stderr.contains("help: log in"), "{stderr}");
        assert!(!stderr.contains("wrong\"") && !stderr.contains("d3Jvbmc"), "{stderr}");
    }
}

/// Everything a survey finds, in order; errors as their messages.
async fn surveyed(source: &Source) -> Vec<Result<Found, String>> {
    source.survey().map(|found| found.map_err(|report| report.message)).collect().await
}

fn named(found: &[Result<Found, String>]) -> Vec<String> {
    let of = |found: &Result<Found, String>| match found {
        Ok(Found::Repositories(names)) => names.clone(),
        _ => Vec::new(),
    };
    found.iter().flat_map(of).collect()
}

#[tokio::test]
async fn names_come_before_tags_and_one_image_is_looked_into_over_memory_layout_and_registry() {
    let folder = tempfile::tempdir().unwrap();
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let layout: Arc<dyn Store> = Arc::new(Layout::open_or_create(&folder.path().join("store")).unwrap());
    let registry = peers::need(&["docker-registry"]).then(DockerRegistry::start);
    let remote = registry.as_ref().map(|registry| -> Arc<dyn Store> {
        Arc::new(RegistryStore::open(options(&registry.host(), vec![])).unwrap())
    });
    for store in [memory, layout].into_iter().chain(remote) {
        let python = tagged(&*store, "python", "3.12").await;
        tagged(&*store, "python", "3.11").await;
        tagged(&*store, "team/app", "1").await;
        signed(&*store, "python", &python).await;
        let source = Source::new("x/", store);
        let found = surveyed(&source).await;
        assert_eq!(named(&found), ["python", "team/app"]);
        assert!(matches!(found[0], Ok(Found::Repositories(_))), "names first: {found:?}");
        let tags = Found::Tags { repository: "python".into(), tags: vec!["3.11".into(), "3.12".into()] };
        assert!(found.contains(&Ok(tags)), "{found:?}");
        let seen = source.look("python", "3.12").await.unwrap();
        assert_eq!((seen.digest, seen.platforms), (Some(python.digest), vec!["linux/amd64".to_owned()]));
        let gone = source.look("python", "2.7").await.unwrap_err();
        assert!(gone.report.to_string().contains("not found"), "{}", gone.report);
        assert!(source.look("Not A Name", "1").await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_cannot_be_read_hides_no_other() {
    let registry = FaultyRegistry::start(|_, heard| match heard.path.as_str() {
        path if path.starts_with("/v2/_catalog") => Say::body(r#"{"repositories":["a","closed","z"]}"#),
        path if path.contains("/closed/tags/list") => Say::status(403),
        path if path.contains("/tags/list") => Say::body(r#"{"name":"a","tags":["1"]}"#),
        _ => Say::status(200),
    })
    .await;
    let store = RegistryStore::open(options(&registry.host(), vec![]).plain_http(true)).unwrap();
    let found = surveyed(&Source::new("x/", Arc::new(store))).await;
    let read = |name: &str| Ok(Found::Tags { repository: name.into(), tags: vec!["1".into()] });
    assert!(found.contains(&read("a")) && found.contains(&read("z")), "{found:?}");
    let closed = |found: &Result<Found, String>| matches!(found, Ok(Found::Unreadable { repository, .. }) if repository == "closed");
    assert_eq!(found.iter().filter(|found| closed(found)).count(), 1, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_that_fails_midway_gives_what_came_before() {
    let registry = FaultyRegistry::start(|_, heard| match heard.path.as_str() {
        "/v2/_catalog?n=1000" => {
            Say::body(r#"{"repositories":["a","b"]}"#).header("link", "</v2/_catalog?last=b>; rel=\"next\"")
        }
        path if path.starts_with("/v2/_catalog") => Say::status(403),
        path if path.contains("/tags/list") => Say::body(r#"{"name":"a","tags":["1"]}"#),
        _ => Say::status(200),
    })
    .await;
    let store = RegistryStore::open(options(&registry.host(), vec![]).plain_http(true)).unwrap();
    let found = surveyed(&Source::new("x/", Arc::new(store))).await;
    assert_eq!(named(&found), ["a", "b"]);
    assert!(found.last().is_some_and(Result::is_err), "{found:?}");
    assert_eq!(found.iter().filter(|found| matches!(found, Ok(Found::Tags { .. }))).count(), 2, "{found:?}");
}

/// 200 repositories on loopback: the first names have to be there within 300 ms.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_names_of_a_large_registry_are_there_at_once() {
    if !peers::need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start();
    let store = Arc::new(RegistryStore::open(options(&registry.host(), vec![])).unwrap());
    let filled: Vec<()> = futures_util::stream::iter(0..200)
        .map(|number| {
            let store = Arc::clone(&store);
            async move {
                let here = repository(&format!("team-{:02}/image-{number:03}", number / 20));
                let bytes = put_image(&*store, &here, "content", "amd64").await;
                for patch in 0..2 {
                    let name = tag(&format!("1.{patch}"));
                    store.put_manifest(&here, Some(&name), media_type::MANIFEST, &bytes).await.unwrap();
                }
            }
        })
        .buffer_unordered(8)
        .collect()
        .await;
    assert_eq!(filled.len(), 200);
    let source = Source::new("x/", Arc::new(RegistryStore::open(options(&registry.host(), vec![])).unwrap()));
    let begun = std::time::Instant::now();
    let mut survey = source.survey();
    let Some(Ok(Found::Repositories(names))) = survey.next().await else { panic!("names come first") };
    let first = begun.elapsed();
    // What an 80x24 screen shows: eight rows' facts, asked for as their tags come.
    let mut facts = Vec::new();
    while facts.len() < 8 {
        let Some(Ok(Found::Tags { repository, tags })) = survey.next().await else { panic!("tags follow") };
        facts.push(source.look(&repository, &tags[0]).await.unwrap());
    }
    let visible = begun.elapsed();
    let tags = survey.count().await;
    eprintln!(
        "first page of {} names: {first:?}; facts in sight: {visible:?}; all {} tags lists: {:?}",
        names.len(),
        tags + 8,
        begun.elapsed()
    );
    assert!(first < std::time::Duration::from_millis(300), "{first:?}");
    assert!(names.len() >= 100 && facts.len() == 8);
}
