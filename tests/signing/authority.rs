//! A certificate authority and logs of the test's own, and bundles they vouch for: what Fulcio and Rekor do elsewhere.

use bakery::domain::trust::attest::{pae, predicate};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::{DecodePrivateKey, EncodePublicKey};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use x509_cert::der::{Decode, Encode};

use super::NOW;

pub const ISSUER: &str = "https://issuer.example";
pub const SUBJECT: &str = "https://git.example/team-a/app/.ci/release@refs/heads/main";
/// When bundles are made: ten minutes before they are verified.
pub const MADE: i64 = NOW - 600;

/// What promises that a certificate was published.
#[derive(Clone, Copy, PartialEq)]
pub enum Published {
    Yes,
    No,
    ByAnotherLog,
    ForAnotherCertificate,
}

/// How a leaf is made.
#[derive(Clone)]
pub struct Leaf {
    pub names: Vec<SanType>,
    pub issuer: &'static str,
    pub older_issuer: Option<&'static str>,
    pub from: i64,
    pub purposes: Vec<ExtendedKeyUsagePurpose>,
    pub usages: Vec<KeyUsagePurpose>,
    pub is_ca: IsCa,
    pub published: Published,
    pub odd_extension: bool,
}

impl Default for Leaf {
    fn default() -> Self {
        Self {
            names: vec![SanType::URI(SUBJECT.try_into().unwrap())],
            issuer: ISSUER,
            older_issuer: Some(ISSUER),
            from: MADE - 60,
            purposes: vec![ExtendedKeyUsagePurpose::CodeSigning],
            usages: vec![KeyUsagePurpose::DigitalSignature],
            is_ca: IsCa::ExplicitNoCa,
            published: Published::Yes,
            odd_extension: false,
        }
    }
}

/// How an authority is made.
#[derive(Clone)]
pub struct Made {
    pub trusted_from: i64,
    pub trusted_until: i64,
    pub root_until: i64,
    pub path_length: u8,
    pub intermediate_is_ca: bool,
    pub log_from: i64,
    pub certificate_log: bool,
    /// The chain begins with its anchor, as some files have it.
    pub anchor_first: bool,
}

impl Default for Made {
    fn default() -> Self {
        Self {
            trusted_from: 0,
            trusted_until: NOW * 2,
            root_until: NOW * 2,
            path_length: 1,
            intermediate_is_ca: true,
            log_from: 0,
            certificate_log: true,
            anchor_first: false,
        }
    }
}

/// A leaf and its key.
pub struct Certified {
    pub der: Vec<u8>,
    pub key: SigningKey,
}

pub struct Authority {
    made: Made,
    root: Vec<u8>,
    intermediate: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
    log: SigningKey,
    certificate_log: SigningKey,
}

