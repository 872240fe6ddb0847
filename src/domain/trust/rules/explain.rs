//! What checks ask and what to do about each way of their ending, for people. Judges nothing.

use super::super::reason;

/// What a check asks, and what to do about this way of its ending; for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What is asked.
    pub rule: &'static str,
    /// What to do; empty where nothing is to be done.
    pub mend: &'static str,
}

/// Explains a check's outcome.
pub fn explain(check: &str, reason: &str) -> Explanation {
    let family = |name: &str| match name.split_once('.') {
        Some(("test", _)) => "A test of the recipe holds inside the image.",
        Some(("policy", _)) => "A rule of the workspace's own, in policy/*.rego, denies nothing.",
        _ => "",
    };
    let rule = RULES.iter().find(|(id, _)| *id == check).map_or_else(|| family(check), |(_, rule)| *rule);
    let mend = MENDS.iter().find(|(code, _)| *code == reason).map_or("", |(_, mend)| *mend);
    Explanation { rule, mend }
}

const RULES: &[(&str, &str)] = &[
    ("base.signature", "The base is signed by a key of its store: this very image, under this very name."),
    ("base.allowed", "The policy allows images of this name to be bases (base.allow)."),
    ("base.age", "The base is younger than the policy asks (base.max-age)."),
    ("base.fresh", "The base's tag still points to it, and never goes back to something older (base.stale)."),
    ("lineage.layers", "The image's first layers are its base's, byte for byte. Labels prove nothing."),
    ("lineage.contract", "The image keeps what its bases protect, and is as they ask (label dev.bakery.contract)."),
    ("layer.setuid", "No layer of its own brings a file that runs as its owner or group (image.setuid)."),
    ("layer.world-writable", "No layer of its own brings what anybody may write (image.world-writable)."),
    ("layer.secrets", "No layer of its own holds a key, a token or a password (image.secrets)."),
    ("layer.device-nodes", "No layer of its own brings a device (image.device-nodes)."),
    ("layer.size", "No layer of its own is larger than the policy allows (image.max-layer)."),
    ("layer.paths", "No layer of its own brings a path the policy forbids (image.forbid-paths)."),
    ("image.user", "The image runs as whom the policy asks (image.user)."),
    ("image.labels", "The image has the labels the policy asks for (image.require-labels)."),
    ("image.size", "The image is no larger than the policy allows (image.max-total)."),
    ("image.packages", "No package is installed that the policy forbids (image.forbid-packages)."),
    ("image.signature", "The image is signed by a key of its store: this very image, under this very name."),
    ("image.provenance", "A signed statement says who made the image, on which base."),
    ("image.sbom", "A signed list says what is in the image."),
    ("repro.match", "A second bake, elsewhere and later, gives the same digest."),
];

const REBAKE: &str =
    "Bake again in a step that does not do that, or give the policy an exception with a reason and an end.";
const SIGN: &str =
    "Sign it with a key of its store: `bakery bake` signs where the store names a `key`; else `cosign sign --key`.";
const DOUBT: &str = "Do not use it before you know who made this signature; get the image anew from its store.";
const PROTECTED: &str = "Leave the path as the base has it: change the step that touches it, or ask the base's team.";

