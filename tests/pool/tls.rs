//! `tls` of `engines`: what is proven to a real dockerd, and by it.

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

use crate::support::bakery::Bakery;
use crate::support::dockerd::Dockerd;
use crate::support::{peers, tiny};

/// `ca.pem`, what it vouches for as `localhost` (`server.pem`, `server-key.pem`) and as us (`cert.pem`, `key.pem`).
fn certificates(bakery: &Bakery, folder: &str) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let put = |name: &str, kind: &str, der: &[u8]| bakery.write(&format!("{folder}/{name}"), armour(kind, der));
    put("ca.pem", "CERTIFICATE", params.self_signed(&key).unwrap().der());
    let issuer = Issuer::new(params, key);
    for (name, cert, key) in [("localhost", "server.pem", "server-key.pem"), ("us", "cert.pem", "key.pem")] {
        let own = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        put(cert, "CERTIFICATE", params.signed_by(&own, &issuer).unwrap().der());
        put(key, "PRIVATE KEY", &own.serialize_der());
    }
}

fn armour(kind: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let lines = base64::engine::general_purpose::STANDARD.encode(der).into_bytes();
    let lines: Vec<_> = lines.chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}

#[test]
fn a_dockerd_behind_certificates_bakes_for_whom_it_knows() {
    if !peers::need(&["dockerd", "busybox"]) {
        return;
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("tcp://localhost:{port}");
    let workspace = |tls: &str| {
        format!(
            "bakery: 1\nstores:\n  local: {{layout: local}}\npolicy: policy.yaml\nengines:\n  - name: east\n    engine: \
             docker://{address}\n    tls: {{ca: {tls}/ca.pem, cert: {tls}/cert.pem, key: {tls}/key.pem}}\n"
        )
    };
    let bakery = Bakery::with_workspace(&workspace("tls"));
    certificates(&bakery, "tls");
    certificates(&bakery, "strangers");
    let path = |name: &str| bakery.path(&format!("tls/{name}")).display().to_string();
    let (ca, cert, key) = (path("ca.pem"), path("server.pem"), path("server-key.pem"));
    let tls = ["--tlsverify", "--tlscacert", &ca, "--tlscert", &cert, "--tlskey", &key];
    let more = [&["--host", &address][..], &tls].concat();
    let daemon = Dockerd::start_with(&more).unwrap();
    bakery.write("recipes/rootfs.tar", tiny::tar(&[]));
    let recipe = "recipe: 1\nname: t/app\ntag: \"1\"\nbase: scratch\nsteps:\n  - unpack: {from: rootfs.tar, to: /}\n  \
                  - run: {script: \"echo made > /root/made\", network: host}\n";
    bakery.write("recipes/app.yaml", recipe);
    let lines = bakery.json_lines(&["bake", "app"]);
    assert!(lines.iter().any(|line| line["kind"] == "image.committed"), "{lines:#?}");
    assert_eq!(lines[0]["engine"], format!("docker://{address}"));
    // Whom others vouch for is not believed, by neither side.
    bakery.write("bakery.yaml", workspace("strangers"));
    let told = bakery.fails(4, &["bake", "app", "--no-cache"]);
    assert!(told.contains("no builder answers") && told.contains("certificate"), "{told}");
    drop(daemon);
}
