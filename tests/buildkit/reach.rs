//! Certificates of the test's own, and ways to a daemon: a port, a program.

use std::io::{Read, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::fake::Fake;

/// A folder with a CA (`ca.pem`) and what it signed: for `buildkitd.example` (`server.pem`), for another name (`other.pem`), for
/// the former until long ago (`old.pem`), each with its `-key.pem`; and for us (`cert.pem`, `key.pem`).
pub struct Certificates(TempDir);

impl Certificates {
    pub fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // As different as strangers' are.
        let number = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        params.distinguished_name.push(rcgen::DnType::CommonName, format!("authority {number}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        put("ca.pem", armour("CERTIFICATE", params.self_signed(&key).unwrap().der()));
        let issuer = Issuer::new(params, key);
        for (name, cert, key) in [
            ("buildkitd.example", "server.pem", "server-key.pem"),
            ("other.example", "other.pem", "other-key.pem"),
            ("buildkitd.example", "old.pem", "old-key.pem"),
            ("us", "cert.pem", "key.pem"),
        ] {
            let own = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            if cert == "old.pem" {
                params.not_after = rcgen::date_time_ymd(2001, 1, 1);
            }
            params.extended_key_usages =
                vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth, rcgen::ExtendedKeyUsagePurpose::ClientAuth];
            put(cert, armour("CERTIFICATE", params.signed_by(&own, &issuer).unwrap().der()));
            put(key, armour("PRIVATE KEY", &own.serialize_der()));
        }
        Self(folder)
    }

    /// A server that shows the certificate `name`, and wants one of ours.
    pub fn server(&self, name: &str) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let certificates = |name: &str| -> Vec<CertificateDer<'static>> {
            CertificateDer::pem_file_iter(self.path(name)).unwrap().map(Result::unwrap).collect()
        };
        let mut roots = RootCertStore::empty();
        roots.add(certificates("ca.pem").remove(0)).unwrap();
        let asks = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
        let key = PrivateKeyDer::from_pem_file(self.path(&format!("{name}-key.pem"))).unwrap();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(asks)
            .with_single_cert(certificates(&format!("{name}.pem")), key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Arc::new(config)
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}

type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A port before a fake daemon: with certificates, or with a cable that is pulled as soon as it is at a build. It ends with its
/// owner.
pub struct Port {
    runtime: Option<Runtime>,
    pub number: u16,
}

impl Port {
    pub fn secured(fake: &Fake, config: Arc<ServerConfig>) -> Self {
        let acceptor = TlsAcceptor::from(config);
        Self::listen(fake, move |stream, mut inside, _| {
            let acceptor = acceptor.clone();
            Box::pin(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = copy_bidirectional(&mut stream, &mut inside).await;
                }
            })
        })
    }

    pub fn torn(fake: &Fake) -> Self {
        Self::listen(fake, |mut stream, mut inside, mut building| {
            Box::pin(async move {
                tokio::select! {
                    _ = copy_bidirectional(&mut stream, &mut inside) => {}
                    _ = building.wait_for(|building| *building) => stream.set_zero_linger().unwrap(),
                }
            })
        })
    }

    fn listen(
        fake: &Fake,
        serve: impl Fn(TcpStream, UnixStream, watch::Receiver<bool>) -> Serving + Send + 'static,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let number = listener.local_addr().unwrap().port();
        let (socket, building) = (fake.socket(), fake.building.clone());
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let inside = UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(serve(stream, inside, building.clone()));
            }
        });
        Self { runtime: Some(runtime), number }
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Answers every connection with these bytes, and leaves it open.
pub fn answering(bytes: &'static [u8]) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(bytes);
                while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
            });
        }
    });
    port
}

/// A port nobody listens on at this moment.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn armour(kind: &str, der: &[u8]) -> String {
    let lines = STANDARD.encode(der).into_bytes();
    let lines: Vec<_> = lines.chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}
