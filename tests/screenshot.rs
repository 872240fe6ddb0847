//! `bakery screenshot` as a user meets it.

use std::path::Path;

use crate::support::bakery::Bakery;

/// What is written on a picture: the texts of its SVG, one a line.
fn words(path: &Path) -> String {
    let svg = std::fs::read_to_string(path).unwrap();
    let texts = svg.lines().filter(|line| line.starts_with("<text"));
    texts.map(|line| line.split('>').nth(1).unwrap().trim_end_matches("</text").to_owned() + "\n").collect()
}

fn journal() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/journal-v1.jsonl").display().to_string()
}

#[test]
fn every_screen_has_a_picture() {
    let bakery = Bakery::new();
    let made = bakery.json(&[
        "screenshot",
        "store",
        "recipes",
        "bake",
        "verify",
        "bakes",
        "--size",
        "80x24",
        "--out",
        "shots",
    ]);
    let made = made.as_array().unwrap();
    assert_eq!(made.len(), 5);
    for (row, name) in made.iter().zip(["store", "recipes", "bake", "verify", "bakes"]) {
        assert_eq!(row["screen"], name);
        assert_eq!(row["svg"], format!("shots/{name}.svg"));
        let words = words(&bakery.path(&format!("shots/{name}.svg")));
        assert!(words.contains("bakery") && words.contains("global"), "{name}: {words}");
        if cfg!(feature = "pictures") {
            let png = std::fs::read(bakery.path(row["png"].as_str().unwrap())).unwrap();
            let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
            assert_eq!((number(16), number(20)), (1600, 1040), "{name}");
            assert_eq!((&row["width"], &row["height"]), (&1600.into(), &1040.into()));
        } else {
            assert!(row.get("png").is_none(), "{row}");
        }
    }
}

#[test]
fn a_bake_shows_as_its_journal_tells_it_at_any_event_and_always_alike() {
    let bakery = Bakery::new();
    let shot = |out: &str, more: &[&str]| {
        let journal = journal();
        bakery.ok(&[&["screenshot", "bake", "--from", &journal, "--out", out], more].concat());
        (
            words(&bakery.path(&format!("{out}/bake.svg"))),
            std::fs::read(bakery.path(&format!("{out}/bake.svg"))).unwrap(),
        )
    };
    let (end, bytes) = shot("end", &[]);
    assert_eq!(shot("again", &[]).1, bytes);
    let (begun, _) = shot("begun", &["--at", "3"]);
    assert!(end.contains("failed after 7.0 s") && !begun.contains("failed"), "{end}\n---\n{begun}");
    assert_eq!(words(&bakery.path("end/bake.svg")), words(&bakery.path("again/bake.svg")));
}

#[test]
fn a_journal_fills_every_screen_it_has_something_for() {
    let bakery = Bakery::new();
    let shot = |screen: &str, more: &[&str]| {
        let journal = journal();
        bakery.ok(&[&["screenshot", screen, "--from", &journal, "--size", "120x36"], more].concat());
        words(&bakery.path(&format!("{screen}.svg")))
    };
    let verify = shot("verify", &[]);
    assert!(verify.contains("checks") && verify.contains("base.signature"), "{verify}");
    let bakes = shot("bakes", &[]);
    assert!(bakes.contains("team-a/payments-api:1.4.0") && bakes.contains("failed"), "{bakes}");
    assert!(shot("bakes", &["--at", "3"]).contains("running"));
    // An event, so long into the bake, and the time of day are the same moment.
    let by_seq = shot("bake", &["--at", "1"]);
    assert_eq!(by_seq, shot("bake", &["--at", "0s"]));
    assert_eq!(by_seq, shot("bake", &["--at", "0:00"]));
    assert_ne!(by_seq, shot("bake", &["--at", "2100-01-01T00:00:00Z"]));
    let said = bakery.fails(2, &["screenshot", "bake", "--from", &journal(), "--at", "noon"]);
    assert!(said.contains("4.5s or 1:02 into the bake"), "{said}");
}

