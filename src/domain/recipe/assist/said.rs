//! What the recipe itself says and makes, as far as its text can be read: its base, the accounts its scripts add, the paths
//! its steps put into the image. A guess from words, never a promise.

use super::outline::{Outline, Part, Slot};

/// Something a step makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) name: String,
    /// The step, from 1.
    pub(super) step: usize,
}

/// What steps make, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Makings {
    pub(super) users: Vec<Made>,
    pub(super) groups: Vec<Made>,
    pub(super) paths: Vec<Made>,
}

/// Programs that add accounts: whether they add users, and their options that take a value.
const PROGRAMS: &[(&str, bool, &str)] = &[
    ("useradd", true, "bcdefgGkKpPRsuZ"),
    ("adduser", true, "cdeghGkKpsu"),
    ("groupadd", false, "gKpPRU"),
    ("addgroup", false, "g"),
];

/// What the first so many steps make.
pub(super) fn makings(outline: &Outline<'_>, first: usize) -> Makings {
    let mut made = Makings::default();
    let Some(steps) = outline.key(None, "steps") else { return made };
    let items: Vec<usize> = outline.children(Some(steps)).map(|(at, _)| at).collect();
    for (number, item) in items.iter().enumerate().take(first) {
        let step = number + 1;
        for kind in ["copy", "write", "unpack"] {
            let to = outline.key(Some(*item), kind).and_then(|kind| outline.key(Some(kind), "to"));
            let path = to.and_then(|to| outline.text(to)).filter(|path| path.starts_with('/'));
            made.paths.extend(path.map(|path| Made { name: path.to_owned(), step }));
        }
        if let Some(run) = outline.key(Some(*item), "run") {
            let script = outline.key(Some(run), "script").unwrap_or(run);
            accounts(&script_of(outline, script), step, &mut made);
        }
    }
    made
}

/// How many steps stand before what is typed in a slot: all of them where it belongs to none.
pub(super) fn steps_before(outline: &Outline<'_>, slot: &Slot) -> usize {
    let Some(steps) = outline.key(None, "steps") else { return 0 };
    let mut at = slot.holder;
    while let Some(node) = at {
        let found = &outline.nodes[node];
        match found.part {
            Part::Item(number) if found.parent == Some(steps) => return number,
            _ => at = found.parent,
        }
    }
    usize::MAX
}

/// The lines of a script, long ones put together.
fn script_of(outline: &Outline<'_>, node: usize) -> String {
    let mut text = String::new();
    for (_, child) in outline.children(Some(node)) {
        match child.part {
            Part::Text(line) => text.push_str(line),
            Part::Block(first, last) => {
                for line in outline.lines.get(first..last).unwrap_or_default() {
                    match line.strip_suffix('\\') {
                        Some(line) => text.push_str(line),
                        None => {
                            text.push_str(line);
                            text.push('\n');
                        }
                    }
                }
            }
            Part::Key(_) | Part::Item(_) => {}
        }
    }
    text
}

fn accounts(script: &str, step: usize, made: &mut Makings) {
    // Most scripts add nobody.
    if !PROGRAMS.iter().any(|(program, ..)| script.contains(program)) {
        return;
    }
    for command in script.split(['\n', ';', '&', '|', '(', ')']) {
        let words: Vec<&str> = command.split_whitespace().collect();
        let known = words.iter().enumerate().find_map(|(at, word)| {
            let name = word.rsplit('/').next().unwrap_or(word);
            PROGRAMS.iter().find(|(program, ..)| *program == name).map(|program| (at, program))
        });
        let Some((at, (program, is_user, valued))) = known else { continue };
        if words.first().is_some_and(|first| first.starts_with('#')) {
            continue;
        }
        let Added { names, has_group } = added(&words[at + 1..], valued);
        // With two names adduser puts a user into a group, and both are there already.
        let name = match names.as_slice() {
            [name] => *name,
            [.., last] if *program != "adduser" => *last,
            _ => continue,
        };
        if !is_account(name) {
            continue;
        }
        let one = Made { name: name.to_owned(), step };
        if *is_user {
            made.users.push(one.clone());
        }
        if !*is_user || !has_group {
            made.groups.push(one);
        }
    }
}

