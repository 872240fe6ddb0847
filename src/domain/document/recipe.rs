//! Recipes: steps, configuration, tests, key by key.

use super::workspace::DURATION;
use super::{Field, Shape};

const PATH: Shape = Shape::Form("^/(?!(.*/)?\\.\\.(/|$))");
const FILE: Shape = Shape::Form("^/(?!(.*/)?\\.\\.(/|$)).*[^/]$");
const FROM: Shape = Shape::NumberForm("^(?!/)(?!(.*/)?\\.\\.(/|$)).+$");
const MODE: Shape = Shape::Form("^[0-7]{3,4}$");
const OWNER: Shape =
    Shape::NumberForm("^([A-Za-z_][A-Za-z0-9_.$-]{0,31}|[0-9]{1,10})(:([A-Za-z_][A-Za-z0-9_.$-]{0,31}|[0-9]{1,10}))?$");
const PORT: Shape = Shape::Any(&[Shape::Form("^[1-9][0-9]{0,4}(/(tcp|udp|sctp))?$"), Shape::Number(1, 65_535)]);
const SIGNAL: Shape = Shape::Any(&[Shape::Form("^(SIG[A-Z0-9]+([+-][0-9]+)?|[0-9]+)$"), Shape::Number(1, 64)]);
const WORD: &str = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$";
const TEXTS: Shape = Shape::List(&Shape::Text, 0);
const ENV: Shape = Shape::Map("^[^=\\n]+$", &Shape::Text);
const NETWORK: Shape = Shape::Words(&["host", "none"]);
const OWNED: &str = "Owner: user or user:group, by name in the image or by number.";
const MODES: &str = "Permission bits in octal, in quotes.";

const COPY: &[Field] = &[
    Field::new("from", FROM, "A file or folder beside the recipe.").required().example("app"),
    Field::new("to", PATH, "Where it goes; with / at the end, into that folder.").required().example("/srv/app"),
    Field::new("owner", OWNER, OWNED).absent("root").example("app"),
    Field::new("mode", MODE, MODES).absent("as the files have it, less write for group and others").example("\"0644\""),
    Field::new("exclude", TEXTS, "Globs of what stays behind.").example("[\"**/*.pyc\"]"),
];
const WRITE: &[Field] = &[
    Field::new("to", FILE, "The file.").required().example("/etc/app.conf"),
    Field::new("content", Shape::Text, "All that is in it.").required().example("\"workers = 4\\n\""),
    Field::new("owner", OWNER, OWNED).absent("root").example("app"),
    Field::new("mode", MODE, MODES).example("\"0600\""),
];
const RUN: &[Field] = &[
    Field::new("shell", Shape::Any(&[Shape::Form("^\\s*/"), Shape::List(&Shape::Text, 1)]), "What runs the script.")
        .default("[/bin/sh, -eu]"),
    Field::new("script", Shape::NumberForm("\\S"), "What is run.").required().example("useradd -r app"),
    Field::new("network", NETWORK, "What network it sees.").default("host"),
    Field::new("env", ENV, "Variables, for this step only."),
    Field::new("secrets", Shape::List(&Shape::NumberForm(WORD), 0), "Secrets it may read, below /run/secrets.")
        .example("[pip_token]"),
    Field::new("cache", Shape::List(&PATH, 0), "Folders kept between bakes, outside the image.")
        .example("[/root/.cache]"),
    Field::new("user", OWNER, "Who runs it.").absent("root"),
];
const UNPACK: &[Field] = &[
    Field::new("from", FROM, "An archive beside the recipe.").required().example("vendor.tar.gz"),
    Field::new("to", PATH, "The folder it is unpacked in.").required().example("/opt"),
    Field::new("owner", OWNER, OWNED).absent("as the archive says"),
];
const STEP: &[Field] = &[
    Field::new(
        "packages",
        Shape::List(&Shape::NumberForm("^[A-Za-z0-9@][A-Za-z0-9+._:~^=<>@/-]{0,199}$"), 1),
        "Installs packages by the base's own apt, apk or dnf; lists and logs are cleaned.",
    )
    .example("[curl, ca-certificates]"),
    Field::new("copy", Shape::Mapping(COPY, 0), "Copies files from beside the recipe.")
        .example("{from: app, to: /srv/app}"),
    Field::new("write", Shape::Mapping(WRITE, 0), "Writes a file.")
        .example("{to: /etc/app.conf, content: \"workers = 4\\n\"}"),
    Field::new(
        "run",
        Shape::Any(&[Shape::NumberForm("\\S"), Shape::Mapping(RUN, 0)]),
        "Runs a script in the image so far, in a sandbox.",
    )
    .example("useradd -r app"),
    Field::new(
        "remove",
        Shape::List(&Shape::Form("^/(?!(.*/)?\\.\\.(/|$)).*[^/.]"), 1),
        "Removes paths; they must be there.",
    )
    .example("[/usr/share/man]"),
    Field::new("unpack", Shape::Mapping(UNPACK, 0), "Unpacks an archive.").example("{from: vendor.tar.gz, to: /opt}"),
];

