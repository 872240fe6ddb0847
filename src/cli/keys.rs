//! `bakery keys`: makes and shows signing keys. A passphrase is no argument here.

use std::path::PathBuf;

use super::run::Session;
use crate::domain::text::escape;
use crate::flows::keys::{self, ShownKey};
use crate::report::Report;

/// Subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a cosign-compatible key pair
    ///
    /// The passphrase comes from BAKERY_PASSWORD, COSIGN_PASSWORD, a file named by BAKERY_PASSWORD_FILE or
    /// COSIGN_PASSWORD_FILE, or the terminal. Existing files are never overwritten.
    New {
        /// Write PREFIX.key and PREFIX.pub [default: the local store's `key`, else keys/baker]
        #[arg(long, value_name = "PREFIX")]
        out: Option<PathBuf>,
    },
    /// Show public keys: those the workspace's stores trust, or one file
    Show {
        /// A public key
        file: Option<PathBuf>,
    },
}

pub(super) async fn run(command: Command, session: &Session) -> Result<(), Report> {
    match command {
        Command::New { out } => new(out, session),
        Command::Show { file } => show(file, session),
    }
}

fn new(out: Option<PathBuf>, session: &Session) -> Result<(), Report> {
    let pair = match out {
        Some(prefix) => keys::new_with_prefix(&prefix)?,
        None => keys::new_for_workspace(&session.context()?)?,
    };
    let output = &session.output;
    if output.json {
        return output.json(&pair);
    }
    let (private, public) = (escape(&pair.private.display().to_string()), escape(&pair.public.display().to_string()));
    output.line(format!("private key  {private}\npublic key   {public}"))?;
    output.line(format!("fingerprint  {}  {}", pair.fingerprint, pair.algorithm))?;
    output.note("keep the private key out of version control; whoever should trust it gets the public one");
    Ok(())
}

fn show(file: Option<PathBuf>, session: &Session) -> Result<(), Report> {
    let rows = match file {
        Some(file) => vec![keys::show_file(&file)?],
        None => keys::show_workspace(&session.context()?),
    };
    let output = &session.output;
    if output.json {
        output.json(&rows)?;
    } else if rows.is_empty() {
        output.note("no store of this workspace names public keys; add `keys: [keys/global.pub]` to it in bakery.yaml");
    } else {
        for line in table(&rows) {
            output.line(line)?;
        }
    }
    match rows.into_iter().find_map(|row| row.error) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Store, fingerprint, algorithm, file; aligned.
fn table(rows: &[ShownKey]) -> Vec<String> {
    let store = |row: &ShownKey| escape(row.store.as_deref().unwrap_or("-"));
    let width = rows.iter().map(|row| store(row).chars().count()).max().unwrap_or(0);
    let line = |row: &ShownKey| {
        let fingerprint = row.fingerprint.as_deref().unwrap_or("unusable");
        let algorithm = row.algorithm.unwrap_or("-");
        let file = escape(&row.file.display().to_string());
        format!("{:width$}  {fingerprint:64}  {algorithm:10}  {file}", store(row))
    };
    rows.iter().map(line).collect()
}
