//! `policy.yaml`: what images must fulfil, key by key.

use super::workspace::SIZE;
use super::{Field, Shape};

const TEXTS: Shape = Shape::List(&Shape::NumberForm("\\S"), 0);
const GLOBS: Shape = Shape::List(&Shape::NumberForm("."), 0);
const DEMAND: Shape = Shape::Words(&["forbid", "warn", "allow"]);

const BASE: &[Field] = &[
    Field::new(
        "signed-by",
        Shape::List(&Shape::Text, 0),
        "Stores whose keys may vouch for a base; an empty list: nobody has to.",
    )
    .absent("the base's own store")
    .example("[global]"),
    Field::new("allow", GLOBS, "Globs of STORE/NAME a base may be.").absent("any").example("[\"global/**\"]"),
    Field::new("max-age", Shape::Form("^[0-9]+[hdw]$"), "How old a base may be.").absent("any age").example("90d"),
    Field::new("stale", Shape::Words(&["fail", "warn", "ignore"]), "What becomes of a base whose tag has moved on.")
        .default("warn"),
];

const IMAGE: &[Field] = &[
    Field::new(
        "user",
        Shape::NumberForm("^(?!(root|0+)$)[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$"),
        "Who images run as: nonroot, or one user.",
    )
    .example("nonroot"),
    Field::new("setuid", DEMAND, "Files that run as their owner.").default("forbid"),
    Field::new("world-writable", DEMAND, "Paths anybody may write.").default("warn"),
    Field::new("secrets", DEMAND, "What looks like a secret.").default("forbid"),
    Field::new("device-nodes", DEMAND, "Device nodes.").default("forbid"),
    Field::new("max-layer", SIZE, "Size of the largest layer, as stored.").absent("any size").example("500MB"),
    Field::new("max-total", SIZE, "Size of all layers, as stored.").absent("any size").example("2GB"),
    Field::new("require-labels", TEXTS, "Labels that must be there.").example("[org.opencontainers.image.source]"),
    Field::new("forbid-paths", Shape::List(&Shape::Form("^(/|\\*\\*)"), 0), "Globs of paths that may not be there.")
        .example("[/usr/bin/nc]"),
    Field::new("forbid-packages", GLOBS, "Globs of packages that may not be installed.").example("[telnet]"),
    Field::new("builders", TEXTS, "Builders whose provenance counts, by their whole id.").absent("any"),
];

const EXCEPTION: &[Field] = &[
    Field::new(
        "check",
        Shape::Form("^((base|lineage|layer|image|repro)\\.[a-z-]+|(test|policy)\\.[A-Za-z0-9][A-Za-z0-9_.-]*)$"),
        "The check: `bakery verify` names them.",
    )
    .required()
    .example("layer.setuid"),
    Field::new("path", Shape::Text, "Glob of what it is about; must be there where the check names something.")
        .example("/usr/bin/sudo"),
    Field::new("reason", Shape::NumberForm("\\S"), "Why this is let pass, and who said so.")
        .required()
        .example("asked for by ops"),
    Field::new("until", Shape::Form("^([0-9]{4}-[0-9]{2}-[0-9]{2}|never)$"), "The last day it counts, or never.")
        .required()
        .example("2027-01-31"),
];

pub(super) const POLICY: &[Field] = &[
    Field::new("base", Shape::Mapping(BASE, 1), "What is asked of bases."),
    Field::new("image", Shape::Mapping(IMAGE, 1), "What is asked of images made here."),
    Field::new(
        "exceptions",
        Shape::List(&Shape::Mapping(EXCEPTION, 0), 0),
        "What is let pass, by whose word, until when.",
    ),
];
