//! Key pairs in cosign's formats: P-256, the private half encrypted by scrypt and secretbox. Knows no files.

mod scrypt;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto_secretbox::aead::{Aead, KeyInit};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::passphrase::Passphrase;
use crate::domain::oci::Digest;

/// What every key of ours is.
pub const ALGORITHM: &str = "ecdsa-p256";

/// What cosign writes today; 2^15 is what it wrote before.
const SCRYPT_LOG_N: u8 = 16;
const SCRYPT_OLD_LOG_N: u8 = 15;
const LABEL: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";
const OLD_LABEL: &str = "ENCRYPTED COSIGN PRIVATE KEY";

/// Why a text is no usable key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No PEM armour, or broken base64 in it.
    #[error("not a PEM file")]
    NotPem,
    /// PEM, but of something else.
    #[error("it holds {found}, where {expected} is needed")]
    WrongKind {
        /// The PEM label found.
        found: String,
        /// What was looked for.
        expected: &'static str,
    },
    /// The envelope names parameters no cosign writes; refused before any of them costs time or memory.
    #[error("encryption of the key is not cosign's: {0}")]
    Envelope(String),
    /// The passphrase does not open it, or bytes were changed.
    #[error("wrong passphrase, or the key file is damaged")]
    Locked,
    /// The content is no P-256 key.
    #[error("not a P-256 key")]
    NotP256,
    /// The system gives no random numbers.
    #[error("no random numbers from the system")]
    Random,
    /// A signature that does not hold.
    #[error("the signature does not hold")]
    Signature,
}

/// The secret half. Overwritten in memory when dropped; never shown.
pub struct PrivateKey(SigningKey);

/// The half everybody may know.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// cosign's JSON inside the PEM armour.
#[derive(Serialize, Deserialize)]
struct Envelope {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: KdfParams,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct KdfParams {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

impl PrivateKey {
    /// A new key.
    pub fn generate() -> Result<Self, KeyError> {
        // A random scalar is out of range once in 2^32 tries.
        for _ in 0..8 {
            let scalar = Zeroizing::new(random::<32>()?);
            if let Ok(key) = SigningKey::from_slice(&scalar[..]) {
                return Ok(Self(key));
            }
        }
        Err(KeyError::Random)
    }

    /// Opens an encrypted PEM with its passphrase.
    pub fn from_pem(pem: &str, passphrase: &Passphrase) -> Result<Self, KeyError> {
        let (label, body) = unarmour(pem)?;
        if label != LABEL && label != OLD_LABEL {
            return Err(KeyError::WrongKind { found: label, expected: LABEL });
        }
        let envelope: Envelope = serde_json::from_slice(&body).map_err(|e| KeyError::Envelope(e.to_string()))?;
        let log_n = envelope.log_n()?;
        let decode = |text: &str| BASE64.decode(text).map_err(|_| KeyError::Envelope("base64 is broken".into()));
        let salt = decode(&envelope.kdf.salt)?;
        let nonce = decode(&envelope.cipher.nonce)?;
        let nonce: [u8; 24] =
            nonce.try_into().map_err(|_| KeyError::Envelope("the nonce is not 24 bytes long".into()))?;
        let sealed = decode(&envelope.ciphertext)?;
        let opened = secretbox(passphrase, &salt, log_n)?
            .decrypt(Nonce::from_slice(&nonce), sealed.as_slice())
            .map_err(|_| KeyError::Locked)?;
        let der = Zeroizing::new(opened);
        SigningKey::from_pkcs8_der(&der).map(Self).map_err(|_| KeyError::NotP256)
    }

    /// The encrypted PEM, as cosign 2 and 3 read it.
    pub fn to_pem(&self, passphrase: &Passphrase) -> Result<String, KeyError> {
        let (salt, nonce) = (random::<32>()?, random::<24>()?);
        let der = self.0.to_pkcs8_der().map_err(|_| KeyError::NotP256)?;
        let sealed = secretbox(passphrase, &salt, SCRYPT_LOG_N)?
            .encrypt(Nonce::from_slice(&nonce), der.as_bytes())
            .map_err(|_| KeyError::Locked)?;
        let envelope = Envelope {
            kdf: Kdf {
                name: "scrypt".into(),
                params: KdfParams { n: 1 << SCRYPT_LOG_N, r: 8, p: 1 },
                salt: BASE64.encode(salt),
            },
            cipher: Cipher { name: "nacl/secretbox".into(), nonce: BASE64.encode(nonce) },
            ciphertext: BASE64.encode(sealed),
        };
        let body = serde_json::to_vec(&envelope).map_err(|e| KeyError::Envelope(e.to_string()))?;
        Ok(armour(LABEL, &body))
    }

