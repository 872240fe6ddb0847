//! Hostile recipes, by family: refused quickly, with the family's name, at the right place.

use std::time::{Duration, Instant};

use super::{HEAD, Workspace};

fn refused(text: impl AsRef<[u8]>, expected: &str) {
    let workspace = Workspace::new();
    let found = workspace.problems(text);
    assert!(found.iter().any(|line| line.contains(expected)), "no {expected:?} in {found:#?}");
    let (code, _, _) = workspace.run(&["check", "--json", "recipes/r.yaml"]);
    assert_eq!(code, 2);
}

#[test]
fn y01_bombs_are_refused_in_no_time() {
    let mut laughs = String::from("recipe: 1\na0: &a0 [lol, lol]\n");
    for level in 1..40 {
        laughs.push_str(&format!("a{level}: &a{level} [*a{0}, *a{0}, *a{0}, *a{0}]\n", level - 1));
    }
    let texts = [
        laughs,
        format!("recipe: {}", "[".repeat(50_000)),
        format!("recipe: {}", "{a: ".repeat(50_000)),
        format!("recipe:\n  {}1", "- ".repeat(20_000)),
        (0..2_000).fold(String::from("recipe:\n"), |text, level| text + &" ".repeat(level % 400 + 1) + "a:\n"),
        format!("recipe: 1\nx: &x {}\ny: [{}]\n", "z".repeat(100_000), "*x, ".repeat(10_000)),
        format!("recipe: 1\nx: [{}]\n", "a, ".repeat(300_000)),
        "recipe: 1\n--- \n".repeat(10_000),
        "recipe: &a [*a]\n".into(),
    ];
    for text in texts {
        let mut problems = bakery::domain::yaml::Problems::new();
        let watch = Instant::now();
        bakery::domain::yaml::read(text.as_bytes(), &mut problems);
        let took = watch.elapsed();
        let first = problems.into_sorted().into_iter().next().expect("refused");
        let shown: String = text.chars().take(40).collect();
        assert!(first.message.starts_with("Y-0"), "{shown:?}: {first:?}");
        // Unoptimised; a hundredth of this otherwise.
        assert!(took < Duration::from_secs(2), "{shown:?} took {took:?}");
    }
    refused(format!("recipe: {}", "[".repeat(50_000)), "1:73: error: Y-01: nested deeper than 64 levels");
}

#[test]
fn y01_y10_size_is_bounded() {
    refused(format!("recipe: 1\n# {}\n", "x".repeat(1 << 20)), "Y-10: more than 1048576 bytes");
}

#[test]
fn y02_yaml_traps() {
    refused(format!("{HEAD}tag: \"2\"\n"), "5:1: error: Y-02: duplicate key `tag`");
    refused(format!("{HEAD}steps: !include other.yaml\n"), "5:8: error: Y-02: tag `!include` is not accepted");
    refused(format!("{HEAD}config: !!python/object:os.system {{}}\n"), "Y-02: tag");
    refused(format!("x: &x {{a: b}}\n{HEAD}config:\n  <<: *x\n"), "Y-02: merge keys are not accepted");
    refused(format!("%YAML 1.1\n---\n{HEAD}"), "1:1: error: Y-02: directives are not accepted");
    refused(format!("{HEAD}config: {{env: {{A: no}}}}\n"), "5:19: error: `A` must be text, but YAML readers take `no`");
    refused(format!("{HEAD}config: {{env: {{A: 0x10}}}}\n"), "take `0x10` for a number");
    refused(format!("{HEAD}config: {{env: {{A: 12:30:45}}}}\n"), "take `12:30:45` for a number to base 60");
    refused(format!("{HEAD}? [a, b]\n: c\n"), "Y-02: a key must be text");
    refused(format!("{HEAD}steps: *nowhere\n"), "Y-02: alias of something that has no anchor");
    refused(format!("{HEAD}---\nrecipe: 1\n"), "5:1: error: Y-01: a second document begins here");
}

#[test]
fn y02_aliases_within_bounds_are_fine() {
    let workspace = Workspace::new();
    let text = format!("{HEAD}config:\n  env: &e {{A: x}}\n  labels: *e\n");
    assert_eq!(workspace.problems(text), Vec::<String>::new());
}

