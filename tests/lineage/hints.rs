//! What others say of bases where images say nothing: the lock of the recipe, the provenance attached to the image.

use bakery::adapters::store::Selector;
use bakery::domain::oci::{Annotations, Digest, ImageManifest, Repository, media_type};
use bakery::domain::trust::attest::{Bundle, Envelope, Statement, predicate};
use serde_json::{Value, json};

use super::{Put, Shelf, standings};
use crate::support::bakery::Bakery;

const NAME: &str = "local/team/app:1";

/// Two versions of a base whose layers are the same, the older one without a tag, and an image on that which says nothing.
async fn house() -> (Bakery, Shelf, Put, Put) {
    let bakery = Bakery::new();
    let (global, local) = (Shelf::layout(&bakery.path("global")), Shelf::layout(&bakery.path("local")));
    let old = global.labelled("1").put("os:12", None, "os1 pip", None).await;
    let app = local.put("team/app:1", Some(&old), "own1", None).await;
    global.labelled("2").put("os:12", None, "os1 pip", None).await;
    (bakery, local, old, app)
}

/// How the image stands, and what its base is.
fn stands(bakery: &Bakery) -> (String, Value) {
    let told = bakery.json(&["lineage", NAME]);
    let nodes = told["nodes"].as_array().unwrap();
    let node = nodes.iter().find(|node| node["references"] == json!([NAME])).unwrap();
    (node["standing"].as_str().unwrap().to_owned(), node["base"].clone())
}

#[tokio::test]
async fn a_lock_finds_the_exact_base_where_layers_fit_two() {
    let (bakery, _, old, _) = house().await;
    assert_eq!(stands(&bakery).0, "current", "by its layers it may as well be on the newer one");
    bakery.write("recipes/app.yaml", "recipe: 1\nname: team/app\ntag: \"1\"\nbase: global/os:12\nsteps: []\n");
    lock(&bakery, &old.digest);
    assert_eq!(stands(&bakery), ("stale".into(), json!(old.digest)));
    assert!(standings(&bakery, &[]).contains(&format!("{NAME} stale global/os:12")));
    // A lock that has been moved on, to a base whose layers are others, is believed nothing.
    let global = Shelf::layout(&bakery.path("global"));
    let newest = global.put("os:12", None, "os2 pip", None).await;
    lock(&bakery, &newest.digest);
    let (standing, base) = stands(&bakery);
    assert!(standing == "stale" && base != json!(newest.digest), "{standing} {base}");
    // Nor is a lock that cannot be read an error.
    bakery.write("recipes/app.lock", "lock: [");
    assert_eq!(stands(&bakery).0, "stale");
}

fn lock(bakery: &Bakery, digest: &Digest) {
    let text = format!(
        "lock: 1\nbase: global/os:12\ndigest: {digest}\nplatforms: {{linux/amd64: \"{digest}\"}}\n\
         resolved: \"2026-01-01T00:00:00Z\"\n"
    );
    bakery.write("recipes/app.lock", text);
}

#[tokio::test]
async fn a_provenance_finds_it_too_whoever_wrote_it() {
    let (bakery, local, old, app) = house().await;
    let hex = old.digest.encoded();
    attach(&local, &app, json!({"buildDefinition": {
        "externalParameters": {"base": "global/os:12"},
        "resolvedDependencies": [{"name": "x.yaml", "digest": {"sha256": "00"}}, {"name": "global/os:12", "digest": {"sha256": hex}}],
    }}))
    .await;
    assert_eq!(stands(&bakery), ("stale".into(), json!(old.digest)));
    // Another builder's, which names no base: what it was made of may be it, where it is known.
    let (bakery, local, old, app) = house().await;
    let dependencies = json!([{"uri": "pkg:docker/os@12", "digest": {"sha256": old.digest.encoded()}}]);
    attach(&local, &app, json!({"buildDefinition": {"resolvedDependencies": dependencies}})).await;
    assert_eq!(stands(&bakery).0, "current", "nobody says where it can be read");
    Shelf::layout(&bakery.path("global")).labelled("1").put("os:12.1", None, "os1 pip", None).await;
    assert_eq!(stands(&bakery).1, json!(old.digest), "chosen among what layers prove");
}

#[tokio::test]
async fn a_provenance_that_names_what_is_no_base_is_believed_nothing() {
    let (bakery, local, _, app) = house().await;
    let global = Shelf::layout(&bakery.path("global"));
    let liar = global.put("other:1", None, "node1", None).await;
    let hex = liar.digest.encoded();
    attach(
        &local,
        &app,
        json!({"buildDefinition": {
            "externalParameters": {"base": "global/other:1"},
            "resolvedDependencies": [{"name": "global/other:1", "digest": {"sha256": hex}}],
        }}),
    )
    .await;
    let (standing, base) = stands(&bakery);
    assert!(standing == "current" && base != json!(liar.digest), "{standing} {base}");
    // Neither is a carrier that holds nothing of the kind.
    attach(&local, &app, json!("no provenance at all")).await;
    assert_eq!(stands(&bakery).0, "current");
}

/// Attaches a provenance as other tools do, signed by nobody who counts.
async fn attach(local: &Shelf, image: &Put, said: Value) {
    let repository: Repository = "team/app".parse().unwrap();
    let statement = Statement::about("", &image.digest, predicate::PROVENANCE, said);
    let payload = serde_json::to_vec(&statement).unwrap();
    let envelope = Envelope { payload, payload_type: predicate::IN_TOTO.into(), signatures: vec![vec![1]] };
    let bundle = Bundle::signed_by_key("", &envelope).unwrap();
    let layer = local.blob(&repository, predicate::BUNDLE, &bundle).await;
    let config = local.blob(&repository, media_type::EMPTY, b"{}").await;
    let subject = local.store.resolve(&repository, &Selector::Digest(image.digest.clone())).await.unwrap();
    let manifest = ImageManifest {
        schema_version: 2,
        media_type: Some(media_type::MANIFEST.into()),
        artifact_type: Some(predicate::BUNDLE.into()),
        config,
        layers: vec![layer],
        subject: Some(subject),
        annotations: Annotations::from([(predicate::BUNDLE_PREDICATE.into(), predicate::PROVENANCE.into())]),
    };
    let bytes = serde_json::to_vec(&manifest).unwrap();
    local.store.put_manifest(&repository, None, media_type::MANIFEST, &bytes).await.unwrap();
}
