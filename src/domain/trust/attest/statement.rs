//! in-toto statements: a predicate, and the digests it is about. Source: in-toto attestation spec v1, and v0.1 as cosign
//! still writes it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::error::{AttestError, at, document, list, optional_text, text};
use crate::domain::oci::Digest;

/// Most subjects of one statement.
pub const MAX_SUBJECTS: usize = 1000;
/// Largest statement.
const MAX_BYTES: u64 = 4 << 20;
const TYPE: &str = "https://in-toto.io/Statement/v1";
const OLDER_TYPE: &str = "https://in-toto.io/Statement/v0.1";

/// Something said about content.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: &'static str,
    /// What it is about.
    #[serde(rename = "subject")]
    pub subjects: Vec<StatementSubject>,
    /// What kind of thing is said.
    pub predicate_type: String,
    /// What is said.
    pub predicate: Value,
}

/// One thing a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatementSubject {
    /// What it is called; `None` where it is only its digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Hex digests by algorithm.
    pub digest: BTreeMap<String, String>,
}

impl Statement {
    /// A statement about one image.
    pub fn about(name: &str, digest: &Digest, predicate_type: &str, predicate: Value) -> Self {
        let digest = BTreeMap::from([(digest.algorithm().as_str().to_owned(), digest.encoded().to_owned())]);
        let name = Some(name.to_owned()).filter(|name| !name.is_empty());
        Self {
            kind: TYPE,
            subjects: vec![StatementSubject { name, digest }],
            predicate_type: predicate_type.to_owned(),
            predicate,
        }
    }

    /// Reads a statement.
    pub fn parse(bytes: &[u8]) -> Result<Self, AttestError> {
        let value = document(bytes, "statement", MAX_BYTES)?;
        let kind = match text(&value, "/_type")? {
            TYPE => TYPE,
            OLDER_TYPE => OLDER_TYPE,
            other => return Err(AttestError::field("/_type", format!("is {other:?}, no in-toto statement"))),
        };
        let listed = list(&value, "/subject")?;
        if listed.is_empty() {
            return Err(AttestError::field("/subject", "is empty"));
        }
        if listed.len() > MAX_SUBJECTS {
            return Err(AttestError::TooLarge { what: "subjects", limit: MAX_SUBJECTS as u64 });
        }
        let predicate_type = text(&value, "/predicateType")?;
        if predicate_type.is_empty() {
            return Err(AttestError::field("/predicateType", "is empty"));
        }
        Ok(Self {
            kind,
            subjects: listed.iter().map(StatementSubject::from_value).collect::<Result<_, _>>()?,
            predicate_type: predicate_type.to_owned(),
            predicate: value.get("predicate").cloned().unwrap_or(Value::Null),
        })
    }

    /// The subjects that have a digest.
    pub fn subjects_of<'a>(&'a self, digest: &'a Digest) -> impl Iterator<Item = &'a StatementSubject> {
        self.subjects.iter().filter(move |subject| subject.is(digest))
    }
}

impl StatementSubject {
    fn from_value(value: &Value) -> Result<Self, AttestError> {
        let digests = at(value, "/digest")?.as_object().filter(|digests| !digests.is_empty());
        let digests = digests.ok_or_else(|| AttestError::field("/digest", "names no digest"))?;
        let mut digest = BTreeMap::new();
        for (algorithm, encoded) in digests {
            let encoded = encoded.as_str().ok_or_else(|| AttestError::field("/digest", "is no text"))?;
            digest.insert(algorithm.clone(), encoded.to_owned());
        }
        let name = optional_text(value, "/name")?.filter(|name| !name.is_empty()).map(str::to_owned);
        Ok(Self { name, digest })
    }

    /// Whether it has this digest.
    pub fn is(&self, digest: &Digest) -> bool {
        self.digest.get(digest.algorithm().as_str()).is_some_and(|encoded| encoded == digest.encoded())
    }

    /// One of its digests, for people.
    pub fn shown_digest(&self) -> String {
        let shown = |(algorithm, encoded): (&String, &String)| format!("{algorithm}:{encoded}");
        let best = self.digest.get_key_value("sha256").or_else(|| self.digest.iter().next());
        best.map(shown).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_survives_its_json_and_knows_its_subject() {
        let digest = Digest::of(b"image");
        let statement = Statement::about("team-a/app", &digest, "https://x/y", serde_json::json!({"a": 1}));
        let bytes = serde_json::to_vec(&statement).unwrap();
        let again = Statement::parse(&bytes).unwrap();
        assert_eq!(again, statement);
        assert_eq!(again.subjects_of(&digest).count(), 1);
        assert_eq!(again.subjects_of(&Digest::of(b"other")).count(), 0);
        let unnamed = serde_json::to_string(&Statement::about("", &digest, "t", Value::Null)).unwrap();
        assert!(!unnamed.contains("name"), "{unnamed}");
    }

    #[test]
    fn s05_what_is_no_statement_about_something_is_refused() {
        let with = |kind: &str, subject: &str, predicate: &str| {
            format!(r#"{{"_type":{kind},"subject":{subject},"predicateType":{predicate},"predicate":{{}}}}"#)
        };
        let (kind, subject) = (format!("{OLDER_TYPE:?}"), r#"[{"name":"","digest":{"sha256":"ab"}}]"#);
        let read = Statement::parse(with(&kind, subject, r#""t""#).as_bytes()).unwrap();
        assert_eq!(read.subjects[0].name, None);
        for (kind, subject, predicate) in [
            (r#""https://in-toto.io/Statement/v2""#, subject, r#""t""#),
            (&kind, "[]", r#""t""#),
            (&kind, "[{}]", r#""t""#),
            (&kind, r#"[{"digest":{}}]"#, r#""t""#),
            (&kind, r#"[{"digest":{"sha256":7}}]"#, r#""t""#),
            (&kind, r#"[{"name":7,"digest":{"sha256":"ab"}}]"#, r#""t""#),
            (&kind, subject, r#""""#),
            (&kind, subject, "null"),
        ] {
            assert!(
                Statement::parse(with(kind, subject, predicate).as_bytes()).is_err(),
                "{kind} {subject} {predicate}"
            );
        }
        let many = format!("[{}]", [r#"{"digest":{"sha256":"ab"}}"#; MAX_SUBJECTS + 1].join(","));
        assert!(Statement::parse(with(&kind, &many, r#""t""#).as_bytes()).is_err());
        assert!(Statement::parse(br#"{"_type":"a","_type":"a"}"#).unwrap_err().to_string().starts_with("J-09"));
    }
}
