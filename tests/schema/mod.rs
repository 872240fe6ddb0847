//! The JSON Schemas, held against the readers: what the one accepts the other does, key by key, and an independent validator
//! says so too.

mod examples;
mod keys;
mod validator;

use bakery::adapters::settings::{Paths, UserSettings, Workspace};
use bakery::domain::document::Document;
use bakery::domain::trust::policy;
use bakery::domain::{recipe, yaml};
use bakery::tui::theme::{Role, Theme};
use serde_json::Value;

pub const STORES: &[&str] = &["global", "local"];

pub fn schema(kind: Document) -> Value {
    kind.schema(&Role::ALL.map(Role::name))
}

/// Whether bakery reads this text as a file of its kind without an error; what it says where it does not.
pub fn reads(kind: Document, text: &str) -> Result<(), String> {
    let told = |problems: Vec<yaml::Problem>| {
        problems
            .into_iter()
            .map(|problem| format!("{}: {}", problem.line, problem.message))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let folder = tempfile::tempdir().unwrap();
    match kind {
        Document::Recipe => match recipe::parse(text.as_bytes(), STORES).finish() {
            (Some(_), _) => Ok(()),
            (None, problems) => Err(told(problems)),
        },
        Document::Policy => policy::parse(text.as_bytes(), STORES).map(|_| ()).map_err(told),
        Document::Lock => recipe::Lock::parse(text.as_bytes()).map(|_| ()).map_err(|error| error.to_string()),
        Document::Theme => Theme::parse(text).map(|_| ()).map_err(|error| format!("{error:?}")),
        Document::Workspace => {
            std::fs::write(folder.path().join("bakery.yaml"), text).unwrap();
            let read = Workspace::load(Some(folder.path()), &Paths::below(folder.path()));
            read.map(|_| ()).map_err(|error| format!("{error:?}"))
        }
        Document::Config => {
            std::fs::create_dir(folder.path().join("config")).unwrap();
            std::fs::write(folder.path().join("config/config.yaml"), text).unwrap();
            let read = UserSettings::load(&Paths::below(folder.path()));
            read.map(|_| ()).map_err(|error| format!("{error:?}"))
        }
    }
}