fn moment(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

fn stamp(seconds: i64) -> String {
    moment(seconds).format(&time::format_description::well_known::Rfc3339).unwrap()
}

fn new_key() -> (KeyPair, SigningKey) {
    let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let key = SigningKey::from_pkcs8_der(pair.serialized_der()).unwrap();
    (pair, key)
}

fn spki(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_public_key_der().unwrap().into_vec()
}

fn sign(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    let signature: DerSignature = key.sign(message);
    signature.as_bytes().to_vec()
}

fn named(name: &str, is_ca: IsCa, until: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = is_ca;
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (moment(0), moment(until));
    params
}

impl Authority {
    pub fn new() -> Self {
        Self::made(Made::default())
    }

    pub fn made(made: Made) -> Self {
        let root_key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let constraints = IsCa::Ca(BasicConstraints::Constrained(made.path_length));
        let root_params = named("root", constraints, made.root_until);
        let root = root_params.self_signed(&root_key).unwrap().der().to_vec();
        let root_issuer = Issuer::new(root_params, root_key);
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let is_ca = match made.intermediate_is_ca {
            true => IsCa::Ca(BasicConstraints::Constrained(0)),
            false => IsCa::ExplicitNoCa,
        };
        let mut params = named("intermediate", is_ca, NOW * 2);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        let intermediate = params.signed_by(&key, &root_issuer).unwrap().der().to_vec();
        let issuer = Issuer::new(params, key);
        Self { made, root, intermediate, issuer, log: new_key().1, certificate_log: new_key().1 }
    }

    /// The trusted root file.
    pub fn root(&self) -> String {
        let log = |key: &SigningKey, from: i64| {
            json!({
                "baseUrl": "https://log.example", "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": BASE64.encode(spki(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": {"start": stamp(from)},
                },
                "logId": {"keyId": BASE64.encode(Sha256::digest(spki(key)))},
            })
        };
        let ctlogs: Vec<Value> = self.made.certificate_log.then(|| log(&self.certificate_log, 0)).into_iter().collect();
        let mut chain = vec![&self.intermediate, &self.root];
        if self.made.anchor_first {
            chain.reverse();
        }
        let chain: Vec<Value> = chain.into_iter().map(|der| json!({"rawBytes": BASE64.encode(der)})).collect();
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(&self.log, self.made.log_from)],
            "ctlogs": ctlogs,
            "certificateAuthorities": [{
                "subject": {"organization": "test", "commonName": "test"},
                "uri": "https://authority.example",
                "certChain": {"certificates": chain},
                "validFor": {"start": stamp(self.made.trusted_from), "end": stamp(self.made.trusted_until)},
            }],
        })
        .to_string()
    }

    /// A certificate for a new key.
    pub fn certify(&self, leaf: &Leaf) -> Certified {
        let (pair, key) = new_key();
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.serial_number = Some(SerialNumber::from_slice(&[1, 2, 3]));
        params.subject_alt_names.clone_from(&leaf.names);
        params.is_ca = leaf.is_ca;
        params.key_usages.clone_from(&leaf.usages);
        params.extended_key_usages.clone_from(&leaf.purposes);
        (params.not_before, params.not_after) = (moment(leaf.from), moment(leaf.from + 600));
        let fulcio = |last: u64| [1, 3, 6, 1, 4, 1, 57264, 1, last];
        let issuer = leaf.issuer.to_owned().to_der().unwrap();
        params.custom_extensions.push(CustomExtension::from_oid_content(&fulcio(8), issuer));
        if let Some(older) = leaf.older_issuer {
            params.custom_extensions.push(CustomExtension::from_oid_content(&fulcio(1), older.as_bytes().to_vec()));
        }
        if leaf.odd_extension {
            let mut odd = CustomExtension::from_oid_content(&fulcio(999), vec![5, 0]);
            odd.set_criticality(true);
            params.custom_extensions.push(odd);
        }
        if leaf.published != Published::No {
            let mut before = params.signed_by(&pair, &self.issuer).unwrap().der().to_vec();
            if leaf.published == Published::ForAnotherCertificate {
                before = self.certify(&Leaf { published: Published::No, ..leaf.clone() }).der;
            }
            let timestamps = self.timestamps(&before, leaf.published);
            let published = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
            params.custom_extensions.push(CustomExtension::from_oid_content(&published, timestamps));
        }
        Certified { der: params.signed_by(&pair, &self.issuer).unwrap().der().to_vec(), key }
    }

    /// The certificate log's word for a certificate that does not carry it yet.
    fn timestamps(&self, before: &[u8], published: Published) -> Vec<u8> {
        let tbs = x509_cert::Certificate::from_der(before).unwrap().tbs_certificate().to_der().unwrap();
        let intermediate = x509_cert::Certificate::from_der(&self.intermediate).unwrap();
        let issuer_key = intermediate.tbs_certificate().subject_public_key_info().to_der().unwrap();
        let millis = (u64::try_from(MADE).unwrap() * 1000).to_be_bytes();
        let mut message = vec![0, 0];
        message.extend(millis);
        message.extend([0, 1]);
        message.extend(Sha256::digest(issuer_key));
        message.extend(&u32::try_from(tbs.len()).unwrap().to_be_bytes()[1..]);
        message.extend(&tbs);
        message.extend([0, 0]);
        let another = new_key().1;
        let log = if published == Published::ByAnotherLog { &another } else { &self.certificate_log };
        let signature = sign(log, &message);
        let counted = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
        let mut one = vec![0];
        one.extend(Sha256::digest(spki(log)));
        one.extend(millis);
        one.extend([0, 0, 4, 3]);
        one.extend(counted(&signature));
        let list = counted(&counted(&one));
        x509_cert::der::asn1::OctetString::new(list).unwrap().to_der().unwrap()
    }

    /// A bundle over a payload, all of it in order.
    pub fn bundle(&self, payload: &[u8], certified: &Certified, at: i64) -> Value {
        let signature = sign(&certified.key, &pae(predicate::IN_TOTO, payload));
        let body = body(payload, &signature, &certified.der);
        json!({
            "mediaType": predicate::BUNDLE,
            "verificationMaterial": {
                "certificate": {"rawBytes": BASE64.encode(&certified.der)},
                "tlogEntries": [self.entry(&body, at)],
            },
            "dsseEnvelope": {
                "payload": BASE64.encode(payload), "payloadType": predicate::IN_TOTO,
                "signatures": [{"sig": BASE64.encode(&signature)}],
            },
        })
    }

    /// The log's word for a body at a time.
    pub fn entry(&self, body: &Value, at: i64) -> Value {
        let bytes = body.to_string();
        let id = Sha256::digest(spki(&self.log));
        let promised = json!({
            "body": BASE64.encode(&bytes), "integratedTime": at, "logID": hex::encode(id), "logIndex": 41,
        });
        let leaf = Sha256::digest([&[0], bytes.as_bytes()].concat());
        let (first, third) = (Sha256::digest(b"first"), Sha256::digest(b"third"));
        let node = |left: &[u8], right: &[u8]| Sha256::digest([&[1], left, right].concat());
        let root = node(&node(&first, &leaf), &third);
        json!({
            "logIndex": "41", "logId": {"keyId": BASE64.encode(id)},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "integratedTime": at.to_string(),
            "inclusionPromise": {"signedEntryTimestamp": BASE64.encode(sign(&self.log, promised.to_string().as_bytes()))},
            "inclusionProof": {
                "logIndex": "1", "treeSize": "3", "rootHash": BASE64.encode(root),
                "hashes": [BASE64.encode(first), BASE64.encode(third)],
                "checkpoint": {"envelope": self.checkpoint(3, &root)},
            },
            "canonicalizedBody": BASE64.encode(bytes),
        })
    }

    /// The log's signed word for a tree.
    pub fn checkpoint(&self, size: u64, root: &[u8]) -> String {
        let text = format!("log.example - 1\n{size}\n{}\n", BASE64.encode(root));
        let id = Sha256::digest(spki(&self.log));
        let signature = [&id[..4], &sign(&self.log, text.as_bytes())].concat();
        format!("{text}\n\u{2014} log.example {}\n", BASE64.encode(signature))
    }
}

/// A log's entry for a signature by a certificate.
pub fn body(payload: &[u8], signature: &[u8], certificate: &[u8]) -> Value {
    let lines: Vec<String> =
        BASE64.encode(certificate).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into()).collect();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"));
    json!({
        "apiVersion": "0.0.1", "kind": "dsse",
        "spec": {
            "envelopeHash": {"algorithm": "sha256", "value": hex::encode(Sha256::digest(b"envelope"))},
            "payloadHash": {"algorithm": "sha256", "value": hex::encode(Sha256::digest(payload))},
            "signatures": [{"signature": BASE64.encode(signature), "verifier": BASE64.encode(pem)}],
        },
    })
}

/// The same in a log's plainer form: a digest of what was signed instead of an envelope.
pub fn plain_body(payload: &[u8], signature: &[u8], certificate: &[u8]) -> Value {
    let verifier = body(payload, signature, certificate)["spec"]["signatures"][0]["verifier"].clone();
    let digest = hex::encode(Sha256::digest(pae(predicate::IN_TOTO, payload)));
    json!({
        "apiVersion": "0.0.1", "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": digest}},
            "signature": {"content": BASE64.encode(signature), "publicKey": {"content": verifier}},
        },
    })
}