#[test]
fn keys_are_pressed_before_the_picture_is_made() {
    let bakery = Bakery::new();
    let shot = |keys: &str| {
        bakery.ok(&["screenshot", "store", "--keys", keys]);
        words(&bakery.path("store.svg"))
    };
    assert!(shot("?").contains("everywhere"), "the keys of where one is");
    assert!(shot("2 1 7").contains("nothing baked yet"), "another screen: {}", shot("7"));
    assert!(shot("/ 'py x'").contains("py x"), "a filter being typed");
    let said = bakery.fails(2, &["screenshot", "store", "--keys", "j nokey"]);
    assert!(said.contains("`nokey` names no key"), "{said}");
}

#[test]
fn what_is_here_is_waited_for_and_nothing_else() {
    let bakery = Bakery::new();
    let output = bakery.run(&["screenshot", "store", "recipes", "bakes", "--out", "shots"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && !said.contains("did not answer"), "{said}");
}

#[test]
fn themes_of_ones_own_and_mistakes_in_them() {
    let bakery = Bakery::new();
    bakery.write(
        "home/config/themes/mine.yaml",
        "theme: 1\ninherits: dark\ncanvas: {background: \"#123456\", text: \"#ffffff\"}\n",
    );
    bakery.ok(&["screenshot", "store", "--theme", "mine"]);
    let painted = || std::fs::read_to_string(bakery.path("store.svg")).unwrap();
    assert!(painted().contains("fill=\"#123456\""));
    bakery.ok(&["screenshot", "store"]);
    assert!(!painted().contains("#123456"), "the built-in theme again");
    bakery.write("home/config/config.yaml", "theme: mine\n");
    bakery.ok(&["screenshot", "store"]);
    assert!(painted().contains("fill=\"#123456\""), "the user's settings");
    let said = bakery.fails(2, &["screenshot", "store", "--theme", "drak"]);
    assert!(said.contains("no theme `drak`") && said.contains("did you mean `dark`?"), "{said}");
    bakery.write("home/config/themes/mine.yaml", "theme: 1\ninherits: dark\nroles: {stale: {fg: orange}}\n");
    let said = bakery.fails(2, &["screenshot", "store"]);
    assert!(said.contains("themes/mine.yaml is not usable") && said.contains("`orange` is no colour"), "{said}");
    bakery.write("home/config/config.yaml", "theme: ../mine\n");
    let said = bakery.fails(2, &["screenshot", "store"]);
    assert!(said.contains("config.yaml:1:8") && said.contains("is no name for a theme"), "{said}");
}

#[test]
fn plain_characters_are_an_option() {
    let bakery = Bakery::new();
    bakery.ok(&["screenshot", "store", "--ascii"]);
    let words = words(&bakery.path("store.svg"));
    assert!(words.is_ascii() && words.contains("[Store]"), "{words}");
}

#[test]
fn wrong_usage_is_told() {
    let bakery = Bakery::new();
    let said = bakery.fails(2, &["screenshot", "store", "--size", "10x10"]);
    assert!(said.contains("from 60x16 to 400x200"), "{said}");
    bakery.fails(2, &["screenshot", "kitchen"]);
    let said = bakery.fails(2, &["screenshot", "store", "--from", "x"]);
    assert!(said.contains("--from is for the screens bake, verify, diff and bakes"), "{said}");
    let said = bakery.fails(2, &["screenshot", "store", "--of", "local/a:1"]);
    assert!(said.contains("--of is for the screens verify and diff"), "{said}");
    let said = bakery.fails(2, &["screenshot", "verify", "--of", "local/a:1", "--of", "local/b:1"]);
    assert!(said.contains("the screen verify shows one image"), "{said}");
    let said = bakery.fails(2, &["screenshot", "bake", "--from", "nowhere"]);
    assert!(said.contains("journal.jsonl"), "{said}");
}

#[test]
fn an_image_is_verified_for_its_picture() {
    let bakery = Bakery::new();
    bakery.ok(&["screenshot", "verify", "--of", "local/team-a/nothing:1", "--size", "100x24"]);
    let words = words(&bakery.path("verify.svg"));
    assert!(words.contains("cannot be verified") && words.contains("team-a/nothing"), "{words}");
}
