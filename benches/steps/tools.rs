//! The builders that are compared: each is given the same work in its own words, and builds it. Measures nothing but the
//! wall time of the command that builds.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::dockerd::Dockerd;
use super::subordinate;

/// Two run steps that say a number, and a file.
pub struct Work {
    pub number: u64,
    pub file: Vec<u8>,
}

/// A builder with a warm base.
pub trait Tool {
    /// Its name, and who runs it.
    fn shown(&self) -> String;
    /// Writes the work down as this tool reads it.
    fn prepare(&self, work: &Work);
    /// Builds what was written down.
    fn build(&self) -> Duration;
}

/// bakery in a workspace of its own.
pub struct Bakery {
    shown: &'static str,
    folder: PathBuf,
    user: Option<u32>,
}

impl Bakery {
    /// Of the user, or of root.
    pub fn new(shown: &'static str, folder: &Path, user: Option<u32>) -> Self {
        let bakery = Self { shown, folder: folder.to_owned(), user };
        std::fs::create_dir_all(folder.join("recipes")).unwrap();
        let stores =
            "bakery: 1\nstores:\n  global: {layout: ../global/local}\n  local: {layout: ./local}\nrecipes: recipes\n";
        std::fs::write(folder.join("bakery.yaml"), stores).unwrap();
        let program = folder.join("bakery");
        if !program.exists() {
            std::fs::copy(env!("CARGO_BIN_EXE_bakery"), &program).unwrap();
        }
        for path in [folder, &folder.join("recipes")] {
            chown(path, user, user).unwrap();
        }
        bakery
    }

    /// Writes a recipe of the image `NAME:1`.
    pub fn recipe(&self, name: &str, rest: &str) {
        let text = format!("recipe: 1\nname: {name}\ntag: \"1\"\n{rest}");
        std::fs::write(self.folder.join(format!("recipes/{name}.yaml")), text).unwrap();
    }

    /// Bakes, whatever it takes.
    pub fn bake(&self, name: &str) {
        self.build_recipe(name);
    }

    /// Bakes; the time from the start of the command to its end, the worker's syncs included.
    pub fn build_recipe(&self, name: &str) -> Duration {
        self.build_recipe_as(name, false)
    }

    /// The same; `unwatched`: without looking for changes while steps run.
    pub fn build_recipe_as(&self, name: &str, unwatched: bool) -> Duration {
        let mut command = as_whom(self.user, &self.folder.join("bakery"));
        command.args(["bake", "--quiet", &format!("recipes/{name}.yaml")]).current_dir(&self.folder);
        if unwatched {
            command.env("BAKERY_BENCH_UNWATCHED", "1");
        }
        timed(command.env("BAKERY_HOME", self.folder.join("home")))
    }
}

impl Tool for Bakery {
    fn shown(&self) -> String {
        self.shown.to_owned()
    }

    fn prepare(&self, work: &Work) {
        std::fs::write(self.folder.join("recipes/file"), &work.file).unwrap();
        let number = work.number;
        self.recipe(
            "work",
            &format!(
                "base: global/base:1\nsteps:\n  - run: echo {number} >/one\n  - run: echo {number} >/two\n  \
                 - copy: {{from: file, to: /srv/file}}\n"
            ),
        );
    }

    fn build(&self) -> Duration {
        self.build_recipe("work")
    }
}

/// The same work as a Dockerfile.
fn dockerfile(folder: &Path, base: &str, work: &Work) {
    let number = work.number;
    let text = format!("FROM {base}\nRUN echo {number} >/one\nRUN echo {number} >/two\nCOPY file /srv/file\n");
    std::fs::write(folder.join("Dockerfile"), text).unwrap();
    std::fs::write(folder.join("file"), &work.file).unwrap();
}

/// buildah with a storage of its own, keeping a layer a step.
pub struct Buildah {
    shown: String,
    folder: PathBuf,
    isolation: &'static str,
    user: Option<u32>,
}

