//! From arguments to exit code: parses, opens the context, dispatches. No command's logic.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use super::arguments::{Cli, Command};
use super::output::{CLOSED_PIPE, Output};
use crate::domain::text::{escape, is_hazardous};
use crate::flows::Context;
use crate::flows::environment::{dumb_terminal, install_tls, no_color, utf8};
use crate::flows::settings::plain_characters;
use crate::report::{Kind, Report};

/// Stack of the threads that work, in bytes.
const STACK: usize = 8 << 20;

/// What every command gets.
pub(super) struct Session {
    pub(super) output: Output,
    pub(super) workspace: Option<std::path::PathBuf>,
    /// `--ascii` was given.
    pub(super) plain: bool,
    /// `--readonly` was given.
    pub(super) readonly: bool,
}

impl Session {
    /// The workspace and settings; an error names the file and the place in it.
    pub(super) fn context(&self) -> Result<Context, Report> {
        Context::load(self.workspace.as_deref())
    }

    /// The same, everything it says in one place and as lines.
    pub(super) fn linear(&self) -> Self {
        let output = Output { together: true, live: false, json: false, quiet: false, ..self.output.clone() };
        Self { output, workspace: self.workspace.clone(), plain: self.plain, readonly: self.readonly }
    }
}

/// Runs one command line; prints; gives the exit code (contract section 9).
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            told(&error, &arguments);
            return ExitCode::from(if error.use_stderr() { Kind::Usage.exit_code() } else { 0 });
        }
    };
    let session = Session {
        output: Output::new(&cli.global, no_color(), utf8() && !plain_characters(), dumb_terminal()),
        workspace: cli.global.workspace.clone(),
        plain: cli.global.ascii,
        readonly: cli.readonly,
    };
    install_tls();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    // As much as the main thread has: what verifies a chain for a screen goes as deep as for a command.
    builder.worker_threads(2).thread_stack_size(STACK).enable_all();
    let runtime = match builder.build() {
        Ok(runtime) => runtime,
        Err(error) => {
            session.output.failure(&Report::new(Kind::Failed, &error).while_doing("cannot start"));
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(async {
        match cli.command {
            Some(_) if cli.readonly => Err(Report::message(Kind::Usage, "--readonly is for the terminal UI")
                .help("leave it out, or the command: a command does what its name says")),
            Some(command) => dispatch(command, &session).await,
            None if cli.global.linear => super::linear::run(&session).await,
            None => super::screen::run(&session).await,
        }
    });
    // A blocking read that nobody waits for any more must not hold the exit.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) if report.message == CLOSED_PIPE => ExitCode::SUCCESS,
        Err(report) => {
            // An empty message: the command has already said everything.
            if !report.message.is_empty() {
                session.output.failure(&report);
            }
            ExitCode::from(report.kind.exit_code())
        }
    }
}

/// What is wrong with the command line. clap repeats what was given as it is: that must not steer the terminal.
fn told(error: &clap::Error, arguments: &[OsString]) {
    if !arguments.iter().any(|argument| argument.to_string_lossy().chars().any(is_hazardous)) {
        let _ = error.print();
        return;
    }
    let text = error.render().to_string();
    let lines: Vec<String> = text.lines().map(escape).collect();
    let _ = writeln!(io::stderr().lock(), "{}", lines.join("\n"));
}

pub(super) async fn dispatch(command: Command, session: &Session) -> Result<(), Report> {
    match command {
        Command::Demo(args) => super::demo::run(args, session).await,
        Command::Init(args) => super::init::run(args, session).await,
        Command::New(args) => super::new::run(args, session).await,
        Command::Store(command) => super::store::run(command, session).await,
        Command::Inspect(args) => super::inspect::run(args, session).await,
        Command::Files(args) => super::files::run(args, session).await,
        Command::Cat(args) => super::cat::run(args, session).await,
        Command::Diff(args) => super::diff::run(args, session).await,
        Command::Du(args) => super::du::run(args, session).await,
        Command::Check(args) => super::check::run(args, session).await,
        Command::Plan(args) => super::plan::run(args, session).await,
        Command::Bake(args) => super::bake::run(args, session).await,
        Command::Bakes(args) => super::bakes::run(args, session).await,
        Command::Log(args) => super::log::run(args, session).await,
        Command::Attach(args) => super::attach::run(args, session).await,
        Command::Cancel(args) => super::cancel::run(args, session).await,
        Command::Replay(args) => super::replay::run(args, session).await,
        Command::Verify(args) => super::verify::run(args, session).await,
        Command::Lineage(args) => super::lineage::run(args, session).await,
        Command::Rebase(args) => super::rebase::run(args, session).await,
        Command::Impact(args) => super::impact::run(args, session).await,
        Command::Update(args) => super::update::run(args, session).await,
        Command::Rollout(args) => super::rollout::run(args, session).await,
        Command::Export(command) => super::export::run(command, session).await,
        Command::Import(args) => super::import::run(args, session).await,
        Command::Evidence(args) => super::evidence::run(args, session).await,
        Command::Publish(args) => super::publish::run(args, session).await,
        Command::Keys(command) => super::keys::run(command, session).await,
        Command::Policy(command) => super::policy::run(command, session).await,
        Command::Gc(args) => super::gc::run(args, session).await,
        Command::Fsck(args) => super::fsck::run(args, session).await,
        Command::Doctor(args) => super::doctor::run(args, session).await,
        Command::Shell(args) => super::shell::run(args, session).await,
        Command::Screenshot(args) => super::screenshot::run(args, session).await,
        Command::Config(command) => super::config::run(command, session).await,
        Command::Schema(args) => super::schema::run(args, session).await,
        Command::Completions(args) => super::completions::run(args, session).await,
        Command::Man(args) => super::man::run(args, session).await,
        Command::Worker(args) => super::worker::run(args, session).await,
        Command::BatchWorker(args) => super::worker::run_batch(args, session).await,
        Command::RolloutWorker(args) => super::worker::run_rollout(args, session).await,
    }
}