const MENDS: &[(&str, &str)] = &[
    (reason::SIGNED, ""),
    (reason::SIGNED_LEGACY, "Nothing needs to be done; baking it again adds a bundle."),
    (reason::UNSIGNED, SIGN),
    (
        reason::WRONG_KEY,
        "Name the signer's public key in the store's `keys` if you trust it; else get the image from its store.",
    ),
    (reason::OTHER_DIGEST, DOUBT),
    (reason::OTHER_REPOSITORY, DOUBT),
    (reason::MALFORMED, "Sign the image again; what is attached cannot be read."),
    (reason::EXPIRED, "Sign the image again; when this was signed, its certificate did not hold."),
    (reason::UNTRUSTED, "Bring the trusted root up to date, or sign with a key of the store."),
    (reason::INDEX_ONLY, "Sign the images of the index, too: `cosign sign --recursive`, or `bakery publish`."),
    (reason::REFERRER_MISSING, "Publish the image again: its signature has gone from the store."),
    (reason::NO_KEYS, "Give the store `keys` in bakery.yaml, or use an image of a store that has some."),
    (reason::BAD_KEYS, "Mend the key files the store names in bakery.yaml; `bakery keys show` says what is wrong."),
    (reason::TOO_MANY, "Remove signatures that nobody needs; only so many are looked at."),
    (reason::OTHER_STORE, "Use a base of a store that base.signed-by names, or add its store there."),
    (reason::UNREACHABLE, "Try again once the store answers: what cannot be looked at is not verified."),
    (reason::NOT_FOUND, "Check the name and the tag: `bakery store ls` lists what is there."),
    (reason::UNUSABLE, "Get the image anew; `bakery fsck` checks the local store."),
    (reason::NOT_ASKED, ""),
    (reason::EXCEPTED, "Nothing now; the exception should go once it is not needed."),
    (
        reason::EXCEPTION_EXPIRED,
        "Mend what was excepted and remove the exception, or give it a new end in policy.yaml.",
    ),
    (reason::CANCELLED, "Verify again, to the end."),
    (reason::POLICY_UNUSABLE, "Mend the policy or the contract: `bakery policy test` says where."),
    (reason::BASE_LISTED, ""),
    (reason::BASE_NOT_LISTED, "Use a base that base.allow names, or add it there."),
    (reason::BASE_YOUNG, ""),
    (reason::BASE_OLD, "Move to a younger base: `bakery update RECIPE`, or ask the base's team to bake it again."),
    (reason::BASE_UNDATED, "Use a base whose config says when it was made."),
    (reason::BASE_FUTURE, "Set this machine's clock; if it is right, ask the base's team."),
    (reason::BASE_CURRENT, ""),
    (
        reason::BASE_STALE,
        "`bakery update RECIPE` moves the lock to what the tag points to now, and shows what that changes.",
    ),
    (reason::BASE_UNTAGGED, ""),
    (reason::BASE_ROLLBACK, "Find out why the tag went back. If it is meant, verify with --allow-downgrade."),
    (reason::PREFIX, ""),
    (reason::OTHER_BASE, "Bake again: what was verified before the bake is not what it began on."),
    (reason::FORGED, "Do not use it: it only says that it has this base. Bake it again on the base."),
    (reason::ROOT, ""),
    (reason::UNNAMED, "Name its base with `--base`, or bake it again with bakery, which writes it down."),
    (reason::REPRO_IDENTICAL, ""),
    (
        reason::REPRO_DIFFERS,
        "Mend the step the evidence names: what it writes must not depend on when or where it runs.",
    ),
    (reason::REPRO_NOT_BAKED, "Bake it again; what the second bake failed of stands in the evidence."),
    (reason::CONTRACT_KEPT, ""),
    (reason::CONTRACT_NONE, ""),
    (reason::CONTRACT_UNREADABLE, "Ask the base's team to mend its label dev.bakery.contract."),
    (reason::CONTRACT_SYMLINK_ABOVE, PROTECTED),
    (reason::CONTRACT_TYPE_ABOVE, PROTECTED),
    (reason::CONTRACT_SYMLINK, PROTECTED),
    (reason::CONTRACT_TYPE, PROTECTED),
    (reason::CONTRACT_EMPTIED, PROTECTED),
    (reason::CONTRACT_DELETED, PROTECTED),
    (reason::CONTRACT_HARDLINK, PROTECTED),
    (reason::CONTRACT_MODIFIED, PROTECTED),
    (reason::CONTRACT_OWNER, PROTECTED),
    (reason::CONTRACT_MODE, PROTECTED),
    (reason::CONTRACT_USER, "Set `user` in the recipe's config to whom the base asks for."),
    (reason::CONTRACT_PACKAGE, "Leave the package out of the recipe, or ask the base's team."),
    (reason::CONTRACT_LABEL, "Add the label to `labels` in the recipe's config."),
    (reason::LAYER_CLEAN, ""),
    (reason::LAYER_SETUID, "Take the bit away in the step that brings it: `chmod u-s,g-s`; or make an exception."),
    (reason::LAYER_WRITABLE, "Take the bit away in the step that brings it: `chmod o-w`; or make an exception."),
    (
        reason::LAYER_SECRET,
        "Take it out of the layer and use `secrets:` instead; revoke it if the image has left this machine.",
    ),
    (reason::LAYER_DEVICE, "Do not make devices in a step; runtimes make those a container gets."),
    (reason::LAYER_PATH, REBAKE),
    (reason::LAYER_SMALL, ""),
    (reason::LAYER_LARGE, "Make it smaller: `bakery du` says who owns the bytes."),
    (reason::USER_FITS, ""),
    (reason::USER_ROOT, "Set `user` in the recipe's config to somebody who is not root."),
    (reason::USER_OTHER, "Set `user` in the recipe's config to whom the policy asks for."),
    (reason::USER_UNCLEAR, "Set `user` in the recipe's config to a plain name or number."),
    (reason::LABELS_THERE, ""),
    (reason::LABELS_MISSING, "Add the label to `labels` in the recipe's config."),
    (reason::IMAGE_SMALL, ""),
    (reason::IMAGE_LARGE, "Make it smaller: `bakery du` says who owns the bytes, and which of them nobody sees."),
    (reason::PACKAGES_CLEAN, ""),
    (reason::PACKAGES_FORBIDDEN, "Leave the package out, or move to a base without it."),
    (reason::PROVENANCE_GOOD, ""),
    (reason::PROVENANCE_MISSING, "Publish it with bakery, which states where it comes from."),
    (reason::PROVENANCE_OTHER_BASE, "Do not use it before you know which of the two is wrong; bake it again."),
    (reason::PROVENANCE_NO_BUILDER, "Publish it again with a builder that says who it is."),
    (
        reason::PROVENANCE_OTHER_BUILDER,
        "Use an image of a builder that image.builders names, or add its whole id there.",
    ),
    (reason::PROVENANCE_MALFORMED, "Publish it again; what is signed is no provenance."),
    (reason::SBOM_GOOD, ""),
    (reason::SBOM_MISSING, "Publish it with bakery, which lists what is in it."),
    (reason::SBOM_MALFORMED, "Publish it again; what is signed is no SPDX document."),
    (reason::REGO_CLEAN, ""),
    (reason::REGO_DENIED, "Do as the rule says; `bakery evidence IMAGE --json` shows what it looks at."),
    (reason::REGO_WARNED, "Do as the rule says, or leave it: it only warns."),
    (reason::REGO_ERROR, "Mend the rule; `bakery policy test` tries it."),
    (reason::TOO_MANY_CHANGES, "Split the image; rules see only so many changes."),
    (reason::REGO_BLIND, "See to it that what the rule looks at is known: the other checks say what is missing."),
    ("test.passed", ""),
    ("test.failed", "Look at the test's output; `bakery shell` opens a shell where it ran."),
    ("test.content", "Let the test run: whether the content matches is not known without."),
    ("test.tree", "Look at the bake's log: what the image holds is not known."),
    ("test.layers", "Leave the tests out with `--no-tests`, or rebase it where it was baked."),
    ("test.sandbox", "`bakery doctor` says what this machine lacks to run tests."),
];

