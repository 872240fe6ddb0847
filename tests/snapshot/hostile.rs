//! Archives that want more than they may have.
