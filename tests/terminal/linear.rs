//! `--linear`: the same story as lines. Nothing on the wire but text and newlines, whatever the terminal.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::stocked;
use crate::bakes::GATED;
use crate::support::bakery::Bakery;
use crate::support::bakes::Home;
use crate::support::pty::{DEADLINE, Terminal};

/// `bakery --linear` between two pipes.
struct Linear {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Linear {
    fn start(mut command: Command) -> Self {
        let mut child = command.arg("--linear").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (tell, lines) = channel();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            let mut line = Vec::new();
            while matches!(output.read_until(b'\n', &mut line), Ok(1..)) {
                let text = String::from_utf8(std::mem::take(&mut line)).unwrap();
                if tell.send(text).is_err() {
                    break;
                }
            }
        });
        Self { input: child.stdin.take(), child, lines, seen: Vec::new() }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Reads up to the first line with these words; gives it.
    fn until(&mut self, words: &str) -> String {
        let until = Instant::now() + DEADLINE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("{words} never came:\n{}", self.seen.concat()));
            self.seen.push(line.clone());
            if line.contains(words) {
                return line.trim_end().to_owned();
            }
        }
    }

    /// Closes what it reads; gives the rest of its lines.
    fn over(mut self, code: i32) -> Vec<String> {
        self.input = None;
        let until = Instant::now() + DEADLINE;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.seen.push(line);
        }
        assert_eq!(self.child.wait().unwrap().code(), Some(code), "{}", self.seen.concat());
        self.seen
    }
}

/// Nothing but text, and a newline at each end.
fn plain(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || !c.is_control())
}

#[test]
fn a_bake_is_told_as_its_log_tells_it() {
    let home = Home::new(GATED);
    let mut linear = Linear::start(home.command(&[]));
    linear.until("1 recipe, 0 bakes, 0 running");
    linear.say("recipes");
    assert!(linear.until("1  team-a/app:1.0").contains("never baked"));
    linear.say("bake 1");
    let begun = linear.until("baking team-a/app:1.0");
    linear.until("first line");
    // What another one began is told as well.
    home.recipe("other", "scratch");
    let other = home.run(&["bake", "other.yaml", "--detach"]).stdout();
    linear.until(&format!("bake {})", other.trim()));
    home.open("gate");
    let seen = linear.over(0);
    assert!(seen.iter().all(|line| plain(line)), "{seen:?}");
    let id = begun.rsplit_once("bake ").unwrap().1.trim_end_matches(')');
    let log = home.run(&["log", id]).stdout();
    for line in log.lines() {
        let told = |seen: &String| {
            let seen = seen.trim_end();
            seen == line || seen.strip_prefix("team-a/app:1.0  ") == Some(line)
        };
        assert!(seen.iter().any(told), "{line} is not in\n{}", seen.concat());
    }
    assert!(seen.iter().any(|line| line.contains("team-a/app:1.0  sha256:")), "what came out:\n{}", seen.concat());
}

#[test]
fn words_and_numbers_are_answered_by_lines() {
    let bakery = stocked();
    let mut command = bakery.command(&[]);
    command.current_dir(bakery.path("shop")).env("TERM", "dumb");
    let mut linear = Linear::start(command);
    linear.until("2 stores");
    linear.say("help");
    linear.until("quit");
    linear.say("stores");
    linear.until("1  global");
    linear.say("images global");
    let first = linear.until("1  global/");
    assert!(first.contains("global/apache:2"), "{first}");
    linear.say("verify 1");
    linear.until("global/apache:2");
    linear.say("diff 1");
    linear.until("layer");
    linear.say("1");
    linear.until("sha256:");
    linear.say("nonsense and more");
    linear.until("unrecognized subcommand");
    linear.say("bake nowhere.yaml");
    linear.until("error:");
    linear.say("gc");
    linear.until("type yes");
    linear.say("where");
    linear.until("2 stores");
    linear.say("yes");
    linear.until("nothing was asked");
    linear.say("log \u{1b}[2J");
    linear.until("no text");
    linear.say("99");
    linear.until("no such number");
    linear.say("quit");
    let seen = linear.over(0);
    assert!(seen.iter().all(|line| plain(line)), "{seen:?}");
}

#[test]
fn v03_in_any_terminal_nothing_moves_and_nothing_is_coloured() {
    let bakery = stocked();
    for kind in ["dumb", "vt100", "xterm-256color"] {
        let mut command = bakery.command(&["--linear", "--ascii"]);
        command.current_dir(bakery.path("shop")).env("TERM", kind);
        let mut terminal = Terminal::start(&command, 80, 24);
        terminal.wait_text("running");
        terminal.send("images local\r");
        terminal.wait_text("2 images");
        terminal.send("verify global/os:12\r");
        terminal.wait_text("global/os:12");
        terminal.settle(Duration::from_millis(300));
        terminal.send("\x04");
        terminal.ends_with(0);
        let raw = String::from_utf8(terminal.raw()).unwrap();
        // The newline's return and the echo of Ctrl-d are the terminal's own.
        let text = raw.replace("\r\n", "\n").replace("^D\u{8}\u{8}", "");
        assert!(text.is_ascii() && plain(&text), "{kind}: {text:?}");
    }
}

#[test]
fn a_command_told_linearly_moves_nothing_in_a_terminal() {
    let home = Home::new(&GATED.iter().copied().filter(|line| !line.contains("gate")).collect::<Vec<_>>());
    let mut command = home.command(&["bake", "app.yaml", "--linear"]);
    command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8").env("PATH", std::env::var_os("PATH").unwrap());
    let mut terminal = Terminal::start(&command, 100, 30);
    terminal.ends_with(0);
    terminal.wait_text("bake ok");
    let raw = String::from_utf8(terminal.raw()).unwrap().replace("\r\n", "\n");
    assert!(plain(&raw) && raw.contains("[1] | second line"), "{raw:?}");
}

#[test]
fn readonly_changes_nothing_and_a_dumb_terminal_is_told_of_it() {
    let bakery: Bakery = stocked();
    bakery.write("home/config/config.yaml", "readonly: true\n");
    let mut command = bakery.command(&[]);
    command.current_dir(bakery.path("shop"));
    let mut linear = Linear::start(command);
    for line in ["bake 1", "publish local/x:1", "update x"] {
        linear.say(line);
        if line.starts_with("publish") {
            linear.until("type yes");
            linear.say("yes");
        }
        linear.until("nothing is changed here");
    }
    linear.over(0);
}
