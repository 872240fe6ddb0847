//! Attestations: statements about an image, and what bakery states. Signs nothing, stores nothing.