    /// The half everybody may know.
    pub fn public(&self) -> PublicKey {
        PublicKey(*self.0.verifying_key())
    }

    /// An ECDSA signature over SHA-256 of `message`, in DER, the same every time (RFC 6979).
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: DerSignature = self.0.sign(message);
        signature.as_bytes().to_vec()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.public().fingerprint())
    }
}

impl PublicKey {
    /// Reads a PEM public key.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, body) = unarmour(pem)?;
        if label != "PUBLIC KEY" {
            return Err(KeyError::WrongKind { found: label, expected: "PUBLIC KEY" });
        }
        VerifyingKey::from_public_key_der(&body).map(Self).map_err(|_| KeyError::NotP256)
    }

    /// As PEM.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        self.0.to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::NotP256)
    }

    /// Lowercase hex SHA-256 of the key's SubjectPublicKeyInfo in DER.
    pub fn fingerprint(&self) -> String {
        // Encoding a valid point cannot fail; an empty text would match no fingerprint.
        let der = self.0.to_public_key_der();
        der.map(|der| Digest::of(der.as_bytes()).encoded().to_owned()).unwrap_or_default()
    }

    /// What bundles say of the key that signed them: base64 of SHA-256 of its SubjectPublicKeyInfo in DER.
    pub fn hint(&self) -> String {
        hex::decode(self.fingerprint()).map(|digest| BASE64.encode(digest)).unwrap_or_default()
    }

    /// Whether `signature` (DER) is this key's over `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        let signature = DerSignature::from_bytes(signature).map_err(|_| KeyError::Signature)?;
        self.0.verify(message, &signature).map_err(|_| KeyError::Signature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

impl Envelope {
    /// Only cosign's own costs: an envelope must not choose how much memory opening it takes.
    fn log_n(&self) -> Result<u8, KeyError> {
        let refuse = |what: String| Err(KeyError::Envelope(what));
        if self.kdf.name != "scrypt" {
            return refuse(format!("key derivation {:?}", clip(&self.kdf.name)));
        }
        if self.cipher.name != "nacl/secretbox" {
            return refuse(format!("cipher {:?}", clip(&self.cipher.name)));
        }
        let KdfParams { n, r, p } = self.kdf.params;
        match (n, r, p) {
            (65536, 8, 1) => Ok(SCRYPT_LOG_N),
            (32768, 8, 1) => Ok(SCRYPT_OLD_LOG_N),
            _ => refuse(format!("scrypt with N={n} r={r} p={p}")),
        }
    }
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|_| KeyError::Random)?;
    Ok(bytes)
}

fn secretbox(passphrase: &Passphrase, salt: &[u8], log_n: u8) -> Result<XSalsa20Poly1305, KeyError> {
    let mut key = Zeroizing::new([0_u8; 32]);
    scrypt::derive(passphrase.as_bytes(), salt, log_n, &mut key[..])?;
    Ok(XSalsa20Poly1305::new(Key::from_slice(&key[..])))
}

fn armour(label: &str, body: &[u8]) -> String {
    let text = BASE64.encode(body);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        // Base64 is ASCII.
        out.extend(line.iter().map(|byte| char::from(*byte)));
        out.push('\n');
    }
    out + "-----END " + label + "-----\n"
}

