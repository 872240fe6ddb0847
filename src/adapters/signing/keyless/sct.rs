//! That a certificate was published: the timestamps of certificate logs inside it. Source: RFC 6962, section 3.

use sha2::{Digest as _, Sha256};
use x509_cert::Certificate;
use x509_cert::der::asn1::{Any, ObjectIdentifier, OctetString};
use x509_cert::der::{Decode, Encode, Tagged};
use x509_cert::ext::Extension;

use super::certificate::Leaf;
use super::root::Log;
use super::untrusted;
use crate::domain::trust::Outcome;

const TIMESTAMPS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");
/// Most timestamps that are looked at.
const MAX_TIMESTAMPS: usize = 16;

struct Timestamp<'a> {
    log: &'a [u8],
    millis: &'a [u8],
    extensions: &'a [u8],
    signature: &'a [u8],
}

/// One of the logs must have promised to publish the leaf that `issuer` issued.
pub(super) fn was_published(leaf: &Leaf, issuer: &Certificate, logs: &[Log]) -> Result<(), Outcome> {
    let broken = || untrusted("the certificate logs' word in its certificate cannot be read");
    let extensions = leaf.certificate.tbs_certificate().extensions().map_or(&[][..], |found| &found[..]);
    let listed = extensions.iter().find(|extension| extension.extn_id == TIMESTAMPS);
    let Some(listed) = listed else {
        return Err(untrusted("no certificate log has its certificate"));
    };
    let listed = OctetString::from_der(listed.extn_value.as_bytes()).map_err(|_| broken())?;
    let timestamps = timestamps(listed.as_bytes()).ok_or_else(broken)?;
    let before = without_timestamps(&leaf.certificate).ok_or_else(broken)?;
    let issuer_key = issuer.tbs_certificate().subject_public_key_info().to_der().map_err(|_| broken())?;
    let issuer_key = Sha256::digest(issuer_key);
    let holds = |timestamp: &Timestamp<'_>| {
        let Some(millis) = <[u8; 8]>::try_from(timestamp.millis).ok().map(u64::from_be_bytes) else { return false };
        let at = i64::try_from(millis / 1000).unwrap_or(i64::MAX);
        let Ok(length) = u32::try_from(before.len()) else { return false };
        // Version 1, "certificate timestamp"; then a "precert entry".
        let mut message = vec![0, 0];
        message.extend_from_slice(timestamp.millis);
        message.extend_from_slice(&[0, 1]);
        message.extend_from_slice(&issuer_key);
        message.extend_from_slice(&length.to_be_bytes()[1..]);
        message.extend_from_slice(&before);
        message.extend_from_slice(&u16::try_from(timestamp.extensions.len()).unwrap_or(u16::MAX).to_be_bytes());
        message.extend_from_slice(timestamp.extensions);
        logs.iter().any(|log| {
            log.id == *timestamp.log
                && log.valid.holds_at(at)
                && log.key.has_signed(log.key.usual_digest(), &message, timestamp.signature)
        })
    };
    match timestamps.iter().any(holds) {
        true => Ok(()),
        false => Err(untrusted("no certificate log of the trusted root has its certificate")),
    }
}

/// Takes `count` bytes off the front.
fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (front, back) = rest.split_at_checked(count)?;
    *rest = back;
    Some(front)
}

/// Takes a length of two bytes and as many bytes as it says.
fn take_counted<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let count = u16::from_be_bytes(take(rest, 2)?.try_into().ok()?);
    take(rest, usize::from(count))
}

/// The timestamps of a list; those of other versions and algorithms are left out.
fn timestamps(mut bytes: &[u8]) -> Option<Vec<Timestamp<'_>>> {
    let mut list = take_counted(&mut bytes)?;
    if !bytes.is_empty() {
        return None;
    }
    let mut found = Vec::new();
    while !list.is_empty() {
        if found.len() == MAX_TIMESTAMPS {
            return None;
        }
        let mut one = take_counted(&mut list)?;
        let version = take(&mut one, 1)?;
        let (log, millis) = (take(&mut one, 32)?, take(&mut one, 8)?);
        let extensions = take_counted(&mut one)?;
        let algorithm = take(&mut one, 2)?;
        let signature = take_counted(&mut one)?;
        // Version 1; ECDSA with SHA-256.
        if version == [0] && algorithm == [4, 3] && one.is_empty() {
            found.push(Timestamp { log, millis, extensions, signature });
        }
    }
    Some(found)
}

/// The certificate's content as it was when the logs were asked: without their answer.
fn without_timestamps(certificate: &Certificate) -> Option<Vec<u8>> {
    let tbs = certificate.tbs_certificate().to_der().ok()?;
    let mut fields = Vec::<Any>::from_der(&tbs).ok()?;
    let last = fields.pop()?;
    let mut extensions = Vec::<Extension>::from_der(last.value()).ok()?;
    extensions.retain(|extension| extension.extn_id != TIMESTAMPS);
    fields.push(Any::new(last.tag(), extensions.to_der().ok()?).ok()?);
    fields.to_der().ok()
}
