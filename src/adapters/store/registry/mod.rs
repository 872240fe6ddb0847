//! A registry over the distribution API. Source: distribution-spec.
