//! Certificates of identities: the chain to a trusted authority at a moment, what the leaf may sign, and whose it is. Knows no log.
//!
//! Source: RFC 5280; Fulcio, docs/oid-info.md.

use x509_cert::Certificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName};

use super::curve::{CurveKey, SignedDigest};
use super::root::{Authority, TrustedRoot};
use super::untrusted;
use crate::domain::trust::Outcome;

const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
/// Fulcio's issuer, in DER, and its older form, as bare text.
const ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.8");
const ISSUER_OLDER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.1");
/// Critical extensions that are understood: key usage, subject alternative name, basic constraints, extended key usage.
const UNDERSTOOD: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("2.5.29.15"),
    ObjectIdentifier::new_unwrap("2.5.29.17"),
    ObjectIdentifier::new_unwrap("2.5.29.19"),
    ObjectIdentifier::new_unwrap("2.5.29.37"),
];

/// A leaf that was read; nothing of it is proven yet.
pub(super) struct Leaf {
    pub(super) der: Vec<u8>,
    pub(super) certificate: Certificate,
    pub(super) key: CurveKey,
    /// Who vouched for the identity, and whose it is.
    pub(super) issuer: String,
    pub(super) subject: String,
}

impl Leaf {
    pub(super) fn parse(der: &[u8]) -> Result<Self, Outcome> {
        let read = Certificate::from_der(der);
        let certificate = read.map_err(|error| untrusted(format!("its certificate cannot be read: {error}")))?;
        let key = key_of(&certificate).ok_or_else(|| untrusted("its certificate's key is neither P-256 nor P-384"))?;
        let (issuer, subject) = (issuer(&certificate)?, subject(&certificate)?);
        Ok(Self { der: der.to_vec(), certificate, key, issuer, subject })
    }

    /// Whether the certificate held at a moment; told apart from a chain that never did.
    pub(super) fn held_at(&self, at: i64) -> Result<(), Outcome> {
        let (from, until) = validity(&self.certificate);
        if (from..=until).contains(&at) {
            return Ok(());
        }
        let why =
            format!("it was made at {}, its certificate held from {} to {}", stamp(at), stamp(from), stamp(until));
        Err(Outcome::Expired { why })
    }

    /// Holds the leaf against the authorities of a root at a moment; gives the certificate that issued it.
    pub(super) fn chain<'r>(&self, root: &'r TrustedRoot, at: i64) -> Result<&'r Certificate, Outcome> {
        may_sign_code(&self.certificate)?;
        let mut why = "no authority of the trusted root was trusted when it was made".to_owned();
        for authority in root.authorities.iter().filter(|authority| authority.valid.holds_at(at)) {
            match vouches(authority, &self.certificate, at) {
                Ok(issuer) => return Ok(issuer),
                Err(refusal) => {
                    why = format!("no authority of the trusted root vouches for its certificate: {refusal}");
                }
            }
        }
        Err(untrusted(why))
    }
}

fn stamp(seconds: i64) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp(seconds).ok();
    let shown = at.and_then(|at| at.format(&time::format_description::well_known::Rfc3339).ok());
    shown.unwrap_or_else(|| seconds.to_string())
}

fn key_of(certificate: &Certificate) -> Option<CurveKey> {
    CurveKey::from_spki(&certificate.tbs_certificate().subject_public_key_info().to_der().ok()?)
}

fn validity(certificate: &Certificate) -> (i64, i64) {
    let validity = certificate.tbs_certificate().validity();
    let seconds = |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    (seconds(validity.not_before), seconds(validity.not_after))
}

/// Fulcio's extensions of a name that must be there once.
fn extension(certificate: &Certificate, id: ObjectIdentifier) -> Result<Option<&[u8]>, Outcome> {
    let extensions = certificate.tbs_certificate().extensions().map_or(&[][..], |found| &found[..]);
    let mut found = extensions.iter().filter(|extension| extension.extn_id == id);
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(untrusted(format!("its certificate has the extension {id} twice"))),
        (first, _) => Ok(first.map(|extension| extension.extn_value.as_bytes())),
    }
}

fn issuer(certificate: &Certificate) -> Result<String, Outcome> {
    let newer = extension(certificate, ISSUER)?
        .map(|der| String::from_der(der).map_err(|_| untrusted("its certificate's issuer is no text")))
        .transpose()?;
    let older = extension(certificate, ISSUER_OLDER)?
        .map(|text| std::str::from_utf8(text).map_err(|_| untrusted("its certificate's issuer is no text")))
        .transpose()?;
    match (newer, older) {
        (Some(newer), Some(older)) if newer != older => Err(untrusted("its certificate names two issuers")),
        (Some(issuer), _) => Ok(issuer),
        (None, Some(issuer)) => Ok(issuer.to_owned()),
        (None, None) => Err(untrusted("its certificate names no issuer")),
    }
}

fn subject(certificate: &Certificate) -> Result<String, Outcome> {
    let names = certificate.tbs_certificate().get_extension::<SubjectAltName>();
    let names = names.map_err(|_| untrusted("its certificate's subject cannot be read"))?;
    match names.as_ref().map(|(_, names)| names.0.as_slice()) {
        Some([GeneralName::Rfc822Name(mail)]) => Ok(mail.as_str().to_owned()),
        Some([GeneralName::UniformResourceIdentifier(uri)]) => Ok(uri.as_str().to_owned()),
        _ => Err(untrusted("its certificate's subject is not one mail address or URI")),
    }
}

