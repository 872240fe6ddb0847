//! Locks: what a recipe's base is pinned to.

use super::{Field, Shape};

const DIGEST: Shape = Shape::Form("^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$");

pub(super) const LOCK: &[Field] = &[
    Field::new("lock", Shape::Number(1, 1), "Version of the format.").required().example("1"),
    Field::new("base", Shape::Text, "The base as the recipe names it.").required().example("global/python:3.12"),
    Field::new("digest", DIGEST, "What its tag pointed to.").required(),
    Field::new("platforms", Shape::Map("^[a-z0-9]+(/[a-z0-9]+){1,2}$", &DIGEST), "The manifest for each platform.")
        .required(),
    Field::new("resolved", Shape::Text, "When (RFC 3339, UTC).").required().example("2026-01-02T03:04:05Z"),
];
