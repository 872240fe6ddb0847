//! `image.sbom`: a signed list of what is in the image.

use serde_json::Value;

use super::super::super::reason;
use super::super::judged::{Judged, Offence};
use super::super::judging::Judging;
use super::provenance::bad;
use crate::domain::text::escape;

const PREDICATE: &str = "https://spdx.dev/Document";

pub fn sbom(judging: &Judging<'_>) -> Judged {
    let attached = match &judging.case.evidence.attached {
        Ok(attached) => attached,
        Err(gap) => return Judged::unknown(gap),
    };
    let mut wrong = Vec::new();
    for seen in attached.good(PREDICATE) {
        let version = seen.predicate.as_ref().and_then(|said| said.get("spdxVersion")).and_then(Value::as_str);
        if let Some(version) = version.filter(|version| version.starts_with("SPDX-")) {
            return Judged::pass(reason::SBOM_GOOD, vec![format!("SBOM {}: {}", seen.at.short(), escape(version))]);
        }
        wrong.push(Offence::new(reason::SBOM_MALFORMED, format!("SBOM {}: it is no SPDX document", seen.at.short())));
    }
    Judged::wrong([wrong, bad(attached, PREDICATE, (reason::SBOM_MISSING, "SBOM"))].concat())
}
