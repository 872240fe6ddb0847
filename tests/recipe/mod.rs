//! Recipes as a baker meets them: checked, planned, their inputs read, their bases pinned.

mod base;
mod check;
mod families;
mod inputs;
mod plan;
mod prepare;
mod secrets;
mod settings;

use std::path::{Path, PathBuf};

use crate::support::binary::bakery;

/// A workspace in a temporary folder, with the given recipes.
pub struct Workspace {
    folder: tempfile::TempDir,
}

impl Workspace {
    /// With a global store that is a layout, and nothing in it.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("recipes")).unwrap();
        std::fs::write(folder.path().join("bakery.yaml"), "bakery: 1\nstores:\n  global: {layout: ./global}\n")
            .unwrap();
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Appends to `bakery.yaml`.
    pub fn settings(&self, text: &str) {
        let file = self.path().join("bakery.yaml");
        let before = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, before + text).unwrap();
    }

    /// Writes a file below `recipes`.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join("recipes").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs the program with these arguments; gives exit code, stdout, stderr.
    pub fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = bakery(self.path()).env_remove("SOURCE_DATE_EPOCH").args(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    /// `line:column: severity: message` of every problem of one text.
    pub fn problems(&self, text: impl AsRef<[u8]>) -> Vec<String> {
        self.write("r.yaml", text);
        let (_, stdout, stderr) = self.run(&["check", "--json", "recipes/r.yaml"]);
        let rows: Vec<serde_json::Value> = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}"));
        let word = |row: &serde_json::Value, key: &str| match &row[key] {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        rows.iter()
            .map(|row| {
                format!("{}:{}: {}: {}", row["line"], row["column"], word(row, "severity"), word(row, "message"))
            })
            .collect()
    }
}

/// A recipe that is valid; lines 1 to 4.
pub const HEAD: &str = "recipe: 1\nname: team-a/x\ntag: \"1.0\"\nbase: scratch\n";
