//! `config.yaml`: every setting of the user, what it means, what counts without it.

use super::theme::STYLE;
use super::workspace::{DURATION, ENGINE, SECRETS, SIZE};
use super::{Field, Shape};

/// How layers are packed.
pub const PACK: &[Field] = &[
    Field::new(
        "compression",
        Shape::Words(&["gzip", "zstd", "none"]),
        "How layers are compressed. Docker 20.10 cannot pull zstd.",
    )
    .default("gzip")
    .example("zstd"),
    Field::new(
        "level",
        Shape::Number(1, 19),
        "How hard it tries: up to 9 for gzip, up to 19 for zstd. Higher is smaller and slower.",
    )
    .absent("3")
    .example("6"),
];

/// What is kept between bakes.
pub const CACHE: &[Field] = &[Field::new(
    "max-size",
    SIZE,
    "Most that snapshots and the `cache:` folders of steps may take on disk; what was unused longest goes first.",
)
.absent("no bound")
.example("20GB")];

/// Every setting, in the order they are explained.
pub const SETTINGS: &[Field] = &[
    Field::new(
        "theme",
        Shape::NumberForm("^[a-z0-9_-]{1,64}$"),
        "Colours of the terminal UI: one of bakery's themes (Ctrl-t shows them), or themes/NAME.yaml beside this file.",
    )
    .absent("dark or light, as the terminal says it is; mono where it has no colours")
    .example("nord"),
    Field::new(
        "roles",
        Shape::Map("^[a-z.]+$", &STYLE),
        "Looks of single roles, over whatever theme is chosen. `bakery schema theme` names the roles.",
    )
    .default("{}")
    .example("{stale: {fg: \"#ff9e64\", bold: true}}"),
    Field::new("ascii", Shape::Boolean, "Plain characters only, in the terminal UI and in what commands print; as --ascii.")
        .default("false")
        .example("true"),
    Field::new("mouse", Shape::Boolean, "Whether the mouse is bakery's when the terminal UI begins; M turns it round.")
        .default("true")
        .example("false"),
    Field::new(
        "clipboard",
        Shape::Words(&["auto", "osc52", "native", "off"]),
        "How text is copied: through the terminal (osc52), by the desktop's own program (native), or as fits (auto).",
    )
    .default("auto")
    .example("osc52"),
    Field::new("readonly", Shape::Boolean, "The terminal UI bakes, publishes, edits and removes nothing.")
        .default("false")
        .example("true"),
    Field::new(
        "keys",
        Shape::Map(".", &Shape::Map(".", &Shape::List(&Shape::Text, 0))),
        "Keys of one's own, by place and action; they take the place of the built-in ones. An empty list takes a key away.",
    )
    .default("{}")
    .example("{everywhere: {help: [f1]}}"),
    Field::new("engine", ENGINE, "What bakes where the workspace does not say.").absent("embedded").example("embedded"),
    Field::new("parallel", Shape::Number(1, 256), "Bakes at once.").absent("one a processor").example("2"),
    Field::new(
        "watch-every",
        Shape::Number(1, 86_400),
        "How often the Lineage screen looks whether anything has moved in the stores, in seconds, while it is open.",
    )
    .default("30")
    .example("300"),
    Field::new("pack", Shape::Mapping(PACK, 0), "How layers are packed."),
    Field::new(
        "id-mode",
        Shape::Words(&["subordinate", "single", "strict"]),
        "Ids of steps that run: those of /etc/subuid; one id, owners lost; or one, and changing owners fails.",
    )
    .absent("the most this machine grants")
    .example("subordinate"),
    Field::new("step-timeout", Shape::Any(&[DURATION, Shape::Number(0, 0)]), "How long one step may run; 0 for as long as it likes.")
        .default("2h")
        .example("30m"),
    Field::new("cache", Shape::Mapping(CACHE, 0), "What is kept between bakes."),
    Field::new(
        "secrets",
        SECRETS,
        "Where secrets are had that recipes name; never the secrets themselves. A workspace's own count less.",
    )
    .default("{}")
    .example("{pip_token: {env: PIP_TOKEN}, npm: {file: ~/.npmrc-token}, vault: {command: [pass, show, ci/vault]}}"),
];
