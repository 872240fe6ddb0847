//! `bakery doctor`: says what this machine can do, with the mend for each lack.

use super::run::Session;
use crate::domain::text::escape;
use crate::flows::doctor::{Finding, Standing, examine};
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// End with 1 where something is lacking
    #[arg(long)]
    exit_code: bool,
}

pub(super) async fn run(args: Args, session: &Session) -> Result<(), Report> {
    let context = session.context();
    let findings = examine(context.as_ref()).await;
    let lacks = args.exit_code && findings.iter().any(|finding| finding.standing == Standing::Lacking);
    // What is lacking has been told.
    let ended = if lacks { Err(Report::message(Kind::Failed, "")) } else { Ok(()) };
    if session.output.json {
        session.output.json(&findings)?;
        return ended;
    }
    let width = findings.iter().map(|finding| finding.id.len()).max().unwrap_or(0);
    for finding in &findings {
        for line in lines(finding, width, session.output.verbose > 0) {
            session.output.line(line)?;
        }
    }
    ended
}

fn lines(finding: &Finding, width: usize, verbose: bool) -> Vec<String> {
    let mark = match finding.standing {
        Standing::Ok => "✔",
        Standing::Weak => "▲",
        Standing::Lacking => "✖",
    };
    let indent = " ".repeat(width + 4);
    let mut lines = vec![format!("{mark} {:width$}  {}", finding.id, escape(&finding.found))];
    if verbose || finding.standing != Standing::Ok {
        lines.push(format!("{indent}needed for {}", finding.needed_for));
    }
    if let Some(mend) = &finding.mend {
        let mut parts = mend.lines();
        lines.push(format!("{indent}mend: {}", escape(parts.next().unwrap_or_default())));
        lines.extend(parts.map(|part| format!("{indent}      {}", escape(part))));
    }
    lines
}