#[cfg(test)]
mod tests {
    use super::super::super::policy::CHECKS;
    use super::*;

    #[test]
    fn every_check_and_every_reason_is_explained() {
        for (check, _) in CHECKS {
            assert!(explain(check, "").rule.len() > 20, "{check}");
        }
        assert!(!explain("test.imports", "test.failed").rule.is_empty());
        assert!(!explain("policy.mine", reason::REGO_DENIED).rule.is_empty());
        // What is as it should be needs no mending; everything else says how.
        let good = [
            reason::SIGNED,
            reason::NOT_ASKED,
            reason::BASE_LISTED,
            reason::BASE_YOUNG,
            reason::BASE_CURRENT,
            reason::BASE_UNTAGGED,
            reason::PREFIX,
            reason::ROOT,
            reason::CONTRACT_KEPT,
            reason::CONTRACT_NONE,
            reason::LAYER_CLEAN,
            reason::LAYER_SMALL,
            reason::USER_FITS,
            reason::LABELS_THERE,
            reason::IMAGE_SMALL,
            reason::PACKAGES_CLEAN,
            reason::PROVENANCE_GOOD,
            reason::SBOM_GOOD,
            reason::REGO_CLEAN,
            reason::REPRO_IDENTICAL,
        ];
        for code in reason::ALL {
            assert!(MENDS.iter().any(|(known, _)| known == code), "{code} is not explained");
            assert_eq!(explain("base.age", code).mend.is_empty(), good.contains(code), "{code}");
        }
    }
}
