//! BuildKit: one that plays a script, Docker's own, and a real daemon where `BAKERY_BUILDKITD` names one.

mod bakes;
mod build;
mod buildx;
mod content;
mod docker;
mod fake;
mod faults;
mod order;
mod reach;
mod real;
mod trust;
