//! Docker's own BuildKit, reached through `/grpc`: the session, files, progress and errors of a real one. It keeps the image itself.

use std::sync::Arc;

use bakery::adapters::engine::remote::buildkit::{BuildKitBuilder, Kept, Options, Place};
use bakery::adapters::engine::remote::{Builder, BuilderError};
use tokio_util::sync::CancellationToken;

use super::order::{Ear, Ordered};
use crate::support::dockerd::Dockerd;
use crate::support::{peers, tiny};

fn daemon() -> Option<Dockerd> {
    peers::need(&["dockerd", "busybox"]).then(|| Dockerd::start().unwrap())
}

fn builder(daemon: &Dockerd) -> BuildKitBuilder {
    let socket = daemon.engine().trim_start_matches("docker://").to_owned();
    let options = Options { kept: Kept::Store("made:1".into()), forces_network: true, ..Options::default() };
    BuildKitBuilder::over("dockerd", Arc::new(Place::Docker(socket.into())), options)
}

fn ordered(rest: &str) -> Ordered {
    let text = format!("FROM scratch\nADD rootfs.tar /\n{rest}");
    let mut order = Ordered::new(&text, &[("rootfs.tar", &tiny::tar(&[])), ("a/b", b"from here\n")]);
    // A daemon without a bridge has no other.
    order.order.host_network = true;
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn dockers_buildkit_takes_a_context_and_secrets_and_tells() {
    let Some(daemon) = daemon() else { return };
    let builder = builder(&daemon);
    let text = "COPY a /a\nENV X=1\nRUN --mount=type=secret,id=token cat /run/secrets/token /a/b && echo $X > /made\n";
    let order = ordered(text).secret("token", "s3cret\n");
    let ear = Ear::default();
    builder.build(&order.order, &ear, &CancellationToken::new()).await.unwrap();
    assert_eq!(ear.said(), ["2 began", "2 ended", "3 began", "3 ended", "5 began", "5 ended"]);
    assert_eq!(ear.output(5), "s3cret\nfrom here\n");
    let images = daemon.docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&images.stdout).trim(), "made:1");
    let ear = Ear::default();
    builder.build(&order.order, &ear, &CancellationToken::new()).await.unwrap();
    assert!(ear.said().contains(&"5 ended cached".to_owned()), "{:?}", ear.said());
    let capabilities = builder.capabilities().await.unwrap();
    assert!(capabilities.runs(&"linux/amd64".parse().unwrap()), "{capabilities:?}");
    assert_eq!(builder.version().await.unwrap(), None, "20.10 does not tell");
}

#[tokio::test(flavor = "multi_thread")]
async fn dockers_buildkit_tells_which_line_failed_and_how() {
    let Some(daemon) = daemon() else { return };
    let builder = builder(&daemon);
    let fault = async |rest: &str| {
        let order = ordered(rest);
        builder.build(&order.order, &Ear::default(), &CancellationToken::new()).await.unwrap_err()
    };
    let error = fault("RUN echo before\nRUN echo words; exit 3\n").await;
    assert!(matches!(error, BuilderError::Instruction { line: 4, exit_code: Some(3), .. }), "{error:?}");
    let error = fault("RAN echo\n").await;
    assert!(matches!(error, BuilderError::Instruction { line: 3, exit_code: None, .. }), "{error:?}");
    let error = fault("COPY absent /x\n").await;
    assert!(matches!(error, BuilderError::Instruction { line: 3, .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dockers_buildkit_that_dies_is_noticed() {
    let Some(daemon) = daemon() else { return };
    let builder = builder(&daemon);
    let ear = Arc::new(Ear::default());
    let heard = ear.clone();
    let task = tokio::spawn(async move {
        let order = ordered("RUN echo running; sleep 20\n");
        builder.build(&order.order, heard.as_ref(), &CancellationToken::new()).await
    });
    ear.begun.notified().await;
    daemon.kill();
    let error = task.await.unwrap().unwrap_err();
    assert!(matches!(error, BuilderError::Unreachable { .. }), "{error:?}");
}
