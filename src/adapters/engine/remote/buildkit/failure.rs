//! Why a builder gave nothing, told apart: the connection, the protocol, its disk, the recipe. Shows no text it was not sent.

use std::error::Error;
use std::io::ErrorKind;

use bollard_buildkit_proto::google::rpc;
use prost::Message;
use serde::Deserialize;
use tonic::{Code, Status};

use crate::adapters::engine::remote::BuilderError;
use crate::domain::text::escape;

/// Longest message of a daemon that is kept.
const MAX_WORDS: usize = 4 << 10;
/// What a full disk is called.
const FULL: [&str; 3] = ["no space left on device", "disk quota exceeded", "not enough space"];

/// A reason in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Reason(pub String);

/// It cannot be reached: with every reason below `error`, each once. TLS that is no TLS is no way to speak.
pub(super) fn unreachable(name: &str, error: &(dyn Error + 'static)) -> BuilderError {
    let builder = name.to_owned();
    let chain: Vec<&(dyn Error + 'static)> = std::iter::successors(Some(error), |error| below(*error)).collect();
    if chain.iter().any(|error| is_gibberish(*error)) {
        return BuilderError::Protocol { builder, what: words(error) };
    }
    BuilderError::Unreachable { builder, source: Box::new(Reason(words(error))) }
}

/// What lies below: of an I/O error, what it was made of.
fn below<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// Bytes that are not what was agreed on.
fn is_gibberish(error: &(dyn Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return matches!(error, rustls::Error::InvalidMessage(_));
    }
    if error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::Unsupported) {
        return true;
    }
    let text = error.to_string();
    let of_http2 =
        ["frame with invalid", "protocol error", "FRAME_SIZE", "PROTOCOL_ERROR", "HTTP2_REQUIRED", "HTTP_1_1"];
    error.downcast_ref::<std::io::Error>().is_none() && of_http2.iter().any(|word| text.contains(word))
}

/// All that is said, from the outside in; repetitions and words that say nothing are left out.
pub(super) fn words(error: &(dyn Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for error in std::iter::successors(Some(error), |error| below(*error)) {
        let text = match error.downcast_ref::<Status>() {
            Some(status) => status.message().to_owned(),
            None => error.to_string(),
        };
        let is_known = said.iter().any(|known| known.contains(&text));
        if !text.is_empty() && text != "transport error" && !is_known {
            said.retain(|known| !text.contains(known.as_str()));
            said.push(text);
        }
    }
    if said.is_empty() {
        said.push("the connection broke".to_owned());
    }
    bounded(&said.join(": "))
}

fn bounded(text: &str) -> String {
    escape(beginning(text, MAX_WORDS).trim())
}

/// At most so many bytes of a text, whole characters.
pub(super) fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

/// What is known besides of a build that failed.
#[derive(Debug, Default)]
pub(super) struct Failing {
    /// Line of the instruction that was seen failing.
    pub line: Option<usize>,
    /// Last it wrote.
    pub tail: Vec<u8>,
    /// Why the connection broke, where it did.
    pub broken: Option<std::io::Error>,
}

/// What a daemon's answer means.
pub(super) fn of_status(name: &str, status: &Status, failing: &Failing) -> BuilderError {
    let builder = name.to_owned();
    if status.source().is_some() {
        return failing.broken.as_ref().map_or_else(|| unreachable(name, status), |error| unreachable(name, error));
    }
    let message = status.message();
    let what = bounded(message);
    let lower = message.to_lowercase();
    let is_full = |text: &str| FULL.iter().any(|word| text.contains(word));
    if is_full(&lower) || is_full(&String::from_utf8_lossy(&failing.tail).to_lowercase()) {
        return BuilderError::Full { builder, what };
    }
    let unreachable = |what| BuilderError::Unreachable { builder: name.to_owned(), source: Box::new(Reason(what)) };
    let line = failing.line.or_else(|| line_in_details(status)).or_else(|| number_after(message, "parse error line "));
    let line = line.or_else(|| number_after(message, "parse error on line "));
    match status.code() {
        Code::Unavailable | Code::Cancelled | Code::Aborted | Code::DeadlineExceeded => unreachable(what),
        Code::ResourceExhausted if !lower.contains("message larger") => BuilderError::Full { builder, what },
        _ if line.is_none() && lower.contains("is not allowed") => BuilderError::Protocol { builder, what },
        Code::Unknown | Code::InvalidArgument | Code::NotFound | Code::FailedPrecondition => instruction(line, what),
        _ if line.is_some() => instruction(line, what),
        _ => BuilderError::Protocol { builder, what },
    }
}

fn instruction(line: Option<usize>, what: String) -> BuilderError {
    let exit_code = number_after(&what, "exit code: ").and_then(|code| i32::try_from(code).ok());
    BuilderError::Instruction { line: line.unwrap_or(0), exit_code, what }
}

/// The number that stands behind the last `mark`.
fn number_after(text: &str, mark: &str) -> Option<usize> {
    let rest = &text[text.rfind(mark)? + mark.len()..];
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[derive(Deserialize)]
struct Source {
    #[serde(default)]
    ranges: Vec<Range>,
}

#[derive(Deserialize)]
struct Range {
    start: Place,
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    line: usize,
}

/// The line BuildKit says it was (`errdefs.Source`, as JSON); of several, the innermost, which comes last.
fn line_in_details(status: &Status) -> Option<usize> {
    let details = rpc::Status::decode(status.details()).ok()?.details;
    let sources = details.iter().filter(|any| any.type_url.trim_end_matches("+json").ends_with("errdefs.Source"));
    let mut lines = sources.filter_map(|any| {
        let source: Source = serde_json::from_slice(&any.value).ok()?;
        source.ranges.first().map(|range| range.start.line)
    });
    lines.rfind(|line| *line > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: &Status, line: Option<usize>, tail: &str) -> BuilderError {
        of_status("b", status, &Failing { line, tail: tail.into(), broken: None })
    }

    #[test]
    fn a_program_that_fails_is_the_recipes_fault() {
        let message = "failed to solve: process \"/bin/sh -c exit 3\" did not complete successfully: exit code: 3";
        let error = told(&Status::unknown(message), Some(4), "");
        assert!(matches!(error, BuilderError::Instruction { line: 4, exit_code: Some(3), .. }), "{error:?}");
        let error =
            told(&Status::invalid_argument("dockerfile parse error on line 7: unknown instruction: RAN"), None, "");
        assert!(matches!(error, BuilderError::Instruction { line: 7, exit_code: None, .. }), "{error:?}");
    }

    #[test]
    fn a_line_in_the_details_is_found() {
        let source = br#"{"info":{"filename":"Dockerfile"},"ranges":[{"start":{"line":5},"end":{"line":6}}]}"#;
        let any = |type_url: &str, value: &[u8]| bollard_buildkit_proto::google::protobuf::Any {
            type_url: type_url.into(),
            value: value.to_vec(),
        };
        let details = rpc::Status {
            code: 2,
            message: "m".into(),
            details: vec![any("stack.Stack", b"\xff{"), any("errdefs.Source", source)],
        };
        let status = Status::with_details(Code::Unknown, "m", details.encode_to_vec().into());
        let error = told(&status, None, "");
        assert!(matches!(error, BuilderError::Instruction { line: 5, .. }), "{error:?}");
    }

    #[test]
    fn a_full_disk_a_shutdown_and_a_refusal_are_the_builders_fault() {
        let full = told(&Status::unknown("write /x: no space left on device"), Some(3), "");
        assert!(matches!(full, BuilderError::Full { .. }), "{full:?}");
        let full = told(&Status::unknown("exit code: 1"), Some(3), "cp: /x: No space left on device\n");
        assert!(matches!(full, BuilderError::Full { .. }), "{full:?}");
        let gone = told(&Status::cancelled("context canceled"), Some(3), "");
        assert!(matches!(gone, BuilderError::Unreachable { .. }), "{gone:?}");
        let refused = told(&Status::unknown("failed to load LLB: network.host is not allowed"), None, "");
        assert!(matches!(refused, BuilderError::Protocol { .. }), "{refused:?}");
        let unknown = told(&Status::unimplemented("unknown service moby.buildkit.v1.Control"), None, "");
        assert!(matches!(unknown, BuilderError::Protocol { .. }), "{unknown:?}");
        for error in [full, gone, refused, unknown] {
            assert!(error.is_builders_fault());
        }
    }

    #[test]
    fn what_a_daemon_says_is_bounded_and_harmless() {
        let error = told(&Status::unknown(format!("\u{1b}[2J{}", "é".repeat(9000))), None, "");
        let BuilderError::Instruction { what, .. } = error else { panic!("{error:?}") };
        assert!(what.len() < 5000 && !what.contains('\u{1b}'), "{}", what.len());
    }
}