/// The first PEM block's label and body; CRLF is fine.
pub(super) fn unarmour(pem: &str) -> Result<(String, Vec<u8>), KeyError> {
    let mut lines = pem.trim_start_matches('\u{feff}').lines().map(str::trim).skip_while(|line| line.is_empty());
    let first = lines.next().ok_or(KeyError::NotPem)?;
    let label = first
        .strip_prefix("-----BEGIN ")
        .and_then(|rest| rest.strip_suffix("-----"))
        .filter(|label| label.len() <= 64)
        .ok_or(KeyError::NotPem)?;
    let end = format!("-----END {label}-----");
    let mut body = String::new();
    for line in lines {
        if line == end {
            return BASE64.decode(body).map(|body| (label.to_owned(), body)).map_err(|_| KeyError::NotPem);
        }
        body.push_str(line);
    }
    Err(KeyError::NotPem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(pem: &str, passphrase: &str) -> Result<PrivateKey, KeyError> {
        PrivateKey::from_pem(pem, &Passphrase::from(passphrase))
    }

    fn with(pem: &str, change: impl Fn(&mut serde_json::Value)) -> String {
        let (label, body) = unarmour(pem).unwrap();
        let mut envelope = serde_json::from_slice(&body).unwrap();
        change(&mut envelope);
        armour(&label, &serde_json::to_vec(&envelope).unwrap())
    }

    #[test]
    fn a_key_survives_its_file_and_signs() {
        let key = PrivateKey::generate().unwrap();
        let pem = key.to_pem(&Passphrase::from("tulip")).unwrap();
        let again = open(&pem.replace('\n', "\r\n"), "tulip").unwrap();
        assert_eq!(again.public(), key.public());
        let public = PublicKey::from_pem(&key.public().to_pem().unwrap()).unwrap();
        assert_eq!(public.fingerprint(), key.public().fingerprint());
        assert_eq!(public.fingerprint().len(), 64);
        let signature = again.sign(b"loaf");
        public.verify(b"loaf", &signature).unwrap();
        assert!(public.verify(b"leaf", &signature).is_err());
        assert!(public.verify(b"loaf", b"").is_err());
        assert!(PrivateKey::generate().unwrap().public().verify(b"loaf", &signature).is_err());
        assert!(!format!("{key:?}").contains("SigningKey"));
    }

    #[test]
    fn cosigns_older_label_and_cost_are_read() {
        let key = PrivateKey::generate().unwrap();
        let passphrase = Passphrase::from("old");
        let (salt, nonce) = ([7_u8; 32], [9_u8; 24]);
        let sealed = secretbox(&passphrase, &salt, SCRYPT_OLD_LOG_N)
            .unwrap()
            .encrypt(Nonce::from_slice(&nonce), key.0.to_pkcs8_der().unwrap().as_bytes())
            .unwrap();
        let body = serde_json::json!({
            "kdf": {"name": "scrypt", "params": {"N": 32768, "r": 8, "p": 1}, "salt": BASE64.encode(salt)},
            "cipher": {"name": "nacl/secretbox", "nonce": BASE64.encode(nonce)},
            "ciphertext": BASE64.encode(sealed),
        });
        let pem = armour(OLD_LABEL, body.to_string().as_bytes());
        assert_eq!(open(&pem, "old").unwrap().public(), key.public());
    }

    #[test]
    fn what_is_no_key_says_why() {
        let key = PrivateKey::generate().unwrap();
        let pem = key.to_pem(&Passphrase::from("tulip")).unwrap();
        assert!(matches!(open(&pem, "rose"), Err(KeyError::Locked)));
        assert!(matches!(open("", "x"), Err(KeyError::NotPem)));
        assert!(matches!(open(&pem[..pem.len() - 10], "tulip"), Err(KeyError::NotPem)));
        assert!(matches!(open(&key.public().to_pem().unwrap(), "x"), Err(KeyError::WrongKind { .. })));
        assert!(matches!(PublicKey::from_pem(&pem), Err(KeyError::WrongKind { .. })));
        // Nothing in the file may decide how much memory opening it takes.
        let costly = with(&pem, |e| e["kdf"]["params"]["N"] = serde_json::json!(1_u64 << 40));
        assert!(matches!(open(&costly, "tulip"), Err(KeyError::Envelope(_))));
        let wide = with(&pem, |e| e["kdf"]["params"]["r"] = serde_json::json!(u32::MAX));
        assert!(matches!(open(&wide, "tulip"), Err(KeyError::Envelope(_))));
        let short = with(&pem, |e| e["cipher"]["nonce"] = serde_json::json!("AAAA"));
        assert!(matches!(open(&short, "tulip"), Err(KeyError::Envelope(_))));
        let empty = with(&pem, |e| e["ciphertext"] = serde_json::json!(""));
        assert!(matches!(open(&empty, "tulip"), Err(KeyError::Locked)));
    }
}
