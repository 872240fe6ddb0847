//! A temporary home with a recipe and scripted bakes, driven through the real program.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// One user's home.
pub struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    /// A home with the recipe `app.yaml` and this script.
    pub fn new(script: &[&str]) -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        home.recipe("app", "scratch");
        home.script(script);
        home
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes `NAME.yaml` of the image `team-a/NAME:1.0`.
    pub fn recipe(&self, name: &str, base: &str) {
        let text = format!("recipe: 1\nname: team-a/{name}\ntag: \"1.0\"\nbase: {base}\n");
        std::fs::write(self.path(&format!("{name}.yaml")), text).unwrap();
    }

    /// Sets the script; `@` stands for the home's folder.
    pub fn script(&self, lines: &[&str]) {
        let text = lines.join("\n").replace('@', self.folder.path().to_str().unwrap());
        std::fs::write(self.path("script"), text).unwrap();
    }

    /// Opens a gate of the script.
    pub fn open(&self, gate: &str) {
        std::fs::write(self.path(gate), "").unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bakery"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("BAKERY_HOME", self.path("home"))
            .env("BAKERY_SCRIPTED_ENGINE", self.path("script"))
            .env_remove("XDG_RUNTIME_DIR")
            .env_remove("BAKERY_PASSWORD")
            .stdin(Stdio::null());
        command
    }

    /// Runs to its end.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run(self.command(arguments).output().unwrap())
    }

    /// Starts a detached bake; gives its ID and its worker's pid.
    pub fn detach(&self) -> (String, u32) {
        let run = self.run(&["bake", "app.yaml", "--detach", "--json"]);
        assert_eq!(run.code(), 0, "{}", run.stderr());
        let started: Value = serde_json::from_str(&run.stdout()).unwrap();
        let pid = u32::try_from(started["pid"].as_u64().unwrap()).unwrap();
        (started["bake"].as_str().unwrap().to_owned(), pid)
    }

    pub fn folder_of(&self, bake: &str) -> PathBuf {
        self.path("home/state/bakes").join(bake)
    }

    pub fn journal(&self, bake: &str) -> String {
        std::fs::read_to_string(self.folder_of(bake).join("journal.jsonl")).unwrap()
    }

    /// The row `bakes --json` has for a bake.
    pub fn row(&self, bake: &str) -> Value {
        let rows: Value = serde_json::from_str(&self.run(&["bakes", "--json"]).stdout()).unwrap();
        rows.as_array().unwrap().iter().find(|row| row["bake"] == bake).unwrap().clone()
    }

    /// Starts a command whose lines on stdout are read as they come.
    pub fn viewer(&self, arguments: &[&str]) -> Viewer {
        let mut command = self.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Viewer { child, lines }
    }
}

/// A command that ran.
pub struct Run(pub Output);

impl Run {
    pub fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub fn stdout(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }
}

/// A command that runs.
pub struct Viewer {
    pub child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Viewer {
    /// Reads up to the first line that has `word`; gives all lines read.
    pub fn until(&mut self, word: &str) -> Vec<String> {
        let mut read = Vec::new();
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "no {word:?} in {read:?}");
            read.push(line.trim_end().to_owned());
            if line.contains(word) {
                return read;
            }
        }
    }

    /// Reads to the end; gives the lines and the exit code.
    pub fn finish(mut self) -> (Vec<String>, Option<i32>) {
        let lines = (&mut self.lines).lines().map(Result::unwrap).collect();
        (lines, self.child.wait().unwrap().code())
    }
}

/// Sends a signal by name.
pub fn signal(name: &str, pid: u32) {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
    assert!(status.success());
}
