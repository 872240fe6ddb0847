//! A build from end to end against a daemon that plays a script: what is asked, sent, told and taken.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use async_trait::async_trait;
use bakery::adapters::engine::remote::Builder;
use bakery::adapters::engine::remote::buildkit::{BuildKitBuilder, Options, Reach, Stream};
use tokio_util::sync::CancellationToken;

use super::fake::{Fake, Script, layout};
use super::order::{Ear, Ordered};

const DOCKERFILE: &str = "FROM r.example/base:1\n# remark\nRUN long\nCOPY a /a\n";

async fn build(builder: &BuildKitBuilder, order: &Ordered, ear: &Ear) {
    builder.build(&order.order, ear, &CancellationToken::new()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_goes_out_and_a_layout_comes_back() {
    let fake = Fake::start(Script::Builds(layout(&[])));
    let large = vec![7; 9 << 20];
    let files: [(&str, &[u8]); 4] = [("a", b"aa"), ("b/empty", b""), ("b/large", &large), ("b.c", b"x")];
    let order = Ordered::new(DOCKERFILE, &files).secret("token", "s3cret");
    std::fs::set_permissions(order.context().join("a"), std::fs::Permissions::from_mode(0o750)).unwrap();
    let ear = Ear::default();
    build(&fake.builder(Options::default()), &order, &ear).await;
    let seen = fake.seen.lock().unwrap();
    let names: Vec<_> = seen.context.keys().map(String::as_str).collect();
    assert_eq!(names, ["Dockerfile", "a", "b", "b.c", "b/empty", "b/large"]);
    assert_eq!(seen.context["a"].1, b"aa");
    assert_eq!(seen.context["a"].0.mode, 0o750);
    assert!(seen.context["b/large"].1 == large, "a large file arrives whole");
    assert_eq!(seen.secret.as_deref(), Some(&b"s3cret"[..]));
    assert_eq!(seen.refused, Some(tonic::Code::NotFound), "no other folder is to be had");
    assert_eq!(ear.said(), ["1 began", "1 ended cached", "3 began", "4 began", "4 ended", "3 ended"]);
    assert_eq!(ear.output(3).len(), 512 << 13);
    assert_eq!(order.manifest()["layers"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_is_what_the_order_says() {
    let fake = Fake::start(Script::Builds(layout(&[])));
    let mut order = Ordered::new(DOCKERFILE, &[]);
    let asked = || fake.seen.lock().unwrap().request.clone().unwrap();
    build(&fake.builder(Options::default()), &order, &Ear::default()).await;
    assert_eq!(asked().entitlements, Vec::<String>::new());
    assert!(!asked().frontend_attrs.contains_key("no-cache"));
    assert_eq!(asked().frontend_attrs["platform"], "linux/amd64");
    assert_eq!(fake.seen.lock().unwrap().secret, None);
    (order.order.host_network, order.order.no_cache) = (true, true);
    let options = Options {
        cache_from: vec!["r.example/cache:1".into()],
        cache_to: vec!["r.example/cache:2".into()],
        ..Options::default()
    };
    build(&fake.builder(options), &order, &Ear::default()).await;
    let request = asked();
    assert_eq!(request.entitlements, ["network.host"]);
    assert_eq!(request.frontend_attrs["no-cache"], "");
    let cache = request.cache.unwrap();
    assert_eq!(cache.imports[0].attrs["ref"], "r.example/cache:1");
    assert_eq!(
        (cache.exports[0].attrs["ref"].as_str(), cache.exports[0].attrs["mode"].as_str()),
        ("r.example/cache:2", "max")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_daemon_can_do_is_asked_of_it() {
    let builder = Fake::start(Script::Builds(Vec::new()));
    let asked = builder.builder(Options::default());
    let capabilities = asked.capabilities().await.unwrap();
    let platforms = ["linux/amd64", "linux/riscv64"].map(|text| text.parse().unwrap());
    assert_eq!(capabilities.platforms, Some(BTreeSet::from(platforms)));
    assert!(capabilities.secrets && !capabilities.live_changes);
    assert_eq!(asked.version().await.unwrap().as_deref(), Some("v9\\x1b[2J"));
}

/// A daemon behind two pipes, as behind `docker exec -i … buildctl dial-stdio`.
struct Pipes(std::path::PathBuf);

#[async_trait]
impl Reach for Pipes {
    async fn open(&self) -> std::io::Result<Stream> {
        Ok(Box::new(tokio::net::UnixStream::connect(&self.0).await?))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_builder_is_reached_over_any_stream() {
    let fake = Fake::start(Script::Builds(layout(&[])));
    let builder = BuildKitBuilder::over("mine", Arc::new(Pipes(fake.socket())), Options::default());
    assert_eq!(builder.name(), "mine");
    let order = Ordered::new(DOCKERFILE, &[]);
    build(&builder, &order, &Ear::default()).await;
    assert_eq!(order.manifest()["layers"], serde_json::json!([]));
}
