//! Layers: tar entries, merged trees, changesets, deterministic packing. Abstract `Read` and `Write` only.
