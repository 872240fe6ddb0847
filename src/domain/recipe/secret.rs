//! Where a secret comes from, as settings and the command line say it. Never holds a secret itself.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::forms::is_word;

/// A secret's source. Only this is written down; the secret itself is had when a step needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretSource {
    /// An environment variable of the one who bakes.
    Env(String),
    /// A file.
    File(PathBuf),
    /// What a program prints, called with these arguments and no shell.
    Command(Vec<String>),
}

/// `--secret NAME=env:VARIABLE` or `--secret NAME=file:PATH`, malformed (K-04). The text is not repeated: it may hold the
/// secret itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretFlagError {
    /// No name before the `=`.
    #[error("K-04: --secret has no name")]
    Unnamed,
    /// Nothing after it.
    #[error("K-04: --secret {name}: it says not where the secret is")]
    NoSource {
        /// The name given.
        name: String,
    },
    /// Not `env:` or `file:`.
    #[error("K-04: --secret {name}: neither env:VARIABLE nor file:PATH")]
    UnknownSource {
        /// The name given.
        name: String,
    },
    /// Not a variable's name.
    #[error("K-04: --secret {name}: env: is not followed by a variable's name")]
    NotAVariable {
        /// The name given.
        name: String,
    },
    /// The same name twice.
    #[error("K-04: --secret {name} stands twice")]
    Twice {
        /// The name given.
        name: String,
    },
}

impl SecretSource {
    /// Reads one `NAME=env:VARIABLE` or `NAME=file:PATH`.
    pub fn parse_flag(text: &str) -> Result<(String, Self), SecretFlagError> {
        let (name, source) = text.split_once('=').unwrap_or((text, ""));
        if !is_secret_name(name) {
            return Err(SecretFlagError::Unnamed);
        }
        let name = name.to_owned();
        match source.split_once(':') {
            _ if source.is_empty() => Err(SecretFlagError::NoSource { name }),
            Some(("env", variable)) if is_variable(variable) => Ok((name, Self::Env(variable.to_owned()))),
            Some(("env", _)) => Err(SecretFlagError::NotAVariable { name }),
            Some(("file", "")) => Err(SecretFlagError::NoSource { name }),
            Some(("file", path)) if !path.contains('\0') => Ok((name, Self::File(PathBuf::from(path)))),
            _ => Err(SecretFlagError::UnknownSource { name }),
        }
    }
}

/// Letters, digits, `_`, `.`, `-`, beginning with a letter or digit: also the name of its file in a step.
pub fn is_secret_name(text: &str) -> bool {
    is_word(text)
}

/// Whether `text` names an environment variable as shells have them.
pub fn is_variable(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    !text.is_empty() && text.len() <= 200 && text.bytes().all(word) && !text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn flags_name_a_variable_or_a_file() {
        let parsed = SecretSource::parse_flag("pip.token=env:PIP_TOKEN");
        assert_eq!(parsed, Ok(("pip.token".into(), SecretSource::Env("PIP_TOKEN".into()))));
        let parsed = SecretSource::parse_flag("npm=file:/a=b:c");
        assert_eq!(parsed, Ok(("npm".into(), SecretSource::File("/a=b:c".into()))));
    }

    #[test]
    fn k04_malformed_flags_are_typed_errors_that_do_not_repeat_a_value() {
        use SecretFlagError::*;
        let name = || "a".to_owned();
        for (text, expected) in [
            ("", Unnamed),
            ("=env:X", Unnamed),
            ("-a=env:X", Unnamed),
            ("../a=env:X", Unnamed),
            ("a", NoSource { name: name() }),
            ("a=", NoSource { name: name() }),
            ("a=file:", NoSource { name: name() }),
            ("a=hunter2", UnknownSource { name: name() }),
            ("a=command:hunter2", UnknownSource { name: name() }),
            ("a=env:", NotAVariable { name: name() }),
            ("a=env:hunter2=", NotAVariable { name: name() }),
            ("a=env:1", NotAVariable { name: name() }),
        ] {
            let error = SecretSource::parse_flag(text).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(error.to_string().starts_with("K-04: ") && !error.to_string().contains("hunter2"));
        }
    }

    proptest! {
        #[test]
        fn no_flag_breaks_the_reader(text in "\\PC{0,20}") {
            let _ = SecretSource::parse_flag(&text);
        }
    }
}
