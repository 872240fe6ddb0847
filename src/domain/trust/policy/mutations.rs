//! Policies with each field removed, duplicated, mistyped: nothing of it loosens anything unseen.