/// What a command adds.
struct Added<'w> {
    names: Vec<&'w str>,
    has_group: bool,
}

/// The words that are no options and no values of options.
fn added<'w>(words: &[&'w str], valued: &str) -> Added<'w> {
    const FLAGS: [&str; 13] = [
        "--system",
        "--create-home",
        "--no-create-home",
        "--no-user-group",
        "--user-group",
        "--no-log-init",
        "--disabled-password",
        "--disabled-login",
        "--quiet",
        "--force",
        "--group",
        "--non-unique",
        "--allow-bad-names",
    ];
    let mut found = Added { names: Vec::new(), has_group: false };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if let Some(long) = word.strip_prefix("--") {
            found.has_group |= ["gid", "ingroup", "no-user-group"].iter().any(|group| long.starts_with(group));
            if !long.contains('=') && !FLAGS.contains(word) {
                words.next();
            }
        } else if let Some(short) = word.strip_prefix('-').filter(|short| !short.is_empty()) {
            found.has_group |= short.contains(['g', 'N', 'G']);
            if short.chars().last().is_some_and(|last| valued.contains(last)) {
                words.next();
            }
        } else if word.starts_with('>') || word.starts_with('#') {
            break;
        } else {
            found.names.push(word.trim_matches(['"', '\'']));
        }
    }
    found
}

/// A name the language takes for a user or group.
fn is_account(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && text.parse::<crate::domain::recipe::Owner>().is_ok()
        && !text.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(script: &str) -> (Vec<String>, Vec<String>) {
        let mut made = Makings::default();
        accounts(script, 1, &mut made);
        let names = |made: Vec<Made>| made.into_iter().map(|made| made.name).collect();
        (names(made.users), names(made.groups))
    }

    #[test]
    fn accounts_are_found_in_scripts() {
        for (script, user, group) in [
            ("useradd --system app", Some("app"), Some("app")),
            ("useradd -r -u 1000 -s /bin/false app", Some("app"), Some("app")),
            ("useradd -rMs /usr/sbin/nologin app", Some("app"), Some("app")),
            ("apt-get update && /usr/sbin/useradd --uid 1000 -g web 'app' >/dev/null", Some("app"), None),
            ("adduser -S -D -H -h /srv app", Some("app"), Some("app")),
            ("adduser -D -G web app", Some("app"), None),
            ("adduser --system --group --home /srv app", Some("app"), Some("app")),
            ("adduser app web", None, None),
            ("groupadd -g 1000 web", None, Some("web")),
            ("addgroup --gid 1000 web", None, Some("web")),
            ("# useradd app", None, None),
            ("useradd \"$NAME\"", None, None),
            ("useradd", None, None),
        ] {
            let one = |name: Option<&str>| name.map(str::to_owned).into_iter().collect::<Vec<_>>();
            assert_eq!(made(script), (one(user), one(group)), "{script}");
        }
    }

    #[test]
    fn steps_below_and_the_step_itself_make_nothing_for_it() {
        let text = "steps:\n  - run: |\n      useradd \\\n        --system one\n  - write: {to: /etc/a, owner: x}\n  - run: {script: useradd two}\n";
        let users = |first| {
            makings(&Outline::of(text, None), first).users.into_iter().map(|made| made.name).collect::<Vec<_>>()
        };
        assert_eq!(users(2), ["one"]);
        assert_eq!(users(0), [""; 0]);
        assert_eq!(users(9), ["one", "two"]);
        let before = |line| {
            let outline = Outline::of(text, Some((line, 16)));
            outline.slot.map(|slot| steps_before(&outline, &slot))
        };
        assert_eq!((before(4), before(5)), (Some(1), Some(2)));
        assert_eq!(makings(&Outline::of(text, None), 9).paths, [Made { name: "/etc/a".into(), step: 2 }]);
    }
}
