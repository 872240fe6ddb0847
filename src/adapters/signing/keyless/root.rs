//! The trusted root: which certificate authorities and logs are trusted, and when. Fetches nothing.
//!
//! Source: sigstore protobuf-specs, sigstore_trustroot.proto, as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::curve::CurveKey;
use crate::domain::oci::{JsonError, parse_strict};

const MEDIA_TYPES: [&str; 2] =
    ["application/vnd.dev.sigstore.trustedroot+json;version=0.1", "application/vnd.dev.sigstore.trustedroot.v0.2+json"];
/// Most authorities, logs, and certificates of a chain.
const MAX_ENTRIES: usize = 100;

/// Why a text is no trusted root.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// Not strict JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// JSON of another shape.
    #[error("not a trusted root")]
    Shape(#[source] serde_json::Error),
    /// A kind of file this code does not know.
    #[error("its media type is {0:?}, no trusted root's that is known")]
    MediaType(String),
    /// An entry that cannot be used.
    #[error("its {what} {number} cannot be used: {why}")]
    Entry {
        /// Which list.
        what: &'static str,
        /// Which of them, from 1.
        number: usize,
        /// Why.
        why: String,
    },
    /// It trusts nobody who could be asked.
    #[error("it names no {0}")]
    Nobody(&'static str),
}

/// Who is trusted.
#[derive(Clone)]
pub struct TrustedRoot {
    pub(super) authorities: Vec<Authority>,
    pub(super) logs: Vec<Log>,
    pub(super) certificate_logs: Vec<Log>,
}

/// A certificate authority.
#[derive(Clone)]
pub(super) struct Authority {
    /// From the one that signs leaves to the anchor.
    pub(super) chain: Vec<Certificate>,
    pub(super) valid: Period,
}

/// A log and its key.
#[derive(Clone)]
pub(super) struct Log {
    /// SHA-256 of its key.
    pub(super) id: [u8; 32],
    pub(super) key: CurveKey,
    pub(super) valid: Period,
}

/// When somebody is trusted; seconds since 1970, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) from: i64,
    pub(super) until: i64,
}

impl Period {
    pub(super) fn holds_at(self, at: i64) -> bool {
        (self.from..=self.until).contains(&at)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    media_type: String,
    #[serde(default)]
    tlogs: Vec<WrittenLog>,
    #[serde(default)]
    ctlogs: Vec<WrittenLog>,
    #[serde(default)]
    certificate_authorities: Vec<WrittenAuthority>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenLog {
    public_key: WrittenKey,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenKey {
    raw_bytes: String,
    #[serde(default)]
    valid_for: Option<WrittenPeriod>,
}

#[derive(Deserialize)]
struct WrittenPeriod {
    #[serde(default)]
    start: Option<String>,
    #[serde(default)]
    end: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenAuthority {
    cert_chain: WrittenChain,
    #[serde(default)]
    valid_for: Option<WrittenPeriod>,
}

#[derive(Deserialize)]
struct WrittenChain {
    certificates: Vec<WrittenCertificate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenCertificate {
    raw_bytes: String,
}

impl TrustedRoot {
    /// Reads a trusted root. Logs with keys of a kind that is not read here are left out: what only they vouch for is untrusted.
    pub fn parse(bytes: &[u8]) -> Result<Self, RootError> {
        let written: Written = serde_json::from_value(parse_strict(bytes)?).map_err(RootError::Shape)?;
        if !MEDIA_TYPES.contains(&written.media_type.as_str()) {
            return Err(RootError::MediaType(written.media_type.chars().take(100).collect()));
        }
        let counts = [written.tlogs.len(), written.ctlogs.len(), written.certificate_authorities.len()];
        if let Some(count) = counts.into_iter().find(|count| *count > MAX_ENTRIES) {
            let why = format!("{count} are listed, at most {MAX_ENTRIES} are read");
            return Err(RootError::Entry { what: "entry", number: MAX_ENTRIES + 1, why });
        }
        let authorities = written.certificate_authorities.into_iter().enumerate();
        let authorities = authorities.map(|(at, written)| written.read().map_err(entry("authority", at)));
        let root = Self {
            authorities: authorities.collect::<Result<_, _>>()?,
            logs: logs("log", written.tlogs)?,
            certificate_logs: logs("certificate log", written.ctlogs)?,
        };
        if root.authorities.is_empty() {
            return Err(RootError::Nobody("certificate authority"));
        }
        if root.logs.is_empty() {
            return Err(RootError::Nobody("log whose key can be read"));
        }
        Ok(root)
    }
}

fn entry(what: &'static str, at: usize) -> impl FnOnce(String) -> RootError {
    move |why| RootError::Entry { what, number: at + 1, why }
}

fn logs(what: &'static str, written: Vec<WrittenLog>) -> Result<Vec<Log>, RootError> {
    let mut logs = Vec::new();
    for (at, log) in written.into_iter().enumerate() {
        let read = || {
            let spki = BASE64.decode(&log.public_key.raw_bytes).map_err(|_| "its key is no base64".to_owned())?;
            let valid = period(log.public_key.valid_for.as_ref())?;
            Ok(CurveKey::from_spki(&spki).map(|key| Log { id: Sha256::digest(&spki).into(), key, valid }))
        };
        logs.extend(read().map_err(entry(what, at))?);
    }
    Ok(logs)
}

impl WrittenAuthority {
    fn read(self) -> Result<Authority, String> {
        let certificates = &self.cert_chain.certificates;
        if certificates.is_empty() || certificates.len() > 10 {
            return Err(format!("its chain has {} certificates", certificates.len()));
        }
        let read = |written: &WrittenCertificate| {
            let der = BASE64.decode(&written.raw_bytes).map_err(|_| "a certificate is no base64".to_owned())?;
            Certificate::from_der(&der).map_err(|error| format!("a certificate cannot be read: {error}"))
        };
        let chain = certificates.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Authority { chain, valid: period(self.valid_for.as_ref())? })
    }
}

fn period(written: Option<&WrittenPeriod>) -> Result<Period, String> {
    let read = |text: Option<&String>, absent: i64| match text {
        None => Ok(absent),
        Some(text) => OffsetDateTime::parse(text, &Rfc3339)
            .map(OffsetDateTime::unix_timestamp)
            .map_err(|_| "its period is no RFC 3339 time".to_owned()),
    };
    Ok(Period {
        from: read(written.and_then(|period| period.start.as_ref()), i64::MIN)?,
        until: read(written.and_then(|period| period.end.as_ref()), i64::MAX)?,
    })
}
