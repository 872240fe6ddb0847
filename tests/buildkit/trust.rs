//! A daemon with certificates: it is believed, and believes us, only where both prove who they are; whatever is wrong is told with
//! the builder's name.

use bakery::adapters::engine::remote::buildkit::{BuildKitBuilder, Options, TlsFiles};
use bakery::adapters::engine::remote::{Builder, BuilderError};
use tokio_util::sync::CancellationToken;

use super::fake::{Fake, Script, layout};
use super::order::{Ear, Ordered};
use super::reach::{Certificates, Port};

async fn built(port: &Port, tls: TlsFiles) -> Result<(), BuilderError> {
    let address = format!("buildkit://127.0.0.1:{}?servername=buildkitd.example", port.number);
    let options = Options { tls: Some(tls), ..Options::default() };
    let builder = BuildKitBuilder::at(&address.parse().unwrap(), options).unwrap();
    let order = Ordered::new("FROM base\nRUN long\nCOPY a /a\n", &[("a", b"a")]);
    builder.build(&order.order, &Ear::default(), &CancellationToken::new()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_proves_who_they_are_work_together() {
    let (fake, certificates) = (Fake::start(Script::Builds(layout(&[]))), Certificates::make());
    let port = Port::secured(&fake, certificates.server("server"));
    built(&port, TlsFiles::in_folder(certificates.folder())).await.unwrap();
    assert_eq!(fake.builds(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_is_named_with_what_is_wrong() {
    let (fake, certificates, strangers) =
        (Fake::start(Script::Builds(layout(&[]))), Certificates::make(), Certificates::make());
    let ours = TlsFiles::in_folder(certificates.folder());
    let nobody = TlsFiles { cert: None, key: None, ..ours.clone() };
    let stranger = TlsFiles {
        cert: Some(strangers.folder().join("cert.pem")),
        key: Some(strangers.folder().join("key.pem")),
        ..ours.clone()
    };
    let other_ca = TlsFiles { ca: strangers.folder().join("ca.pem"), ..ours.clone() };
    for (what, shown, tls, word) in [
        ("whom we do not believe", "server", other_ca, "invalid peer certificate"),
        ("who shows what is over", "old", ours.clone(), "expired"),
        ("who shows another's name", "other", ours, "not valid for name"),
        ("who does not see ours", "server", nobody, "CertificateRequired"),
        ("who does not believe ours", "server", stranger, "fatal alert"),
    ] {
        let port = Port::secured(&fake, certificates.server(shown));
        let error = built(&port, tls).await.unwrap_err();
        let BuilderError::Unreachable { builder, source } = &error else { panic!("{what}: {error:?}") };
        assert!(builder.starts_with(&format!("buildkit://127.0.0.1:{}", port.number)), "{what}: {builder}");
        let words = source.to_string();
        assert!(words.to_lowercase().contains(&word.to_lowercase()), "{what}: {words}");
    }
    assert_eq!(fake.builds(), 0);
}
