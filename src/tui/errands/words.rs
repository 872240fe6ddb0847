//! What an errand would do, in lines shown as they are.

use crate::domain::trust::Signer;
use crate::domain::units;
use crate::flows::prune::Pruned;
use crate::flows::publish::PublishPlan;

/// An image, where it goes, and who vouches for it.
pub(super) fn plan_lines(plan: &PublishPlan) -> [String; 3] {
    let signers: Vec<&str> = plan
        .signed_by
        .iter()
        .map(|signer| match signer {
            Signer::Key { name, .. } => name.as_str(),
            Signer::Identity { subject, .. } => subject.as_str(),
        })
        .collect();
    let signed = if signers.is_empty() { String::new() } else { format!(", signed by {}", signers.join(", ")) };
    [
        format!("{} {}", plan.reference, plan.digest.short()),
        format!("to {}", plan.target),
        format!("verified here: {}{signed}", plan.verified.as_str()),
    ]
}

/// What would be freed, a line a sort; none where there is nothing.
pub fn gc_lines(pruned: &Pruned) -> Vec<String> {
    let freed = &pruned.freed;
    let mut lines = Vec::new();
    if freed.blobs > 0 {
        lines.push(format!(
            "{:>9}  in {} of the local store",
            units::bytes(freed.bytes),
            units::count(freed.blobs, "blob")
        ));
    }
    if freed.entries > 0 {
        lines.push(format!("{:>9}  {} without its image", "", units::count(freed.entries, "signature")));
    }
    if freed.temporaries > 0 {
        lines.push(format!("{:>9}  {} of writes that broke off", "", units::count(freed.temporaries, "leftover")));
    }
    if pruned.snapshots.removed > 0 {
        let count = units::count(pruned.snapshots.removed, "snapshot");
        lines.push(format!("{:>9}  in {count}", units::bytes(pruned.snapshots.bytes)));
    }
    if pruned.exports.blobs > 0 {
        let count = units::count(pruned.exports.blobs, "blob");
        lines.push(format!("{:>9}  in {count} had of daemons", units::bytes(pruned.exports.bytes)));
    }
    lines
}
