//! Daemons that refuse, break off, lie, fall silent or are full: typed errors that name the builder, and nothing that hangs.

use std::time::{Duration, Instant};

use bakery::adapters::engine::remote::buildkit::{BuildKitBuilder, Options, TlsFiles};
use bakery::adapters::engine::remote::{Builder, BuilderError};
use tokio_util::sync::CancellationToken;
use tonic::Code;

use super::fake::{Fake, Script, failed, layout, output, vertex};
use super::order::{Ear, Ordered};
use super::reach::{Certificates, answering, free_port};

const DOCKERFILE: &str = "FROM base\nRUN long\nCOPY a /a\n";
const RUN: &str = "[2/3] RUN long";

fn at(address: &str, options: Options) -> BuildKitBuilder {
    BuildKitBuilder::at(&address.parse().unwrap(), options).unwrap()
}

async fn fault(builder: &BuildKitBuilder) -> BuilderError {
    let order = Ordered::new(DOCKERFILE, &[("a", b"a")]);
    builder.build(&order.order, &Ear::default(), &CancellationToken::new()).await.unwrap_err()
}

fn impatient() -> Options {
    Options { silence: Duration::from_millis(300), patience: Duration::from_millis(2000), ..Options::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_told_with_the_builders_name() {
    for address in [format!("buildkit://127.0.0.1:{}", free_port()), "buildkit:///nonexistent/sock".to_owned()] {
        let error = fault(&at(&address, Options::default())).await;
        let BuilderError::Unreachable { builder, source } = &error else { panic!("{error:?}") };
        assert_eq!(*builder, address);
        let words = source.to_string();
        assert!(words.contains("refused") || words.contains("No such file"), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_far_away_is_spoken_to_without_proof() {
    let address = "buildkit://farm.example:1234".parse().unwrap();
    let error = BuildKitBuilder::at(&address, Options::default()).err().unwrap();
    let BuilderError::Unreachable { source, .. } = &error else { panic!("{error:?}") };
    assert!(source.to_string().contains("BUILDKIT_TLS_DIR"), "{source}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_speaks_no_http2_is_a_protocol_error() {
    let port = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let error = fault(&at(&format!("buildkit://127.0.0.1:{port}"), impatient())).await;
    assert!(matches!(error, BuilderError::Protocol { .. }), "{error:?}");
    let certificates = Certificates::make();
    let options = Options { tls: Some(TlsFiles::in_folder(certificates.folder())), ..impatient() };
    let error = fault(&at(&format!("buildkit://127.0.0.1:{port}"), options)).await;
    assert!(matches!(error, BuilderError::Protocol { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_answers_is_given_up() {
    let port = answering(b"");
    let error = fault(&at(&format!("buildkit://127.0.0.1:{port}"), impatient())).await;
    assert!(matches!(error, BuilderError::Silent { .. } | BuilderError::Unreachable { .. }), "{error:?}");
    let certificates = Certificates::make();
    let options = Options { tls: Some(TlsFiles::in_folder(certificates.folder())), ..impatient() };
    let error = fault(&at(&format!("buildkit://127.0.0.1:{port}"), options)).await;
    let BuilderError::Unreachable { source, .. } = &error else { panic!("{error:?}") };
    assert!(source.to_string().contains("did not answer in 2 s"), "{source}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_falls_silent_in_the_middle_is_given_up() {
    for told in [vec![], vec![vertex("b", RUN, None)]] {
        let fake = Fake::start(Script::Hangs(told));
        let error = fault(&fake.builder(impatient())).await;
        assert!(matches!(error, BuilderError::Silent { seconds: 0, .. }), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_killed_in_the_middle_is_noticed_at_once_and_a_cancel_is_obeyed() {
    let mut fake = Fake::start(Script::Hangs(vec![vertex("b", RUN, None), output("b", b"x\n")]));
    let builder = std::sync::Arc::new(fake.builder(Options::default()));
    let start = |cancel: CancellationToken| {
        let ear = std::sync::Arc::new(Ear::default());
        let (builder, heard) = (builder.clone(), ear.clone());
        let task = tokio::spawn(async move {
            let order = Ordered::new(DOCKERFILE, &[("a", b"a")]);
            builder.build(&order.order, heard.as_ref(), &cancel).await
        });
        (task, ear)
    };
    let cancel = CancellationToken::new();
    let (task, ear) = start(cancel.clone());
    ear.begun.notified().await;
    cancel.cancel();
    assert!(matches!(task.await.unwrap(), Err(BuilderError::Cancelled)));
    let (task, ear) = start(CancellationToken::new());
    ear.begun.notified().await;
    fake.kill();
    let begun = Instant::now();
    let error = task.await.unwrap().unwrap_err();
    assert!(matches!(error, BuilderError::Unreachable { .. }), "{error:?}");
    // Far below the time a silent one has.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_the_builders_a_failing_program_the_recipes() {
    let told = vec![vertex("b", RUN, None), output("b", b"words\n"), failed("b", RUN)];
    let words = "failed to solve: process \"long\" did not complete successfully: exit code: 7";
    let fake = Fake::start(Script::Fails(told, Code::Unknown, words.into()));
    let error = fault(&fake.builder(Options::default())).await;
    assert!(matches!(error, BuilderError::Instruction { line: 2, exit_code: Some(7), .. }), "{error:?}");
    assert!(!error.is_builders_fault());
    let told = vec![vertex("b", RUN, None)];
    let fake = Fake::start(Script::Fails(told, Code::Unknown, "write /x: no space left on device".into()));
    let error = fault(&fake.builder(Options::default())).await;
    let BuilderError::Full { builder, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*builder, format!("buildkit://{}", fake.socket().display()));
    let told = vec![vertex("b", RUN, None), output("b", b"cp: No space left on device\n"), failed("b", RUN)];
    let fake = Fake::start(Script::Fails(told, Code::Unknown, words.into()));
    let error = fault(&fake.builder(Options::default())).await;
    assert!(matches!(error, BuilderError::Full { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_none_is_not_taken() {
    for (what, tar) in [
        ("nothing", tar::Builder::new(Vec::new()).into_inner().unwrap()),
        ("a stray file", layout(&[("etc/passwd", b"root")])),
        ("a blob that is another", layout(&[(&format!("blobs/sha256/{}", "0".repeat(64)), b"x")])),
        ("a cut tar", layout(&[])[..700].to_vec()),
    ] {
        let fake = Fake::start(Script::Builds(tar));
        let error = fault(&fake.builder(Options::default())).await;
        assert!(!matches!(error, BuilderError::Io { .. } | BuilderError::Cancelled), "{what}: {error:?}");
        assert!(error.is_builders_fault(), "{what}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_here_is_said_to_be_here() {
    let fake = Fake::start(Script::Builds(layout(&[])));
    let mut order = Ordered::new(DOCKERFILE, &[("a", b"a")]);
    order.order.result = "/proc/nowhere".into();
    let error = fake.builder(Options::default()).build(&order.order, &Ear::default(), &CancellationToken::new()).await;
    assert!(matches!(error, Err(BuilderError::Io { .. })), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_programs_last_words_are_told() {
    let address = "buildkit://docker-container://bk0?context=nowhere-at-all";
    let error = fault(&at(address, Options::default())).await;
    let BuilderError::Unreachable { source, .. } = &error else { panic!("{error:?}") };
    assert!(source.to_string().contains("docker"), "{source}");
}
