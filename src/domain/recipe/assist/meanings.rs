//! What each key means, in one to three lines: shown while a recipe is written.

use crate::domain::recipe::Table;

/// The meaning of a key; a test knows that each has one.
pub(super) fn meaning(table: Table, key: &str) -> Option<&'static [&'static str]> {
    let found = table.keys().iter().position(|known| *known == key)?;
    let lines: &'static [&'static [&'static str]] = match table {
        Table::Recipe => RECIPE,
        Table::Step => STEP,
        Table::Copy => COPY,
        Table::Write => WRITE,
        Table::Run => RUN,
        Table::Unpack => UNPACK,
        Table::Config => CONFIG,
        Table::Healthcheck => HEALTHCHECK,
        Table::Test => TEST,
        Table::Expect => EXPECT,
        Table::File => FILE,
    };
    lines.get(found).copied()
}

/// What a mapping is called.
pub(super) fn name(table: Table) -> &'static str {
    match table {
        Table::Recipe => "key of the recipe",
        Table::Step => "kind of step",
        Table::Copy => "key of copy",
        Table::Write => "key of write",
        Table::Run => "key of run",
        Table::Unpack => "key of unpack",
        Table::Config => "key of config",
        Table::Healthcheck => "key of healthcheck",
        Table::Test => "key of a test",
        Table::Expect => "key of expect",
        Table::File => "key of file",
    }
}

const OWNER: &[&str] = &["Who owns it: USER or USER:GROUP, names of the image's own or numbers.", "0:0 where absent."];
const OWNER_UNPACKED: &[&str] =
    &["Who owns everything unpacked: USER or USER:GROUP.", "The archive's own numbers where absent."];
const NETWORK_RUN: &[&str] = &["What network the script sees: host, or none.", "host where absent."];

const RECIPE: &[&[&str]] = &[
    &["The version of the language: 1. It must be the first key."],
    &["The image's repository in the local store: team-a/payments-api."],
    &["The image's tag. In quotes where it looks like a number: \"1.10\"."],
    &[
        "What the image inherits from: STORE/NAME:TAG, or scratch for nothing.",
        "The lock beside the recipe pins it to a digest.",
    ],
    &["What it is baked for: [linux/amd64, linux/arm64].", "The host's own platform where absent."],
    &["What is done, in order. Each step makes one layer, or none where nothing changed."],
    &["What changes in the image's config: user, environment, command, labels."],
    &["What the baked image must show. Each test is a check called test.NAME."],
];

const STEP: &[&[&str]] = &[
    &["Installs packages with the base's own manager: apt, apk or dnf.", "Lists and logs are cleaned up."],
    &["Copies a file, or a folder's content, from beside the recipe."],
    &["Writes one file from the recipe's own text."],
    &[
        "Runs a script in the image: /bin/sh -eu, as root.",
        "As a mapping: shell, script, network, env, secrets, cache, user.",
    ],
    &["Removes paths. Each must exist."],
    &["Unpacks a tar archive from beside the recipe: plain, gzip or zstd."],
];

const COPY: &[&[&str]] = &[
    &["The file or folder beside the recipe.", "Of a folder its content is copied, not the folder itself."],
    &["Where to. Ending in / it means into that folder."],
    OWNER,
    &[
        "Mode of files, in quotes: \"0644\". Folders get x wherever it has r.",
        "Absent: the files' own, less group and other write.",
    ],
    &["Globs of what is left out, relative to from: [\"**/*.pyc\"]."],
];

const WRITE: &[&[&str]] =
    &[&["The file."], &["What stands in it."], OWNER, &["Its mode, in quotes. \"0644\" where absent."]];

const RUN: &[&[&str]] = &[
    &["Interpreter and its arguments: [/bin/bash, -eu, -o, pipefail].", "[/bin/sh, -eu] where absent."],
    &["The script."],
    NETWORK_RUN,
    &["Variables the script sees beside the image's own. They do not stay in the image."],
    &[
        "Names of secrets, each a file in /run/secrets while the script runs.",
        "Where they are had stands in the settings.",
    ],
    &["Folders kept outside the image between bakes: [/root/.cache]."],
    &["As whom the script runs. root where absent."],
];

const UNPACK: &[&[&str]] =
    &[&["The archive beside the recipe: tar, plain, gzip or zstd."], &["The folder to unpack into."], OWNER_UNPACKED];

const CONFIG: &[&[&str]] = &[
    &["Variables, added to the base's or replacing them."],
    &["As whom the container runs: USER or USER:GROUP, names or numbers."],
    &["The folder the command begins in."],
    &["What is run: a list of words, [python3, -m, app].", "Without cmd it clears the base's cmd."],
    &["Arguments of the entrypoint, or the command where there is none."],
    &["Ports the image listens on, added to the base's: [8080/tcp]."],
    &["Labels, added to the base's or replacing them."],
    &["Folders that are volumes, added to the base's."],
    &["The signal that stops the container: SIGTERM, SIGQUIT."],
    &["How a runtime learns that the container works."],
];

const HEALTHCHECK: &[&[&str]] = &[
    &["What is run: a text for the shell, or [CMD, curl, -f, URL]; [NONE] turns the base's off."],
    &["Time between two checks: 30s."],
    &["How long one check may take: 5s."],
    &["Time after the start in which failures do not count: 1m."],
    &["Failures in a row before the container counts as unhealthy."],
];

const TEST: &[&[&str]] = &[
    &["The test's name: letters, digits, _ . -; its check is test.NAME."],
    &["A command line for /bin/sh -c in the baked image."],
    &["What the command must end with and print: exit, stdout, stderr."],
    &["A file to look at: path, mode, owner, contains, absent."],
    &["What network the command sees: none, or host.", "none where absent."],
    &["As whom the command runs. The image's own user where absent."],
];

const EXPECT: &[&[&str]] = &[
    &["The exit status. 0 where absent."],
    &["A regular expression that what it prints must match."],
    &["A regular expression that its errors must match."],
];

const FILE: &[&[&str]] = &[
    &["The path in the image."],
    &["Its mode, in quotes: \"0644\"."],
    &["Its owner: USER or USER:GROUP."],
    &["A regular expression its content must match."],
    &["true: nothing may stand there."],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_meaning_of_one_to_three_lines() {
        for table in Table::ALL {
            for key in table.keys() {
                let lines = meaning(table, key).unwrap_or_default();
                assert!((1..=3).contains(&lines.len()), "{table:?} {key}");
                assert!(
                    lines.iter().all(|line| line.len() <= 100 && line.ends_with('.')),
                    "{table:?} {key}: {lines:?}"
                );
            }
        }
        assert_eq!(meaning(Table::Copy, "user"), None);
    }
}