const HEALTH: &[Field] = &[
    Field::new(
        "test",
        Shape::Any(&[Shape::Text, Shape::List(&Shape::Text, 1)]),
        "A command for the shell, or a list that begins with CMD, CMD-SHELL or NONE.",
    )
    .required()
    .example("curl -f http://localhost"),
    Field::new("interval", DURATION, "Between two checks.").example("30s"),
    Field::new("timeout", DURATION, "Until one counts as failed.").example("5s"),
    Field::new("start-period", DURATION, "Until failures count.").example("1m"),
    Field::new("retries", Shape::Number(1, 1000), "Failures until it is unhealthy.").example("3"),
];
const CONFIG: &[Field] = &[
    Field::new("env", ENV, "Variables, added to the base's.").example("{APP_ENV: production}"),
    Field::new("user", OWNER, "Who the container runs as.").absent("the base's").example("app"),
    Field::new("workdir", PATH, "Where it runs.").absent("the base's").example("/srv/app"),
    Field::new("entrypoint", TEXTS, "What it runs; without `cmd` the base's is dropped.")
        .absent("the base's")
        .example("[python3, main.py]"),
    Field::new("cmd", TEXTS, "What follows the entrypoint, where the user says nothing else.")
        .absent("the base's")
        .example("[--port, \"8080\"]"),
    Field::new("expose", Shape::List(&PORT, 0), "Ports, added to the base's.").example("[8080/tcp]"),
    Field::new("labels", Shape::Map("\\S", &Shape::Text), "Labels, added to the base's.")
        .example("{org.opencontainers.image.title: payments}"),
    Field::new("volumes", Shape::List(&PATH, 0), "Volumes, added to the base's.").example("[/data]"),
    Field::new("stop-signal", SIGNAL, "The signal that stops it.").example("SIGTERM"),
    Field::new("healthcheck", Shape::Mapping(HEALTH, 0), "How it is asked whether it is well."),
];

const EXPECT: &[Field] = &[
    Field::new("exit", Shape::Number(0, 255), "The exit status.").default("0"),
    Field::new("stdout", Shape::Text, "A regular expression that its output must match.").example("\"^ok\""),
    Field::new("stderr", Shape::Text, "The same of its error output."),
];
const TEST_NAME: Field =
    Field::new("name", Shape::NumberForm(WORD), "Its name; the check is test.NAME.").required().example("imports");
const RUN_TEST: &[Field] = &[
    TEST_NAME,
    Field::new("run", Shape::NumberForm("\\S"), "A command in the baked image.")
        .required()
        .example("python3 -c 'import json'"),
    Field::new("expect", Shape::Mapping(EXPECT, 0), "What it must do.").absent("exit with 0"),
    Field::new("network", NETWORK, "What network it sees.").default("none"),
    Field::new("user", OWNER, "Who runs it.").absent("the image's user"),
];
const FILE_CHECKS: &[Field] = &[
    Field::new("path", PATH, "The path.").required().example("/srv/app/main.py"),
    Field::new("mode", MODE, MODES).example("\"0644\""),
    Field::new("owner", OWNER, OWNED).example("app"),
    Field::new("contains", Shape::Text, "A regular expression that its content must match.").example("\"^workers\""),
    Field::new("absent", Shape::Boolean, "It must not be there.").default("false"),
];
const FILE_TEST: &[Field] = &[
    TEST_NAME,
    Field::new("file", Shape::Mapping(FILE_CHECKS, 0), "A file in the baked image.")
        .required()
        .example("{path: /srv/app/main.py, owner: app}"),
];

pub(super) const RECIPE: &[Field] = &[
    Field::new("recipe", Shape::Number(1, 1), "Version of the format; the first key of every recipe.")
        .required()
        .example("1"),
    Field::new(
        "name",
        Shape::NumberForm("^[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*$"),
        "The image it makes: a repository of the local store.",
    )
    .required()
    .example("team-a/payments-api"),
    Field::new("tag", Shape::NumberForm("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"), "Its tag.")
        .required()
        .example("\"1.4.0\""),
    Field::new("base", Shape::NumberForm("^\\S+$"), "What it inherits: STORE/NAME:TAG, or scratch.")
        .required()
        .example("global/python:3.12"),
    Field::new(
        "platforms",
        Shape::List(&Shape::Form("^linux/[A-Za-z0-9]{1,31}(/[A-Za-z0-9]{1,31})?$"), 1),
        "What it is made for.",
    )
    .absent("the host's platform")
    .example("[linux/amd64, linux/arm64]"),
    Field::new("steps", Shape::List(&Shape::OneOf(STEP), 0), "What is done, in order; each makes at most one layer.")
        .example("[{packages: [curl]}]"),
    Field::new("config", Shape::Mapping(CONFIG, 0), "How the image runs."),
    Field::new(
        "tests",
        Shape::List(&Shape::Any(&[Shape::Mapping(RUN_TEST, 0), Shape::Mapping(FILE_TEST, 0)]), 0),
        "What the baked image must show; one that fails rejects it.",
    )
    .example("[{name: imports, run: \"python3 -c 'import json'\"}]"),
];
