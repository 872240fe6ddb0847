//! `bakery man`: prints the manual page, every command in it, made from the command line itself.

use std::io;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::arguments::Cli;
use super::run::Session;
use crate::report::{Kind, Report};

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

const EXIT_STATUS: &str = r".SH EXIT STATUS
.TP
\fB0\fR
done
.TP
\fB1\fR
failed
.TP
\fB2\fR
wrong usage, or a recipe with errors
.TP
\fB3\fR
rejected: verification or policy said no
.TP
\fB4\fR
a store or registry is unreachable or refuses
.TP
\fB130\fR
cancelled
.PP
\fBbakery shell\fR ends as its command does; 128 and the signal's number where a signal ended it.
\fBbakery diff \-\-exit\-code\fR ends with 1 when anything differs, \fBbakery du \-\-fail\-on\fR with 3 when a rule holds.
.SH ENVIRONMENT
.TP
\fBBAKERY_HOME\fR
one folder for config, data, state and cache
.TP
\fBBAKERY_PASSWORD\fR, \fBBAKERY_PASSWORD_FILE\fR, \fBCOSIGN_PASSWORD\fR, \fBCOSIGN_PASSWORD_FILE\fR
the signing key's passphrase, or a file that holds it
.TP
\fBNO_COLOR\fR
no colours
.TP
\fBSOURCE_DATE_EPOCH\fR
the time images carry, in seconds since 1970
";

pub(super) async fn run(_args: Args, session: &Session) -> Result<(), Report> {
    let mut page = Vec::new();
    render(&mut page).map_err(|error| Report::new(Kind::Failed, &error))?;
    let page = String::from_utf8(page).map_err(|error| Report::new(Kind::Failed, &error))?;
    session.output.line(page.trim_end())
}

fn render(page: &mut Vec<u8>) -> io::Result<()> {
    // Global options stand once at the top, not below every command: hence no full build of the tree.
    let command = Cli::command();
    let whole = Man::new(command.clone()).title("BAKERY").section("1").manual("bakery");
    whole.render_title(page)?;
    whole.render_name_section(page)?;
    whole.render_synopsis_section(page)?;
    whole.render_description_section(page)?;
    whole.render_options_section(page)?;
    page.extend_from_slice(b".SH COMMANDS\n");
    render_below(&command, "bakery", page)?;
    page.extend_from_slice(EXIT_STATUS.as_bytes());
    Ok(())
}

fn render_below(command: &Command, path: &str, page: &mut Vec<u8>) -> io::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        let path = format!("{path} {}", below.get_name());
        if below.has_subcommands() {
            render_below(below, &path, page)?;
            continue;
        }
        page.extend_from_slice(format!(".SS {}\n", path.replace('-', "\\-")).as_bytes());
        let section = Man::new(below.clone().bin_name(path).disable_help_flag(true));
        let mut body = Vec::new();
        section.render_synopsis_section(&mut body)?;
        section.render_description_section(&mut body)?;
        section.render_options_section(&mut body)?;
        page.extend_from_slice(&without_headings(&body));
    }
    Ok(())
}

/// Parts of a command follow each other as paragraphs: headings of their own would break up the page.
fn without_headings(roff: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(roff.len());
    for line in roff.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".SH ") {
            out.extend_from_slice(b".PP\n");
        } else {
            out.extend_from_slice(line);
        }
    }
    out
}