#[test]
fn y04_sources_stay_in_the_recipes_folder() {
    for from in ["/etc/passwd", "../x", "a/../../x", "\"\""] {
        refused(format!("{HEAD}steps:\n  - copy: {{from: {from}, to: /x}}\n"), "6:18: error: Y-04");
    }
    let workspace = Workspace::new();
    std::fs::write(workspace.path().join("outside"), "secret").unwrap();
    let recipes = workspace.path().join("recipes");
    std::os::unix::fs::symlink("../outside", recipes.join("out")).unwrap();
    std::os::unix::fs::symlink("/etc", recipes.join("etc")).unwrap();
    std::os::unix::fs::symlink("/proc/self/cwd", recipes.join("magic")).unwrap();
    workspace.write("inside", "");
    std::os::unix::fs::symlink("inside", recipes.join("in")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, recipes.join("fifo"), rustix::fs::FileType::Fifo, 0o644.into(), 0).unwrap();
    for (from, expected) in [
        ("out", Some("leads out of the recipe's folder")),
        ("etc/passwd", Some("leads out of the recipe's folder")),
        ("magic", Some("leads out of the recipe's folder")),
        ("fifo", Some("`fifo` is a FIFO")),
        ("in", None),
    ] {
        let found = workspace.problems(format!("{HEAD}steps:\n  - copy: {{from: {from}, to: /x}}\n"));
        match expected {
            Some(expected) => assert!(found[0].contains(expected) && found[0].contains("Y-04"), "{from}: {found:?}"),
            None => assert!(found.is_empty(), "{from}: {found:?}"),
        }
    }
}

#[test]
fn y07_y08_names_that_are_shell_or_options() {
    for name in ["\"-o\"", "\"a;b\"", "$(id)", "\"a b\"", "\"a\\nb\""] {
        refused(format!("{HEAD}steps:\n  - packages: [{name}]\n"), "6:16: error: Y-07");
    }
    refused(format!("{HEAD}config: {{env: {{A: \"x\\0y\"}}}}\n"), "Y-08: `A` contains a NUL character");
    refused(format!("{HEAD}config: {{env: {{\"A=B\": x}}}}\n"), "Y-08");
    refused(format!("{HEAD}config: {{user: \"app; id\"}}\n"), "not an owner");
    refused(format!("{HEAD}config: {{workdir: \"/a\\0\"}}\n"), "NUL");
}

#[test]
fn y10_encodings_and_characters() {
    let workspace = Workspace::new();
    let good = format!("\u{feff}{HEAD}config: {{labels: {{a: naïve 名前 👩\u{200d}💻}}}}\n").replace('\n', "\r\n");
    assert_eq!(workspace.problems(good), Vec::<String>::new());

    refused([HEAD.as_bytes(), b"# caf\xe9\n"].concat(), "5:6: error: Y-10: byte 0xe9 is not UTF-8");
    refused([&[0xff, 0xfe][..], b"r\0e\0"].concat(), "Y-10: UTF-16 text");
    refused(HEAD.replace('\n', "\r"), "1:10: error: Y-10: carriage return without line feed");
    refused(format!("{HEAD}config:\n\tuser: a\n"), "Y-10: tab in the indentation");
    refused(format!("{HEAD}# \u{202e}evil\n"), "5:3: error: Y-10: direction character U+202E");
    refused(format!("{HEAD}# \x1b[2J\n"), "5:3: error: Y-10: control character U+001B");
    let found = workspace.problems(format!("{HEAD}config: {{user: a}} # a\u{200b}b\n"));
    assert_eq!(found, ["5:22: warning: Y-10: invisible character U+200B"]);
}

#[test]
fn what_is_printed_steers_no_terminal() {
    let workspace = Workspace::new();
    workspace.write("r.yaml", format!("{HEAD}\"a\\u001b[31m\\u202e\": \"\u{9b}31m\"\n"));
    for arguments in [&["check"][..], &["check", "--json"], &["plan", "r"]] {
        let (code, stdout, stderr) = workspace.run(arguments);
        assert_eq!(code, 2);
        let hazard = |c: char| c != '\n' && bakery::domain::text::is_hazardous(c);
        assert!(!stderr.contains(hazard), "{stderr:?}");
        assert!(arguments.contains(&"--json") || !stdout.contains(hazard), "{stdout:?}");
    }
}