fn understands(certificate: &Certificate) -> Result<(), String> {
    let extensions = certificate.tbs_certificate().extensions().map_or(&[][..], |found| &found[..]);
    let odd = extensions.iter().find(|extension| extension.critical && !UNDERSTOOD.contains(&extension.extn_id));
    odd.map_or(Ok(()), |odd| Err(format!("a certificate asks for the unknown extension {}", odd.extn_id)))
}

fn may_sign_code(leaf: &Certificate) -> Result<(), Outcome> {
    understands(leaf).map_err(untrusted)?;
    let tbs = leaf.tbs_certificate();
    let broken = |_| untrusted("its certificate's extensions cannot be read");
    let authority = tbs.get_extension::<BasicConstraints>().map_err(broken)?;
    if authority.is_some_and(|(_, constraints)| constraints.ca) {
        return Err(untrusted("its certificate is an authority's"));
    }
    let usage = tbs.get_extension::<KeyUsage>().map_err(broken)?;
    if !usage.is_some_and(|(_, usage)| usage.digital_signature()) {
        return Err(untrusted("its certificate is not for signatures"));
    }
    let purposes = tbs.get_extension::<ExtendedKeyUsage>().map_err(broken)?;
    if !purposes.is_some_and(|(_, purposes)| purposes.0.contains(&CODE_SIGNING)) {
        return Err(untrusted("its certificate is not for signing code"));
    }
    Ok(())
}

/// Whether an authority's chain leads from the leaf to its anchor at a moment; gives the one that issued the leaf. The order of
/// the chain does not count: some files have the anchor first.
fn vouches<'a>(authority: &'a Authority, leaf: &Certificate, at: i64) -> Result<&'a Certificate, String> {
    let mut child = leaf;
    let mut leafs_issuer = None;
    for below in 0..=authority.chain.len() {
        let name = child.tbs_certificate().issuer();
        let mut of_name = authority.chain.iter().filter(|issuer| issuer.tbs_certificate().subject() == name).peekable();
        let Some(first) = of_name.peek().copied() else {
            // Nobody the file knows stands above: the last one is the anchor.
            return leafs_issuer.ok_or_else(|| "another authority issued it".to_owned());
        };
        let issuer = of_name.find(|issuer| has_issued(issuer, child).is_ok());
        let issuer = issuer.map_or_else(|| has_issued(first, child).map(|()| first), Ok)?;
        may_issue(issuer, below, at)?;
        leafs_issuer = leafs_issuer.or(Some(issuer));
        if issuer.tbs_certificate().subject() == issuer.tbs_certificate().issuer() {
            return Ok(leafs_issuer.unwrap_or(issuer));
        }
        child = issuer;
    }
    Err("its chain leads nowhere".to_owned())
}

/// Whether a certificate is an authority's that may have `below` others under it.
fn may_issue(issuer: &Certificate, below: usize, at: i64) -> Result<(), String> {
    understands(issuer)?;
    let (from, until) = validity(issuer);
    if !(from..=until).contains(&at) {
        return Err(format!("an authority's certificate held from {} to {} only", stamp(from), stamp(until)));
    }
    let tbs = issuer.tbs_certificate();
    let broken = |_| "an authority's extensions cannot be read".to_owned();
    let constraints = tbs.get_extension::<BasicConstraints>().map_err(broken)?.map(|(_, constraints)| constraints);
    match constraints {
        Some(BasicConstraints { ca: true, path_len_constraint }) => {
            if path_len_constraint.is_some_and(|most| below > usize::from(most)) {
                return Err("an authority's chain is longer than it may be".to_owned());
            }
        }
        _ => return Err("a certificate of its chain is no authority's".to_owned()),
    }
    if !tbs.get_extension::<KeyUsage>().map_err(broken)?.is_some_and(|(_, usage)| usage.key_cert_sign()) {
        return Err("an authority may not sign certificates".to_owned());
    }
    let purposes = tbs.get_extension::<ExtendedKeyUsage>().map_err(broken)?;
    if purposes.is_some_and(|(_, purposes)| !purposes.0.contains(&CODE_SIGNING)) {
        return Err("an authority is not for signing code".to_owned());
    }
    Ok(())
}

fn has_issued(issuer: &Certificate, child: &Certificate) -> Result<(), String> {
    let tbs = child.tbs_certificate();
    let digest = match child.signature_algorithm().oid {
        ECDSA_SHA256 => SignedDigest::Sha256,
        ECDSA_SHA384 => SignedDigest::Sha384,
        other => return Err(format!("it is signed by the algorithm {other}, which is not read")),
    };
    if child.signature_algorithm() != tbs.signature() {
        return Err("it names two algorithms".to_owned());
    }
    let key = key_of(issuer).ok_or("an authority's key is neither P-256 nor P-384")?;
    let message = tbs.to_der().map_err(|error| error.to_string())?;
    let signature = child.signature().as_bytes().ok_or("its signature is no whole number of bytes")?;
    match key.has_signed(digest, &message, signature) {
        true => Ok(()),
        false => Err("the authority's signature does not hold".to_owned()),
    }
}
