//! `bakery store`: lists repositories and tags, as they come in.

use super::render::{age, bytes, count, signature};
use super::run::Session;
use crate::domain::oci::Digest;
use crate::domain::text::escape;
use crate::flows::browse::{Listed, Source};
use crate::report::{Kind, Report};

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List repositories and tags with their digests, sizes, ages and signatures
    Ls {
        /// A store of the workspace, a registry host or oci:PATH, and a repository to stay below; all stores where
        /// nothing is named
        #[arg(value_name = "STORE[/PREFIX]")]
        store: Option<String>,
    },
}

pub(super) async fn run(command: Command, session: &Session) -> Result<(), Report> {
    let Command::Ls { store } = command;
    let sources = session.context()?.sources(store.as_deref())?;
    let mut shown = Shown { rows: Vec::new(), width: 30, failed: None, broken: 0, count: 0 };
    for source in &sources {
        let listed = shown.list(source, session).await;
        for warning in source.warnings() {
            session.output.note(format!("warning: {warning}"));
        }
        // One store that does not answer hides no other, unless it was the one asked for.
        match listed {
            Err(report) if sources.len() > 1 && report.kind == Kind::Unreachable => {
                session.output.failure(&report);
                shown.failed = Some(report.kind);
            }
            listed => listed?,
        }
    }
    if session.output.json {
        session.output.json(&shown.rows)?;
    } else {
        session.output.note(count(shown.count, "image"));
    }
    match (shown.failed, shown.broken) {
        (None, 0) => Ok(()),
        // Each has been told above.
        (kind, _) => Err(Report::message(kind.unwrap_or(Kind::Failed), "")),
    }
}

/// What has been listed so far.
struct Shown {
    rows: Vec<Listed>,
    width: usize,
    failed: Option<Kind>,
    broken: u64,
    count: u64,
}

impl Shown {
    async fn list(&mut self, source: &Source, session: &Session) -> Result<(), Report> {
        let output = &session.output;
        source
            .list(|row| match row {
                Ok(row) if output.json => {
                    self.rows.push(row);
                    Ok(())
                }
                Ok(row) => {
                    self.width = self.width.max(row.reference.chars().count());
                    self.count += 1;
                    output.line(line(&row, self.width))
                }
                Err(unlisted) => {
                    self.broken += 1;
                    output.failure(&unlisted.report.while_doing(format!("{} cannot be read", unlisted.reference)));
                    Ok(())
                }
            })
            .await
    }
}

pub(super) fn line(row: &Listed, width: usize) -> String {
    let made = row.age.map_or_else(|| "-".to_owned(), age);
    let platforms = if row.platforms.is_empty() { "-".to_owned() } else { row.platforms.join(",") };
    let reference = escape(&row.reference);
    let (size, digest) = (bytes(row.size), row.digest.as_ref().map_or_else(|| "-".to_owned(), Digest::short));
    let signed = signature(row.signature.as_ref());
    format!("{reference:<width$}  {size:>8}  {made:>6}  {signed:<18}  {digest}  {platforms}")
}
