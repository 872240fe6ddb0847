//! An OCI image layout on disk: atomic and durable. Source: image-spec image-layout.md.

/// One layout directory.
pub struct Layout {}
