//! Journals on disk: one writer, any number of readers, a kernel lock for liveness.
