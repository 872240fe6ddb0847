//! BuildKit: one that plays a script, Docker's own, and a real daemon where `BAKERY_BUILDKITD` names one.

mod build;
mod docker;
mod fake;
mod faults;
mod order;
mod reach;
mod real;
