//! What a user sees when something fails: kind, message, causes, help. Refuses to know where it is shown.
//!
//! Below this edge every module has its own typed error; each says how it becomes a `Report` beside its definition.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What sort of failure; decides the exit code (contract section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Something did not work: exit code 1.
    Failed,
    /// Wrong usage, or a recipe with errors: exit code 2.
    Usage,
    /// Verification said no: exit code 3.
    Rejected,
    /// A store or registry is unreachable or refuses: exit code 4.
    Unreachable,
    /// The user stopped it: exit code 130.
    Cancelled,
}

impl Kind {
    /// The process exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Rejected => 3,
            Self::Unreachable => 4,
            Self::Cancelled => 130,
        }
    }
}

impl Kind {
    /// The kind whose exit code this is; anything else has failed.
    pub fn of_exit_code(code: u8) -> Self {
        let kinds = [Self::Usage, Self::Rejected, Self::Unreachable, Self::Cancelled];
        kinds.into_iter().find(|kind| kind.exit_code() == code).unwrap_or(Self::Failed)
    }
}

/// A failure, ready to be shown. Texts are escaped: nothing from outside can steer a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What sort.
    pub kind: Kind,
    /// What failed, on what.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// What to do next.
    pub help: Option<String>,
}

impl Report {
    /// A report of `error` and its source chain.
    pub fn new(kind: Kind, error: &(dyn Error + 'static)) -> Self {
        let mut causes: Vec<String> = Vec::new();
        let mut message = escape_lines(&error.to_string());
        let mut source = error.source();
        while let Some(cause) = source {
            let text = escape_lines(&cause.to_string());
            // Transparent wrappers repeat their source's words.
            if text != message && causes.last() != Some(&text) {
                causes.push(text);
            }
            source = cause.source();
        }
        if message.is_empty() {
            message = "failed".into();
        }
        Self { kind, message, causes, help: None }
    }

    /// A report with only a message.
    pub fn message(kind: Kind, message: impl AsRef<str>) -> Self {
        Self { kind, message: escape_lines(message.as_ref()), causes: Vec::new(), help: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says around it what was being done: `context` becomes the message, the old message the first cause.
    #[must_use]
    pub fn while_doing(mut self, context: impl AsRef<str>) -> Self {
        let inner = std::mem::replace(&mut self.message, escape_lines(context.as_ref()));
        self.causes.insert(0, inner);
        self
    }
}

/// Escapes controls but keeps line breaks, which diagnostics use.
fn escape_lines(text: &str) -> String {
    text.lines().map(crate::domain::text::escape).collect::<Vec<_>>().join("\n")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        for cause in &self.causes {
            write!(f, "\ncause: {cause}")?;
        }
        match &self.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl Error for Report {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_error_cause_help() {
        let report = Report::message(Kind::Failed, "no such \x1b[31mfile")
            .while_doing("bake of team-a/x:1 failed")
            .help("look at the log");
        assert_eq!(
            report.to_string(),
            "error: bake of team-a/x:1 failed\ncause: no such \\x1b[31mfile\nhelp: look at the log"
        );
    }
}
