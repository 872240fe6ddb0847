//! `layer.device-nodes`: an image brings no devices; runtimes make those a container gets.

use super::super::super::reason;
use super::super::judged::Judged;
use super::super::judging::Judging;
use crate::domain::layer::Kind;

pub fn device_nodes(judging: &Judging<'_>) -> Judged {
    let demand = judging.case.policy.image.device_nodes;
    super::each_path(judging, demand, reason::LAYER_DEVICE, |seen, _| match seen.type_name() {
        "char" | "block" => match seen.node().kind {
            Kind::Char { major, minor } => Some(format!("character device {major}:{minor}")),
            Kind::Block { major, minor } => Some(format!("block device {major}:{minor}")),
            _ => None,
        },
        _ => None,
    })
}
