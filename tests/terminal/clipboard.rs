//! Copying: which way a text goes, byte for byte, and that the user is told which.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use base64::Engine;

use super::{in_demo, opened, stocked};
use crate::support::bakery::Bakery;
use crate::support::pty::{Terminal, wait_until};

const COPIED: &str = "global/apache:2";

/// A program in a folder of the test's own.
fn program(bakery: &Bakery, name: &str, script: &str) {
    let path = bakery.write(&format!("bin/{name}"), format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The demo's store screen, in a desktop with these variables.
fn desktop(bakery: &Bakery, variables: &[(&str, &str)]) -> Command {
    let mut command = in_demo(bakery);
    for name in ["TMUX", "STY", "SSH_TTY", "SSH_CONNECTION", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"] {
        command.env_remove(name);
    }
    command.env("PATH", format!("{}:/usr/bin:/bin", bakery.path("bin").display()));
    command.envs(variables.iter().copied());
    command
}

/// Copies the first image's name; gives the terminal once `told` is.
fn copies(bakery: &Bakery, variables: &[(&str, &str)], told: &str) -> Terminal {
    let terminal = opened(&desktop(bakery, variables), 100, 30);
    terminal.wait_text(COPIED);
    terminal.send("y");
    terminal.wait_text(told);
    terminal
}

fn sent(terminal: &Terminal, bytes: &str) -> bool {
    String::from_utf8(terminal.raw()).unwrap().contains(bytes)
}

#[test]
fn through_the_terminal_it_goes_as_the_multiplexer_between_wants_it() {
    let bakery = stocked();
    let coded = base64::engine::general_purpose::STANDARD.encode(COPIED);
    let plain = format!("\x1b]52;c;{coded}\x07");
    let in_tmux = format!("{plain}\x1bPtmux;\x1b\x1b]52;c;{coded}\x07\x1b\\");
    let in_screen = format!("\x1bP{plain}\x1b\\");
    let ssh = [("SSH_TTY", "/dev/pts/9"), ("WAYLAND_DISPLAY", "wayland-0")];
    program(&bakery, "wl-copy", "cat >> \"$OUT\"");
    let tmux = [("TERM", "tmux-256color"), ("TMUX", "/tmp/tmux-0/default,1,0")];
    let screen = [("TERM", "screen"), ("STY", "1.pts-0.host")];
    for (variables, wanted) in [(&[][..], &plain), (&ssh, &plain), (&tmux, &in_tmux), (&screen, &in_screen)] {
        let terminal = copies(&bakery, variables, "through the terminal (OSC 52)");
        wait_until("the bytes", || sent(&terminal, wanted));
        let all = String::from_utf8(terminal.raw()).unwrap();
        let elsewhere = all.replacen(wanted.as_str(), "", 1);
        assert!(!elsewhere.contains("]52;") && !elsewhere.contains("\x1bP"), "{variables:?}: sent once, as wanted");
    }
}

#[test]
fn the_desktops_own_program_has_it_where_there_is_one() {
    let bakery = stocked();
    let out = bakery.path("clipboard");
    let shown = out.display().to_string();
    for (name, variable) in [("xclip", "DISPLAY"), ("wl-copy", "WAYLAND_DISPLAY")] {
        program(&bakery, name, "cat > \"$OUT.new\" && mv \"$OUT.new\" \"$OUT\"");
        let terminal = copies(&bakery, &[(variable, "there"), ("OUT", &shown)], &format!("by {name}"));
        assert_eq!(std::fs::read_to_string(&out).unwrap(), COPIED);
        assert!(!sent(&terminal, "]52;"));
        std::fs::remove_file(&out).unwrap();
    }
}

#[test]
fn a_program_that_hangs_or_fails_holds_nobody_up() {
    let bakery = stocked();
    program(&bakery, "wl-copy", "exit 3");
    let wayland = ("WAYLAND_DISPLAY", "wayland-0");
    let terminal = copies(&bakery, &[wayland], "(OSC 52); `wl-copy` ended with exit status: 3");
    assert!(sent(&terminal, "]52;"));
    program(&bakery, "wl-copy", "exec sleep 600");
    let mut terminal = opened(&desktop(&bakery, &[wayland]), 100, 30);
    terminal.wait_text(COPIED);
    terminal.send("y?");
    terminal.wait_text(super::HELP);
    terminal.send("q");
    terminal.wait_text("took longer than 2s");
    terminal.send("q");
    terminal.ends_with(0);
}

#[test]
fn settings_say_which_way_and_a_terminal_that_takes_nothing_leaves_it_in_a_file() {
    let bakery = stocked();
    let terminal = copies(&bakery, &[("TERM", "linux")], "it is in ");
    let kept = bakery.path("home/state/copied.txt");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), COPIED);
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!sent(&terminal, "]52;"));
    let set = |line: &str| bakery.write("home/config/config.yaml", format!("{line}\n"));
    set("clipboard: \"off\"");
    assert!(!sent(&copies(&bakery, &[], "copying is turned off"), "]52;"));
    set("clipboard: native");
    assert!(!sent(&copies(&bakery, &[], "no program here"), "]52;"));
    set("clipboard: osc52");
    program(&bakery, "wl-copy", "exit 3");
    copies(&bakery, &[("WAYLAND_DISPLAY", "wayland-0")], "through the terminal (OSC 52)");
}

#[test]
fn settings_may_leave_the_mouse_to_the_terminal() {
    let bakery = super::house();
    bakery.write("home/config/config.yaml", "mouse: false\n");
    let mut terminal = super::open(&bakery);
    assert_eq!(terminal.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    terminal.send("M");
    terminal.wait_for("the mouse", |screen| screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None);
    // A click on a tab, as SGR tells it.
    terminal.send("\x1b[<0;19;1M\x1b[<0;19;1m");
    terminal.wait_text("No recipes in this workspace");
    terminal.send("M");
    terminal.wait_for("no mouse", |screen| screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None);
    terminal.send("q");
    terminal.ends_with(0);
}
