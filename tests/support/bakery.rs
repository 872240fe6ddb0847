//! The real binary in a home and a workspace of its own, so that tests never meet each other or the user's files.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A policy for tests that are not about trust: nobody has to sign, and nothing in a layer is asked about.
pub const TRUSTING: &str = "base: {signed-by: []}\n\
    image: {setuid: allow, world-writable: allow, secrets: allow, device-nodes: allow}\n";

/// A temporary home and workspace.
pub struct Bakery {
    folder: tempfile::TempDir,
}

impl Bakery {
    /// Two layouts as stores, nothing else.
    pub fn new() -> Self {
        Self::with_workspace(
            "bakery: 1\nstores:\n  global: {layout: ./global}\n  local: {layout: ./local}\nrecipes: recipes\n",
        )
    }

    /// A workspace file of the test's own.
    pub fn with_workspace(text: &str) -> Self {
        // Short and in lower case: podman makes an image's name of the layout's path, and keeps sockets below it.
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
        let name = format!("bakery-{:x}{now:x}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let bakery = Self { folder: tempfile::Builder::new().prefix(&name).rand_bytes(0).tempdir().unwrap() };
        bakery.write("bakery.yaml", text);
        bakery.write("policy.yaml", TRUSTING);
        bakery
    }

    /// Without the policy that trusts everybody: the built-in one counts.
    pub fn strict(self) -> Self {
        std::fs::remove_file(self.path("policy.yaml")).unwrap();
        self
    }

    /// A path in the workspace.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of the workspace, making its folders.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A command line, not started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bakery"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("user"))
            .env("BAKERY_HOME", self.path("home"))
            .env("BAKERY_PASSWORD", "flour")
            .stdin(Stdio::null());
        command
    }

    /// Runs to the end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs and must succeed; gives stdout.
    pub fn ok(&self, arguments: &[&str]) -> String {
        succeeded(&self.run(arguments), &arguments.join(" "))
    }

    /// Runs with `--json` and must succeed; gives the document.
    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let text = self.ok(&[arguments, &["--json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
    }

    /// Runs with `--json` and must succeed; gives one document a line.
    pub fn json_lines(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        let text = self.ok(&[arguments, &["--json"]].concat());
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Runs and must fail with `code`; gives stderr.
    pub fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\nstdout: {stdout}\nstderr: {stderr}");
        stderr
    }

    /// Bakes one recipe; gives the digest of the committed image.
    pub fn bake(&self, recipe: &str) -> String {
        let events = self.json_lines(&["bake", recipe]);
        let committed = events.iter().find(|event| event["kind"] == "image.committed");
        committed.unwrap_or_else(|| panic!("no image.committed in {events:#?}"))["digest"].as_str().unwrap().to_owned()
    }

    /// The local store's path.
    pub fn local(&self) -> PathBuf {
        self.path("local")
    }
}

/// Stdout of a program that must have succeeded.
pub fn succeeded(output: &Output, what: &str) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{what}: {}\nstdout: {stdout}\nstderr: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    stdout
}

/// Runs a peer program that must succeed; gives stdout.
pub fn peer(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    succeeded(
        &output.unwrap_or_else(|error| panic!("{program}: {error}")),
        &format!("{program} {}", arguments.join(" ")),
    )
}

/// A JSON blob of a layout, by digest.
pub fn layout_json(layout: &Path, digest: &str) -> serde_json::Value {
    let path = layout.join("blobs").join(digest.replace(':', "/"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
