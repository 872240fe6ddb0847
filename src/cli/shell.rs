//! `bakery shell`: a throw-away shell in an image, or at the state of a recipe before one of its steps.

use super::run::Session;
use crate::domain::recipe::Network;
use crate::flows::shell::ShellRequest;
use crate::flows::terminal;
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// STORE/NAME[:TAG][@DIGEST], HOST/NAME…, oci:PATH:NAME:TAG; or a recipe, at the state before the first step that is
    /// not baked yet, else at its end; or RECIPE@STEP, at the state before that step (the first is 1)
    #[arg(value_name = "IMAGE|RECIPE[@STEP]")]
    target: String,
    /// User in the image, by name or number; that of the image or of the step where absent
    #[arg(long, value_name = "USER[:GROUP]")]
    user: Option<String>,
    /// Network the program sees
    #[arg(long, value_enum, default_value = "host")]
    network: Reach,
    /// Program and arguments, instead of a shell; its exit code is bakery's
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Reach {
    /// The host's
    Host,
    /// None at all
    None,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    if session.output.json {
        return Err(Report::message(Kind::Usage, "a shell has nothing to say in JSON").help("leave out --json"));
    }
    let request = ShellRequest {
        target: args.target,
        user: args.user,
        network: match args.network {
            Reach::Host => Network::Host,
            Reach::None => Network::None,
        },
        command: args.command,
    };
    let code = session.context()?.shell(&request, |line| session.output.note(line)).await?;
    if code == 0 { Ok(()) } else { terminal::end(code) }
}
