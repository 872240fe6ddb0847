//! Why a document about an image cannot be used, and the few ways its fields are read. Knows no document.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::Value;

use crate::domain::oci::{JsonError, parse_strict};
use crate::domain::text::escape;

/// Why a document is of no use.
#[derive(Debug, thiserror::Error)]
pub enum AttestError {
    /// Not strict JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Over its limit.
    #[error("R-13: {what}: over {limit}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// How much is accepted.
        limit: u64,
    },
    /// JSON of another shape.
    #[error("`{field}` {why}")]
    Field {
        /// Path of the field.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl AttestError {
    /// A field with something wrong about it; `why` may hold text from outside.
    pub(super) fn field(field: &'static str, why: impl AsRef<str>) -> Self {
        let why: String = why.as_ref().chars().take(200).collect();
        Self::Field { field, why: escape(&why) }
    }
}

/// A whole document within a limit.
pub(super) fn document(bytes: &[u8], what: &'static str, limit: u64) -> Result<Value, AttestError> {
    if bytes.len() as u64 > limit {
        return Err(AttestError::TooLarge { what, limit });
    }
    Ok(parse_strict(bytes)?)
}

/// The value behind a pointer such as `/critical/type`.
pub(super) fn at<'v>(value: &'v Value, pointer: &'static str) -> Result<&'v Value, AttestError> {
    value.pointer(pointer).ok_or_else(|| AttestError::field(pointer, "is missing"))
}

/// The text behind a pointer.
pub(super) fn text<'v>(value: &'v Value, pointer: &'static str) -> Result<&'v str, AttestError> {
    at(value, pointer)?.as_str().ok_or_else(|| AttestError::field(pointer, "is no text"))
}

/// The text behind a pointer, which may be absent or null.
pub(super) fn optional_text<'v>(value: &'v Value, pointer: &'static str) -> Result<Option<&'v str>, AttestError> {
    match value.pointer(pointer) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(AttestError::field(pointer, "is no text")),
    }
}

/// The bytes behind a pointer, in base64: standard, or URL-safe as DSSE allows.
pub(super) fn bytes(value: &Value, pointer: &'static str) -> Result<Vec<u8>, AttestError> {
    let text = text(value, pointer)?;
    let decoded = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text));
    decoded.map_err(|_| AttestError::field(pointer, "is no base64"))
}

/// The list behind a pointer; empty where it is absent.
pub(super) fn list<'v>(value: &'v Value, pointer: &'static str) -> Result<&'v [Value], AttestError> {
    match value.pointer(pointer) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(AttestError::field(pointer, "is no list")),
    }
}

/// The whole number behind a pointer: protobuf writes 64 bits as text.
pub(super) fn number(value: &Value, pointer: &'static str) -> Result<i64, AttestError> {
    let found = at(value, pointer)?;
    let number = match found {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    };
    number.ok_or_else(|| AttestError::field(pointer, "is no whole number"))
}
