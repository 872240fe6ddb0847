//! `bakery schema`: prints what the files people write may say, as JSON Schema, for editors and other tools.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use serde_json::{Map, Value, json};

use super::run::Session;
use crate::domain::document::Document;
use crate::domain::text::escape;
use crate::flows::schema;
use crate::report::{Kind, Report};
use crate::tui::theme::Role;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Of which file; all where none is named
    kind: Option<Name>,
    /// Folder for KIND.json, a file a kind; earlier ones there are replaced
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// A kind of file on the command line.
#[derive(Clone, Copy, Debug)]
struct Name(Document);

impl clap::ValueEnum for Name {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [Name; Document::ALL.len()] = {
            let mut all = [Name(Document::Config); Document::ALL.len()];
            let mut at = 0;
            while at < all.len() {
                all[at] = Name(Document::ALL[at]);
                at += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()))
    }
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let roles = Role::ALL.map(Role::name);
    let output = &session.output;
    let pretty = |value: &Value| serde_json::to_string_pretty(value).map_err(|error| Report::new(Kind::Failed, &error));
    let kinds = args.kind.map_or(Document::ALL.to_vec(), |Name(kind)| vec![kind]);
    if let Some(folder) = args.out {
        let mut written = Vec::new();
        for kind in kinds {
            let text = pretty(&kind.schema(&roles))? + "\n";
            written.push(schema::write(&folder, kind.name(), &text)?);
        }
        if output.json {
            return output.json(&json!({"files": written}));
        }
        return written.iter().try_for_each(|path| output.line(escape(path)));
    }
    let schema = match args.kind {
        Some(Name(kind)) => kind.schema(&roles),
        None => {
            let all = kinds.into_iter().map(|kind| (kind.name().to_owned(), kind.schema(&roles)));
            Value::Object(all.collect::<Map<String, Value>>())
        }
    };
    if output.json { output.json(&schema) } else { output.line(pretty(&schema)?) }
}
