//! `bakery.yaml`, and what it shares with the user's settings.

use super::{Field, Shape};

/// `500MB`.
pub(super) const SIZE: Shape =
    Shape::NumberForm("^[0-9]{1,15}(\\.[0-9]{1,15})? ?([kKmMgGtT]?[bB]|[kKmMgGtT][iI][bB])?$");
/// `1m30s`.
pub(super) const DURATION: Shape = Shape::Form("^([0-9]+(ns|us|ms|s|m|h))+$|^0$");
/// `embedded`.
pub(super) const ENGINE: Shape = Shape::Form("^(embedded|(docker|podman)(://.+)?|(buildkit|buildx)://.+)$");

/// Where a secret is had.
pub const SECRET: &[Field] = &[
    Field::new("env", Shape::Form("^[A-Za-z_][A-Za-z0-9_]*$"), "A variable of the environment.").example("PIP_TOKEN"),
    Field::new("file", Shape::Text, "A file; relative to this one, or `~/…`.").example("~/.npmrc-token"),
    Field::new("command", Shape::List(&Shape::Text, 1), "A program that prints it.").example("[pass, show, ci/vault]"),
];
/// By name.
pub(super) const SECRETS: Shape = Shape::Map("^[A-Za-z0-9][A-Za-z0-9_.-]*$", &Shape::OneOf(SECRET));

/// Any engine's address.
const ADDRESS: Shape = Shape::Form("^(embedded|(docker|podman)(://\\S+)?|(buildkit|buildx)://\\S+)$");

/// Certificates between here and a builder.
pub const TLS: &[Field] = &[
    Field::new("ca", Shape::Text, "Who vouches for the builder: a PEM file.").required().example("tls/ca.pem"),
    Field::new("cert", Shape::Text, "Our certificate.").example("tls/cert.pem"),
    Field::new("key", Shape::Text, "Its key.").example("tls/key.pem"),
];

/// One of the builders many bakes are spread over.
pub const BUILDER: &[Field] = &[
    Field::new("name", Shape::Form("^[a-z][a-z0-9_-]{0,63}$"), "What it is called.").required().example("east"),
    Field::new("engine", ADDRESS, "Where it is.").required().example("buildkit://build.example:1234"),
    Field::new("slots", Shape::Number(1, 1000), "Bakes it takes at once.").default("1"),
    Field::new("platforms", Shape::List(&Shape::Form("^linux/[a-z0-9]+(/v[0-9]+)?$"), 1), "Platforms it has natively.")
        .absent("any"),
    Field::new("tls", Shape::Mapping(TLS, 0), "Certificates to reach it over TCP; docker and podman take all three."),
    Field::new("timeout", DURATION, "How long a bake on it may say nothing.").absent("as long as it likes"),
    Field::new("cache_from", CACHES, "Images in registries with steps BuildKit may have instead of making them.")
        .example("[registry.example/cache/payments]"),
    Field::new("cache_to", CACHES, "Images in registries that BuildKit puts its steps into, for others.")
        .example("[registry.example/cache/payments]"),
];

/// Where a builder's steps are kept for others.
const CACHES: Shape = Shape::List(&Shape::Form("^[A-Za-z0-9]\\S*/\\S+$"), 1);

/// A daemon with images.
const DAEMON: Shape = Shape::Form("^(default|unix:///\\S+|/\\S+|(tcp|ssh)://[^-\\s]\\S*)$");

const HOST: Shape = Shape::NumberForm("^(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9.-]+)(:[0-9]+)?(/[a-z0-9._/-]*)?$");

/// Whose signatures by certificates count.
pub const IDENTITY: &[Field] = &[
    Field::new("issuer", Shape::Text, "Who vouched for the signer.").required().example("https://accounts.example"),
    Field::new("subject", Shape::Text, "The signer, exactly.").example("release@example.com"),
    Field::new("subject-regex", Shape::Text, "Signers that match as a whole.").example("\".*@example[.]com\""),
];
/// The same of a store.
pub const KEYLESS: &[Field] = &[
    Field::new("trusted-root", Shape::Text, "sigstore's trusted root, a JSON file.")
        .required()
        .example("keys/root.json"),
    Field::new("identities", Shape::List(&Shape::Mapping(IDENTITY, 2), 1), "Who counts.").required(),
];

/// A store.
pub const STORE: &[Field] = &[
    Field::new("registry", HOST, "A registry: HOST[:PORT][/PREFIX], without a scheme.")
        .example("registry.example:5000/global"),
    Field::new("layout", Shape::Text, "Or a folder, an OCI image layout.").example("./local-store"),
    Field::new("docker", DAEMON, "Or the images a Docker Engine has, only read; its socket or address.")
        .example("default"),
    Field::new("podman", DAEMON, "Or those of a Podman service.").example("default"),
    Field::new("plain-http", Shape::Boolean, "Speak plain HTTP to it, though it is not this machine.").default("false"),
    Field::new("keys", Shape::List(&Shape::Text, 0), "cosign public keys (PEM files) whose signatures count.")
        .example("[keys/global.pub]"),
    Field::new("keyless", Shape::Mapping(KEYLESS, 0), "Signatures by certificates that count."),
    Field::new("key", Shape::Text, "The private key that signs what is baked.").example("keys/baker.key"),
    Field::new("passphrase", Shape::OneOf(SECRET), "Where the key's passphrase is had.")
        .absent("BAKERY_PASSWORD or COSIGN_PASSWORD, a file either names, or asked for"),
    Field::new(
        "signature-format",
        Shape::Words(&["both", "bundle", "legacy"]),
        "sigstore bundles, cosign's older .sig tags, or both.",
    )
    .default("both"),
    Field::new("publish", HOST, "The registry images are handed on to; NAME:TAG is appended.")
        .example("registry.example:5000"),
    Field::new("repositories", Shape::List(&Shape::Text, 0), "Repositories to list where a registry has no catalog.")
        .example("[python, node]"),
    Field::new("team", Shape::Boolean, "Holds what project teams have, no bases.").default("false"),
];

/// The whole file.
pub const WORKSPACE: &[Field] = &[
    Field::new("bakery", Shape::Number(1, 1), "Version of the format.").required().example("1"),
    Field::new(
        "stores",
        Shape::Map("^(?!(localhost|oci|scratch)$)[a-z][a-z0-9_-]{0,63}$", &Shape::Mapping(STORE, 0)),
        "Where images come from and go to, by the name references begin with; `local` is where yours go.",
    ),
    Field::new("recipes", Shape::Text, "Folder searched for recipes.").default("recipes").example("recipes"),
    Field::new("policy", Shape::Text, "What images must fulfil.")
        .absent("policy.yaml beside this file, else the built-in policy")
        .example("policy.yaml"),
    Field::new("engine", ENGINE, "What bakes.").absent("the user's own setting, else embedded").example("embedded"),
    Field::new(
        "engines",
        Shape::List(&Shape::Mapping(BUILDER, 0), 1),
        "Builders that many bakes are spread over; where there are any, `engine` is for single ones.",
    ),
    Field::new("secrets", SECRETS, "Where secrets are had that recipes name; never the secrets themselves.")
        .example("{pip_token: {env: PIP_TOKEN}}"),
];
