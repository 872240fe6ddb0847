//! The recorded scene: a workspace, what bakery keeps of it, and the moment it was recorded. `record.sh` makes it; `rollout.sh` made
//! the roll-out that some pictures have at work in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use bakery::adapters::journal::{BakeFolder, WorkerLock};
use bakery::domain::oci::Digest;

use super::table::{Made, Shown};
use crate::support::bakery::succeeded;

/// What was baked and kept, and by which recipe.
const RECIPES: &[(&str, &str)] = &[
    ("team-a/payments-api:1.4.0", "recipes/team-a/payments-api/payments-api.yaml"),
    ("team-a/storefront:2.1.0", "recipes/team-a/storefront/storefront.yaml"),
    ("team-b/reports:0.9.0", "recipes/team-b/reports/reports.yaml"),
];

/// The scene in a folder of its own.
pub struct Scene {
    folder: tempfile::TempDir,
    now: String,
    /// While this is held, its roll-out is at work.
    _at_work: Option<WorkerLock>,
}

/// A part of the recorded roll-out, as it stood under way.
fn rollout(part: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/pictures/rollout/{part}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

impl Scene {
    /// Unpacks it.
    pub fn unpacked() -> Self {
        let folder = tempfile::Builder::new().prefix("bakery-scene").tempdir().unwrap();
        let packed = std::fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pictures/scene.tar.gz")).unwrap();
        let packed = flate2::read::GzDecoder::new(packed);
        tar::Archive::new(packed).unpack(folder.path()).unwrap();
        let now = std::fs::read_to_string(folder.path().join("now")).unwrap().trim().to_owned();
        let scene = Self { folder, now, _at_work: None };
        scene.move_in();
        scene
    }

    /// The same with the recorded roll-out at work, at the moment that one was recorded.
    fn rolling_out() -> Self {
        let scene = Self::unpacked();
        let workspace = std::fs::canonicalize(scene.path("shop")).unwrap();
        let (journal, rollouts) = (rollout("journal.jsonl"), scene.path("home/state/rollouts"));
        let started: serde_json::Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
        let id = started["rollout"].as_str().unwrap();
        std::fs::create_dir_all(rollouts.join(id)).unwrap();
        let folder = BakeFolder::of(&rollouts, id).unwrap();
        let request = rollout("request.json").replace("SHOP", workspace.to_str().unwrap());
        folder.write("request.json", request.as_bytes()).unwrap();
        std::fs::write(folder.journal(), journal).unwrap();
        let lock = WorkerLock::take(&folder).unwrap();
        Self { now: rollout("now").trim().to_owned(), _at_work: Some(lock), ..scene }
    }

    /// What a bake remembers of a recipe goes by the recipe's place: that is another one now.
    fn move_in(&self) {
        let recorded = PathBuf::from(std::fs::read_to_string(self.path("place")).unwrap().trim());
        let memory = |reference: &str, recipe: PathBuf| {
            let name = format!("{reference}\n{}", recipe.display());
            self.path(&format!("home/cache/recipes/{}.json", Digest::of(name.as_bytes()).encoded()))
        };
        for (reference, file) in RECIPES {
            let here = std::fs::canonicalize(self.path("shop")).unwrap();
            std::fs::rename(memory(reference, recorded.join(file)), memory(reference, here.join(file))).unwrap();
        }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs bakery in its workspace.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bakery"));
        command
            .args(arguments)
            .current_dir(self.folder.path().join("shop"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("BAKERY_HOME", self.folder.path().join("home"));
        command
    }

    /// The ID of the newest bake of `reference` that ended as `status` says.
    pub fn bake(&self, reference: &str, status: &str) -> String {
        let listed = succeeded(&self.command(&["bakes", "--json"]).output().unwrap(), "bakes");
        let bakes: serde_json::Value = serde_json::from_str(&listed).unwrap();
        let mut all = bakes.as_array().unwrap().iter();
        let found = all.find(|bake| bake["reference"] == reference && bake["status"] == status);
        found.unwrap_or_else(|| panic!("no {status} bake of {reference}: {bakes:#}"))["bake"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Draws a picture; gives the SVG's path, the PNG is beside it.
    pub fn draw(&self, picture: &Shown) -> PathBuf {
        let own = picture.rollout.then(Self::rolling_out);
        let scene = own.as_ref().unwrap_or(self);
        let out = self.folder.path().join("drawn").join(picture.name);
        if let Some(made) = picture.made {
            return make(&out, picture, made);
        }
        let mut arguments = vec!["screenshot", picture.screen, "--size", picture.size, "--keys", picture.keys];
        arguments.extend(["--theme", picture.theme, "--out", out.to_str().unwrap()]);
        let from = picture.from.map(|(reference, status)| self.bake(reference, status));
        if let Some(from) = &from {
            arguments.extend(["--from", from]);
        }
        arguments.extend(picture.more);
        // Not by SOURCE_DATE_EPOCH, which bakes go by as well: plans would say that all is to be done anew.
        arguments.extend(["--now", &scene.now]);
        let output = scene.command(&arguments).output().unwrap();
        succeeded(&output, picture.name);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.is_empty(), "{}: {said}", picture.name);
        out.join(picture.screen).with_extension("svg")
    }
}

/// A picture of a state that tests make, as `bakery screenshot` leaves one.
fn make(out: &Path, picture: &Shown, made: Made) -> PathBuf {
    let (width, height) = picture.size.split_once('x').unwrap();
    let drawn = made((width.parse().unwrap(), height.parse().unwrap()), picture.theme);
    std::fs::create_dir_all(out).unwrap();
    let svg = out.join(picture.screen).with_extension("svg");
    std::fs::write(&svg, &drawn.svg).unwrap();
    if let Some(png) = drawn.png() {
        std::fs::write(svg.with_extension("png"), png.unwrap()).unwrap();
    }
    svg
}
