//! Projections: folds over events, `apply(&Event)` and nothing else. What every viewer shows comes from here.
