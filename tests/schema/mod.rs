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
    thread_local! {
        static FOLDER: tempfile::TempDir = tempfile::tempdir().unwrap();
    }
    let write = |name: &str| {
        FOLDER.with(|folder| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            folder.path().to_owned()
        })
    };
    match kind {
        Document::Recipe => match recipe::parse(text.as_bytes(), STORES).finish() {
            (Some(_), _) => Ok(()),
            (None, problems) => Err(told(problems)),
        },
        Document::Policy => policy::parse(text.as_bytes(), STORES).map(|_| ()).map_err(told),
        Document::Lock => recipe::Lock::parse(text.as_bytes()).map(|_| ()).map_err(|error| error.to_string()),
        Document::Theme => Theme::parse(text).map(|_| ()).map_err(|error| format!("{error:?}")),
        Document::Workspace => {
            let folder = write("bakery.yaml");
            let read = Workspace::load(Some(&folder), &Paths::below(&folder));
            read.map(|_| ()).map_err(|error| format!("{error:?}"))
        }
        Document::Config => {
            let folder = write("config/config.yaml");
            let read = UserSettings::load(&Paths::below(&folder));
            read.map(|_| ()).map_err(|error| format!("{error:?}"))
        }
    }
}
