//! The command line as a value: every command, every global option. Does nothing.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::{
    attach, bake, bakes, cancel, cat, check, completions, config, demo, diff, doctor, du, evidence, export, files,
    fsck, gc, impact, import, init, inspect, keys, lineage, log, man, new, plan, policy, publish, rebase, replay,
    rollout, schema, screenshot, shell, store, update, verify, worker,
};

/// Inherit trusted container base images, customise them, bake, watch what changed, prove it, hand it on.
#[derive(Debug, Parser)]
#[command(name = "bakery", version, propagate_version = true, max_term_width = 100)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    /// Open the terminal UI to look only: nothing is baked, published, edited or removed from it; without a command
    #[arg(long)]
    pub(super) readonly: bool,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// Options every command takes.
#[derive(Clone, Debug, Args)]
pub(super) struct Global {
    /// Print JSON: one document, or one a line where it streams
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Workspace folder, instead of the nearest one with a bakery.yaml
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) workspace: Option<PathBuf>,
    /// Say less: results only
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    /// Say more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Plain characters only, as in a locale without UTF-8
    #[arg(long, global = true)]
    pub(super) ascii: bool,
    /// Lines one after the other, nothing that moves: for screen readers and logs; alone: the terminal UI's story, told so
    #[arg(long, global = true)]
    pub(super) linear: bool,
    /// Colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: ColorChoice,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands, in the order of the main job.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a complete offline workspace to try everything on
    Demo(demo::Args),
    /// Make a new workspace here, with a first recipe
    Init(init::Args),
    /// Make a new recipe on a base
    New(new::Args),
    /// Browse stores
    #[command(subcommand)]
    Store(store::Command),
    /// Show an image: manifest, config, history, layers, referrers
    Inspect(inspect::Args),
    /// List the files of an image, each with the layer it comes from
    Files(files::Args),
    /// Print a file of an image
    Cat(cat::Args),
    /// Show what each layer of an image changes, or what differs between two images
    Diff(diff::Args),
    /// Say who owns the bytes of an image, and which of them nobody sees any more
    Du(du::Args),
    /// Check recipes: every problem, with its place
    Check(check::Args),
    /// Show which steps of a recipe would run, and why
    Plan(plan::Args),
    /// Bake recipes
    Bake(bake::Args),
    /// List past and running bakes
    Bakes(bakes::Args),
    /// Print a bake's journal
    Log(log::Args),
    /// Watch a bake from its beginning
    Attach(attach::Args),
    /// Stop a running bake
    Cancel(cancel::Args),
    /// Play a past bake again
    Replay(replay::Args),
    /// Open a throw-away shell in an image, or at the state of a recipe before one of its steps
    Shell(shell::Args),
    /// Draw screens as SVG and PNG, without a terminal
    Screenshot(screenshot::Args),
    /// Judge an image and all it is built on: who vouches for it, and what it does to what it inherits
    Verify(verify::Args),
    /// Show who inherits from whom over all stores, and what is stale
    Lineage(lineage::Args),
    /// Move the locks of recipes to what their bases' tags point to now, showing what that changes
    Update(update::Args),
    /// Put an image on what its base is now without running a step, where that is proven safe
    Rebase(rebase::Args),
    /// Say which images would be safe, baked again or refused, were a base to move
    Impact(impact::Args),
    /// Move every stale image built on a base, in dependency order: rebased where that is safe, else baked again
    Rollout(rollout::Args),
    /// Write recipes as Dockerfiles, or for `docker buildx bake`
    #[command(subcommand)]
    Export(export::Command),
    /// Read a Dockerfile as a recipe, naming every line that does not map
    Import(import::Args),
    /// Print all that is known of an image before it is judged
    Evidence(evidence::Args),
    /// Hand images on with their signatures and attestations; only what verifies, here and there
    Publish(publish::Args),
    /// Make and show signing keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// Show the policy in force, and try it
    #[command(subcommand)]
    Policy(policy::Command),
    /// Free what nothing refers to
    Gc(gc::Args),
    /// Check every digest of the local store
    Fsck(fsck::Args),
    /// Say what this machine can do, with the mend for each lack
    Doctor(doctor::Args),
    /// Show and edit your own settings
    #[command(subcommand)]
    Config(config::Command),
    /// Print what the files you write may say, as JSON Schema
    Schema(schema::Args),
    /// Print a completion script
    Completions(completions::Args),
    /// Print the manual page
    Man(man::Args),
    /// The process of one bake; started by `bake`
    #[command(name = "__worker", hide = true)]
    Worker(worker::Args),
    /// The process of several bakes; started by `bake --detach`
    #[command(name = "__batch", hide = true)]
    BatchWorker(worker::BatchArgs),
    /// The process of one roll-out; started by `rollout`
    #[command(name = "__rollout", hide = true)]
    RolloutWorker(worker::RolloutArgs),
}
