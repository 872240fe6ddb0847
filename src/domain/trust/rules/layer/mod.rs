//! Rules on what an image's own layers bring, a file a check. What a base brought is the base's affair.

mod device_nodes;
mod paths;
mod secrets;
mod setuid;
mod size;
mod world_writable;

pub(super) use device_nodes::device_nodes;
pub(super) use paths::paths;
pub(super) use secrets::secrets;
pub(super) use setuid::{as_whom, setuid};
pub(super) use size::size;
pub(super) use world_writable::{is_open, world_writable};

use super::super::policy::Demand;
use super::super::reason;
use super::judged::Judged;
use super::judging::{Judging, at_path};
use crate::domain::layer::Seen;
use crate::domain::units;

/// Looks at every path the own layers brought; `wrong` says in a few words what is wrong with one.
fn each_path(
    judging: &Judging<'_>,
    demand: Demand,
    code: &'static str,
    wrong: impl Fn(Seen<'_>, &dyn Fn() -> Vec<u8>) -> Option<String>,
) -> Judged {
    if demand == Demand::Allow {
        return Judged::not_asked();
    }
    let changes = match judging.changes() {
        Ok(changes) => changes,
        Err(gap) => return Judged::unknown(gap),
    };
    let mut offences = Vec::new();
    for changed in changes.iter() {
        let Some(after) = changed.after else { continue };
        if let Some(what) = wrong(after, &|| changed.path()) {
            offences.push(at_path(code, changed.path(), after.layer(), &what));
        }
    }
    Judged::of(demand, offences, || Judged::pass(reason::LAYER_CLEAN, clean(judging)))
}

/// Where nothing was found.
fn clean(judging: &Judging<'_>) -> Vec<String> {
    vec![format!("none in {} of its own", units::count(judging.own_layers(), "layer"))]
}
