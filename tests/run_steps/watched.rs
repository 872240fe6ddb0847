//! What a step may not leave is seen while it runs: the check fails before the step ends, and ends the bake when asked to.

use serde_json::Value;

use super::bench::{bench, events, of, said, with};
use crate::support::bakery::Bakery;

/// A private key that opens nothing, as a script writes it: the secret itself, and the lines that make the file.
fn key() -> (String, String) {
    // No base64 of anything: letters in an order of their own.
    let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').collect();
    let line = |row: usize| (0..64).map(|at| letters[(row * 17 + at * 29 + at / 7) % 62]).collect::<String>();
    let body: Vec<String> = (0..6).map(line).collect();
    let script = format!(
        "printf '%s\\n' '-----BEGIN PRIVATE KEY-----' {} '-----END PRIVATE KEY-----' > /srv/id",
        body.join(" ")
    );
    (body[2].clone(), script)
}

/// A workspace in which nobody has to sign, and the rest is asked as without a policy.
fn asking() -> Bakery {
    let bakery = bench();
    bakery.write("policy.yaml", "base: {signed-by: []}\n");
    bakery
}

/// The place in the journal of the first event of a kind that satisfies `is`.
fn place(events: &[Value], kind: &str, is: impl Fn(&Value) -> bool) -> Option<usize> {
    events.iter().position(|event| event["kind"] == kind && is(event))
}

fn seconds(event: &Value) -> f64 {
    let at = event["at"].as_str().unwrap();
    let at = time::OffsetDateTime::parse(at, &time::format_description::well_known::Rfc3339).unwrap();
    at.unix_timestamp_nanos() as f64 / 1e9
}

/// Everything bakery wrote below its home and the workspace but the layers and snapshots themselves, which hold what the
/// step made.
fn written(bakery: &Bakery) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut ahead) = (Vec::new(), vec![bakery.path("home")]);
    while let Some(folder) = ahead.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if kind.is_dir() && entry.file_name() != "snapshots" {
                ahead.push(path);
            } else if kind.is_file() {
                found.push((path.display().to_string(), std::fs::read(path).unwrap()));
            }
        }
    }
    found
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_key_and_a_setuid_file_fail_their_checks_while_the_step_still_runs() {
    let bakery = asking();
    let (secret, write) = key();
    let script = format!("mkdir -p /srv; {write}; cp /bin/sh /srv/su; chmod u+s /srv/su; sleep 4; echo over");
    let recipe = with(&bakery, "watched", &format!("  - run: |\n      {}\n", script.replace("; ", "\n      ")));
    let output = bakery.run(&["bake", &recipe, "--json"]);
    let events = events(&output);
    let finished = place(&events, "step.finished", |event| event["step"] == "1").unwrap();
    for check in ["layer.secrets", "layer.setuid"] {
        let failed = place(&events, "check.finished", |event| event["id"] == check && event["verdict"] == "fail");
        let failed = failed.unwrap_or_else(|| panic!("{check} is not in {events:#?}"));
        let before = seconds(&events[finished]) - seconds(&events[failed]);
        assert!(failed < finished && before > 1.0, "{check} failed {before} s before the step's end");
        let evidence = events[failed]["evidence"].to_string();
        assert!(evidence.contains(if check == "layer.secrets" { "/srv/id" } else { "/srv/su" }), "{evidence}");
    }
    let changes: Vec<&Value> =
        of(&events, "layer.changed").iter().flat_map(|event| event["changes"].as_array().unwrap()).collect();
    let told = changes.iter().find(|change| change["path"] == "/srv/id" && !change["secrets"].is_null()).unwrap();
    assert_eq!((&told["secrets"][0]["rule"], &told["secrets"][0]["line"]), (&"private-key".into(), &1.into()));
    assert_eq!(told["against"][0]["id"], "layer.secrets");

    // K-01: neither as it is, nor in base64 or hexadecimal, anywhere but in the layer.
    let log = said(&bakery, of(&events, "bake.started")[0]["bake"].as_str().unwrap());
    assert!(log.contains("over"), "{log}");
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &secret);
    let forms = [secret.clone(), base64.trim_end_matches('=').to_owned(), hex(secret.as_bytes())];
    let bake = of(&events, "bake.started")[0]["bake"].as_str().unwrap();
    let told = bakery.ok(&["log", bake, "--json"]);
    let mut seen = written(&bakery);
    seen.extend([("stdout".into(), output.stdout), ("stderr".into(), output.stderr), ("log".into(), told.into())]);
    assert!(seen.iter().any(|(path, _)| path.contains("/indexes/")), "the layer's index is among what was looked at");
    for (path, bytes) in seen.iter().filter(|(path, _)| !path.ends_with("request.json")) {
        for form in &forms {
            let there = bytes.windows(form.len()).any(|window| window == form.as_bytes());
            // The recipe's text says what the step is to write: nothing else does.
            assert!(!there || path.contains("/memory/"), "K-01: {form} is in {path}");
        }
    }
}

#[test]
fn with_fail_fast_the_bake_ends_at_once_and_has_no_tag() {
    let bakery = asking();
    let script = "cp /bin/sh /usr/bin/su2\n      chmod u+s /usr/bin/su2\n      sleep 60";
    let recipe = with(&bakery, "fast", &format!("  - run: |\n      {script}\n  - run: echo never\n"));
    let output = bakery.run(&["bake", &recipe, "--json", "--fail-fast"]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let events = events(&output);
    let started = &events[place(&events, "step.started", |event| event["step"] == "1").unwrap()];
    let end = events.last().unwrap();
    assert!(seconds(end) - seconds(started) < 10.0, "{} s", seconds(end) - seconds(started));
    let failed = place(&events, "check.finished", |event| event["id"] == "layer.setuid").unwrap();
    assert!(seconds(end) - seconds(&events[failed]) < 3.0, "{} s", seconds(end) - seconds(&events[failed]));
    assert_eq!((&end["kind"], &end["status"]), (&"bake.finished".into(), &"rejected".into()));
    let why = end["failure"].to_string();
    assert!(why.contains("layer.setuid") && why.contains("/usr/bin/su2"), "{why}");
    assert_eq!(of(&events, "image.committed").len(), 0);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("layer.setuid") && stderr.contains("/usr/bin/su2"), "{stderr}");
    let tags = bakery.ok(&["store", "ls", "local", "--json"]);
    assert!(!tags.contains("team-a/fast"), "{tags}");
}

#[test]
fn a_copied_credential_is_seen_and_a_secret_taken_away_later_still_ships() {
    let bakery = asking();
    bakery.write("recipes/app/.env", "DB_PASSWORD=hunter22-of-nobody\n");
    bakery.write("recipes/app/main.py", "print('hello')\n");
    let recipe = with(&bakery, "copied", "  - copy: {from: app, to: /srv/app}\n  - remove: [/srv/app/.env]\n");
    let output = bakery.run(&["bake", &recipe, "--json"]);
    let events = events(&output);
    let finished = place(&events, "step.finished", |event| event["step"] == "1").unwrap();
    let failed = place(&events, "check.finished", |event| event["id"] == "layer.secrets" && event["verdict"] == "fail");
    assert!(failed.is_some_and(|failed| failed < finished), "{events:#?}");
    let failed = failed.unwrap();
    assert!(!events[failed..].iter().any(|event| event["id"] == "layer.secrets" && event["verdict"] == "pass"));
}