impl Buildah {
    /// With the base in its storage; else what buildah says.
    pub fn new(
        shown: String,
        folder: &Path,
        (isolation, user): (&'static str, Option<u32>),
        base: &Path,
    ) -> Result<Self, String> {
        if !has("buildah") {
            return Err("buildah is absent".into());
        }
        let buildah = Self { shown, folder: folder.to_owned(), isolation, user };
        std::fs::create_dir_all(folder.join("context")).unwrap();
        chown(folder, user, user).unwrap();
        let base = format!("oci:{}:base:1", base.display());
        tried(&mut buildah.command(&["pull", "-q", &base]))?;
        let id = tried(&mut buildah.command(&["images", "-q", "--no-trunc"]))?;
        tried(&mut buildah.command(&["tag", id.trim(), "localhost/base:1"]))?;
        // One build shows whether this user may.
        buildah.prepare(&Work { number: 0, file: Vec::new() });
        tried(&mut buildah.build_command())?;
        Ok(buildah)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = as_whom(self.user, Path::new("/usr/bin/buildah"));
        command.env("HOME", &self.folder).env("XDG_RUNTIME_DIR", &self.folder).env("TMPDIR", &self.folder);
        command.arg("--root").arg(self.folder.join("root")).arg("--runroot").arg(self.folder.join("run"));
        command.args(["--storage-driver", "overlay"]).args(arguments).current_dir(&self.folder);
        command
    }

    fn build_command(&self) -> Command {
        let context = self.folder.join("context").display().to_string();
        let how = ["--layers", "--network", "host", "--isolation", self.isolation];
        self.command(&[&["build", "-q"], &how[..], &["-t", "work", &context]].concat())
    }
}

impl Tool for Buildah {
    fn shown(&self) -> String {
        self.shown.clone()
    }

    fn prepare(&self, work: &Work) {
        dockerfile(&self.folder.join("context"), "localhost/base:1", work);
    }

    fn build(&self) -> Duration {
        timed(&mut self.build_command())
    }
}

/// BuildKit within a dockerd of the bench's own.
pub struct Docker {
    dockerd: Dockerd,
    folder: PathBuf,
}

impl Docker {
    /// With the base in its storage; else what dockerd says.
    pub fn new(folder: &Path, base: &Path) -> Result<Self, String> {
        if !has("dockerd") || !has("skopeo") {
            return Err("dockerd or skopeo is absent".into());
        }
        std::fs::create_dir_all(folder).unwrap();
        let docker = Self { dockerd: Dockerd::start()?, folder: folder.to_owned() };
        docker.dockerd.load(base, "base:1");
        docker.prepare(&Work { number: 0, file: Vec::new() });
        tried(&mut docker.build_command())?;
        Ok(docker)
    }

    fn build_command(&self) -> Command {
        let mut command = self.dockerd.docker(&["build", "-q", "--network", "host", "-t", "work"]);
        command.arg(&self.folder).env("DOCKER_BUILDKIT", "1");
        command
    }
}

impl Tool for Docker {
    fn shown(&self) -> String {
        "dockerd (BuildKit), root".to_owned()
    }

    fn prepare(&self, work: &Work) {
        dockerfile(&self.folder, "base:1", work);
    }

    fn build(&self) -> Duration {
        timed(&mut self.build_command())
    }
}

fn as_whom(user: Option<u32>, program: &Path) -> Command {
    match user {
        Some(user) => subordinate::command(user, program),
        None => Command::new(program),
    }
}

/// Stdout, or the last thing it said.
fn tried(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = || said.lines().last().unwrap_or_default().to_owned();
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned()).ok_or_else(last)
}

/// How long a command takes that must succeed.
fn timed(command: &mut Command) -> Duration {
    let started = Instant::now();
    tried(command).unwrap_or_else(|said| panic!("{command:?}: {said}"));
    started.elapsed()
}

/// Whether a program is there.
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
