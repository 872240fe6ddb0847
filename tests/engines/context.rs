//! What a step stands on in the build context, for builders that take no images: the same layer comes out.

use async_trait::async_trait;
use bakery::adapters::engine::Engine;
use bakery::adapters::engine::remote::{Builder, BuilderError, Daemon, DaemonKind, Order, RemoteEngine, Told};
use bakery::domain::engine::Capabilities;
use tokio_util::sync::CancellationToken;

use crate::support::dockerd::Dockerd;
use crate::support::engine::{Bakehouse, Heard, Tar};
use crate::support::{peers, tiny};

/// A daemon that is given no images.
struct Plain(Daemon);

#[async_trait]
impl Builder for Plain {
    fn name(&self) -> String {
        self.0.name()
    }

    fn says_network(&self) -> bool {
        false
    }

    async fn capabilities(&self) -> Result<Capabilities, BuilderError> {
        self.0.capabilities().await
    }

    async fn build(&self, order: &Order, told: &dyn Told, cancel: &CancellationToken) -> Result<(), BuilderError> {
        self.0.build(order, told, cancel).await
    }
}

#[test]
fn a_base_in_the_context_is_the_base() {
    if !peers::need(&["dockerd", "busybox"]) {
        return;
    }
    let daemon = Dockerd::start().unwrap();
    let engine = daemon.engine();
    let place = engine.strip_prefix("docker://").map(|path| format!("unix://{path}"));
    let connect = || Daemon::new(DaemonKind::Docker, place.as_deref()).unwrap();
    let upper = Tar::new()
        .folder("srv", 0o1777)
        .file("srv/kept", "kept")
        .hardlink("srv/again", "srv/kept")
        .file("srv/.wh.gone", "")
        .symlink("srv/link", "kept")
        .end();
    let lower = Tar::new().folder("srv", 0o755).file("srv/gone", "gone").file("srv/kept", "first").end();
    let steps = "steps:\n  - run: |\n      test ! -e /srv/gone\n      test \"$(cat /srv/again)\" = kept\n      echo more >> /srv/again\n";
    let bake = |builder: Box<dyn Builder>| {
        let house = Bakehouse::new().with_base(&[tiny::tar(&[]), lower.clone(), upper.clone()]);
        let heard = Heard::default();
        let job = house.job(steps);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let engine = RemoteEngine::new("docker", builder);
        let baked = runtime.block_on(engine.bake(&job, &heard, &CancellationToken::new()));
        baked.unwrap_or_else(|error| panic!("{error}: {:?}", heard.events())).image.digest
    };
    assert_eq!(bake(Box::new(connect())), bake(Box::new(Plain(connect()))));
}
