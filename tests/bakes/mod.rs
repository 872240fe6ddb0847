//! Bakes as their users meet them: processes, journals, viewers. The engine is scripted, everything else is real.

mod builders;
mod disk;
mod ends;
mod golden;
mod kills;
mod shelf;
mod viewers;

/// A whole bake with one gate in its only step.
pub const GATED: &[&str] = &[
    r#"{"kind":"step.started","step":"1"}"#,
    r#"{"log":"1","text":"first line\n"}"#,
    r#"{"gate":"@/gate"}"#,
    r#"{"log":"1","text":"second line\n"}"#,
    r#"{"kind":"step.finished","step":"1","millis":12}"#,
    COMMITTED,
];

/// An image.
pub const COMMITTED: &str = r#"{"kind":"image.committed","reference":"team-a/app:1.0","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"media_type":"application/vnd.oci.image.manifest.v1+json"}"#;
