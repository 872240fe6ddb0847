//! A fleet: one base of the global team, images of a baker on it and on each other, teams that took what was published.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bakery::adapters::settings::Paths;
use bakery::flows::Context;
use bakery::flows::verify::{VerifyOptions, ending};
use serde_json::Value;

use crate::support::bakery::{Bakery, succeeded};

/// The global team and the baker, each with a key.
pub struct House {
    pub global: Bakery,
    pub baker: Bakery,
}

/// Steps of an image that goes well with every version of the base.
pub const CLEAN: &str = "  - write: {to: /srv/app, content: hello}\n";
/// Of one that stands in the way: the base changes the same file.
pub const OVER: &str = "  - write: {to: /etc/conf, content: mine}\n";
/// Of one that a contract of the new base forbids.
pub const FORBIDDEN: &str = "  - remove: [/etc/other]\n";

/// A contract that forbids what [`FORBIDDEN`] does.
pub const GUARDED: &str = "{labels: {dev.bakery.contract: '{\"protected\": [\"/etc/other\"]}'}}";

impl House {
    /// `teams`: the stores of the teams, as the workspace names them; `KEYS` in it is the baker's.
    pub fn new(teams: &str) -> Self {
        let global = Bakery::with_workspace(
            "bakery: 1\nstores:\n  local: {layout: ./store, key: keys/global.key, keys: [keys/global.pub]}\nrecipes: recipes\n",
        )
        .strict();
        let baker = Bakery::with_workspace("bakery: 1\n").strict();
        for (bakery, name) in [(&global, "global"), (&baker, "baker")] {
            bakery.ok(&["keys", "new", "--out", &format!("keys/{name}")]);
        }
        baker.write(
            "bakery.yaml",
            format!(
                "bakery: 1\nstores:\n  global: {{layout: {}, keys: [{}]}}\n  \
                 local: {{layout: ./local, key: keys/baker.key, keys: [keys/baker.pub]}}\n{}recipes: recipes\n",
                global.path("store").display(),
                global.path("keys/global.pub").display(),
                teams.replace("KEYS", "keys: [keys/baker.pub], team: true"),
            ),
        );
        let house = Self { global, baker };
        house.base(1, "{}");
        house
    }

    /// Another version of the base: `/etc/conf` says which.
    pub fn base(&self, version: u32, config: &str) {
        self.global.write("recipes/base/tree/etc/conf", version.to_string());
        self.global.write("recipes/base/tree/etc/other", "always the same");
        let recipe = format!(
            "recipe: 1\nname: os\ntag: \"12\"\nbase: scratch\nplatforms: [linux/amd64]\n\
             steps:\n  - copy: {{from: tree, to: /}}\nconfig: {config}\n"
        );
        self.global.write("recipes/base/base.yaml", recipe);
        let mut command = self.global.command(&["bake", "recipes/base/base.yaml"]);
        succeeded(&command.env("SOURCE_DATE_EPOCH", version.to_string()).output().unwrap(), "the base's bake");
    }

    /// Bakes `team/NAME:1` on a base.
    pub fn app(&self, name: &str, base: &str, steps: &str) {
        let text = format!(
            "recipe: 1\nname: team/{name}\ntag: \"1\"\nbase: {base}\nplatforms: [linux/amd64]\nsteps:\n{steps}\
             config: {{user: \"1000\"}}\n"
        );
        self.baker.write(&format!("recipes/{name}.yaml"), text);
        self.baker.ok(&["bake", &format!("recipes/{name}.yaml")]);
    }

    /// The layout of a team.
    pub fn team(&self, name: &str) {
        bakery::adapters::store::layout::Layout::open_or_create(&self.baker.path(name)).unwrap();
    }

    pub fn publish(&self, name: &str, to: &str) {
        self.baker.ok(&["publish", &format!("local/team/{name}:1"), "--to", to]);
    }

    pub fn digest(&self, reference: &str) -> String {
        self.baker.json(&["inspect", reference])["digest"].as_str().unwrap().to_owned()
    }

    /// Runs `bakery rollout`; code and JSON lines.
    pub fn rollout(&self, arguments: &[&str]) -> (i32, Vec<Value>) {
        let output = self.baker.run(&[&["rollout", "--json"], arguments].concat());
        (output.status.code().unwrap(), lines(&output))
    }

    /// What would be done: `IMAGE ANSWER` each, and the document.
    pub fn foreseen(&self, code: i32, arguments: &[&str]) -> (Vec<String>, Value) {
        let (found, mut told) = self.rollout(&[&["--dry-run"], arguments].concat());
        assert_eq!(found, code, "{told:#?}");
        let told = told.remove(0);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let images = told["images"].as_array().unwrap().iter();
        (images.map(|image| format!("{} {}", text(&image["image"]), text(&image["answer"]))).collect(), told)
    }

    /// What the lock of a recipe pins.
    pub fn lock(&self, name: &str) -> String {
        let lock = std::fs::read_to_string(self.baker.path(&format!("recipes/{name}.lock"))).unwrap();
        let line = lock.lines().find_map(|line| line.strip_prefix("digest: ")).unwrap();
        line.to_owned()
    }

    /// The workspace, in this process.
    pub fn context(&self) -> Context {
        let mut context = Context::load(Some(&self.baker.path(""))).unwrap();
        context.paths = Paths::below(&self.baker.path("home"));
        context
    }
}

/// Each line of stdout.
pub fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}\n{error}"))).collect()
}

/// `KIND ITEM` of every event.
pub fn told(events: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    events.iter().map(|event| format!("{} {}", text(&event["kind"]), text(&event["item"])).trim().to_owned()).collect()
}

/// Whether an image verifies.
pub fn verifies(runtime: &tokio::runtime::Runtime, context: &Context, reference: &str) -> bool {
    let verified = runtime.block_on(context.verify(reference, &VerifyOptions::default()));
    verified.is_ok_and(|verified| ending(&verified).is_ok())
}

/// Every file's path below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let output = Command::new("find").arg(folder).args(["-type", "f"]).output().unwrap();
    let mut files: Vec<PathBuf> = String::from_utf8(output.stdout).unwrap().lines().map(PathBuf::from).collect();
    files.sort();
    files
}
