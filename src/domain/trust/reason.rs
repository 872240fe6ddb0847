//! Reason codes: stable, one for each way a check can end. Scripts and people tell cases apart by them.

/// Signed by a key of the store, as a bundle.
pub const SIGNED: &str = "signature.good";
/// Signed by a key of the store, only in cosign's older form.
pub const SIGNED_LEGACY: &str = "signature.legacy";
/// Nothing is attached.
pub const UNSIGNED: &str = "signature.unsigned";
/// Signed, by none of the store's keys.
pub const WRONG_KEY: &str = "signature.wrong-key";
/// A signature of another image.
pub const OTHER_DIGEST: &str = "signature.other-digest";
/// A signature of this image under another name.
pub const OTHER_REPOSITORY: &str = "signature.other-repository";
/// Something that cannot be read.
pub const MALFORMED: &str = "signature.malformed";
/// Made out of its time.
pub const EXPIRED: &str = "signature.expired";
/// A certificate or log entry that does not stand up to the trusted root.
pub const UNTRUSTED: &str = "signature.untrusted";
/// The index is signed, this image is not.
pub const INDEX_ONLY: &str = "signature.index-only";
/// A list names a signature that is not there.
pub const REFERRER_MISSING: &str = "signature.referrer-missing";
/// The image lies under no store of the workspace, or its store has no keys.
pub const NO_KEYS: &str = "signature.no-keys";
/// The store's keys cannot be read.
pub const BAD_KEYS: &str = "signature.unusable-keys";
/// More is attached than is looked at.
pub const TOO_MANY: &str = "signature.too-many";
/// Its store may not vouch for bases.
pub const OTHER_STORE: &str = "signature.other-store";
/// The store does not answer.
pub const UNREACHABLE: &str = "store.unreachable";
/// The store has it not.
pub const NOT_FOUND: &str = "store.not-found";
/// What the store gave is unusable.
pub const UNUSABLE: &str = "store.unusable";
/// The policy does not ask.
pub const NOT_ASKED: &str = "policy.not-asked";
/// The policy lets it pass.
pub const EXCEPTED: &str = "policy.exception";
/// The exception that let it pass has expired.
pub const EXCEPTION_EXPIRED: &str = "policy.exception-expired";
/// Verifying was given up before its end (S-11).
pub const CANCELLED: &str = "verify.cancelled";
/// The policy says something that cannot be used.
pub const POLICY_UNUSABLE: &str = "policy.unusable";

/// The policy allows this base.
pub const BASE_LISTED: &str = "base.listed";
/// It does not.
pub const BASE_NOT_LISTED: &str = "base.not-listed";
/// Young enough.
pub const BASE_YOUNG: &str = "base.young";
/// Older than the policy allows (S-08).
pub const BASE_OLD: &str = "base.too-old";
/// It does not say when it was made.
pub const BASE_UNDATED: &str = "base.undated";
/// It says it was made in the future, so its age is unknown (S-08).
pub const BASE_FUTURE: &str = "base.future";
/// Its tag still points to it.
pub const BASE_CURRENT: &str = "base.current";
/// Its tag has moved on.
pub const BASE_STALE: &str = "base.stale";
/// No tag is known that could move on.
pub const BASE_UNTAGGED: &str = "base.untagged";
/// Older than what its tag was last seen to point to (S-07).
pub const BASE_ROLLBACK: &str = "base.rollback";

/// The base's diffIDs are the image's first.
pub const PREFIX: &str = "lineage.prefix";
/// They are not.
pub const FORGED: &str = "lineage.forged";
/// It is built on another base than the one that was verified before (S-09).
pub const OTHER_BASE: &str = "lineage.other-base";
/// It has no base.
pub const ROOT: &str = "lineage.root";
/// Nobody says what its base is.
pub const UNNAMED: &str = "lineage.unnamed";

/// Nothing of the contract is broken.
pub const CONTRACT_KEPT: &str = "contract.kept";
/// No base forbids anything.
pub const CONTRACT_NONE: &str = "contract.none";
/// A base's contract cannot be read.
pub const CONTRACT_UNREADABLE: &str = "contract.unreadable";
/// A symlink stands where a folder above a protected path was.
pub const CONTRACT_SYMLINK_ABOVE: &str = "contract.symlink-above";
/// Something else stands where a folder above a protected path was.
pub const CONTRACT_TYPE_ABOVE: &str = "contract.type-above";
/// A protected path is a symlink now.
pub const CONTRACT_SYMLINK: &str = "contract.symlink";
/// A protected path is of another type now.
pub const CONTRACT_TYPE: &str = "contract.type";
/// A protected path went with all that was in its folder (opaque whiteout).
pub const CONTRACT_EMPTIED: &str = "contract.emptied";
/// A protected path is gone.
pub const CONTRACT_DELETED: &str = "contract.deleted";
/// A protected file is a hard link now, or has been given a further name.
pub const CONTRACT_HARDLINK: &str = "contract.hardlink";
/// The content of a protected path is another.
pub const CONTRACT_MODIFIED: &str = "contract.modified";
/// A protected path belongs to somebody else.
pub const CONTRACT_OWNER: &str = "contract.owner";
/// A protected path has other permissions.
pub const CONTRACT_MODE: &str = "contract.mode";
/// The image runs as somebody the contract does not allow.
pub const CONTRACT_USER: &str = "contract.user";
/// A package the contract forbids is installed.
pub const CONTRACT_PACKAGE: &str = "contract.package";
/// A label the contract requires is missing.
pub const CONTRACT_LABEL: &str = "contract.label";

/// Nothing of the kind in the image's own layers.
pub const LAYER_CLEAN: &str = "layer.clean";
/// A file that runs as its owner or group.
pub const LAYER_SETUID: &str = "layer.setuid";
/// A path anybody may write.
pub const LAYER_WRITABLE: &str = "layer.world-writable";
/// What looks like a secret.
pub const LAYER_SECRET: &str = "layer.secret";
/// A device node.
pub const LAYER_DEVICE: &str = "layer.device-node";
/// A path the policy forbids.
pub const LAYER_PATH: &str = "layer.forbidden-path";
/// No layer is too large.
pub const LAYER_SMALL: &str = "layer.small";
/// A layer is.
pub const LAYER_LARGE: &str = "layer.too-large";

/// It runs as whom it should.
pub const USER_FITS: &str = "user.fits";
/// It runs as root.
pub const USER_ROOT: &str = "user.root";
/// It runs as somebody else.
pub const USER_OTHER: &str = "user.other";
/// Nobody can tell as whom it runs (J-14).
pub const USER_UNCLEAR: &str = "user.unclear";
/// All labels are there.
pub const LABELS_THERE: &str = "labels.there";
/// One is not.
pub const LABELS_MISSING: &str = "labels.missing";
/// The image is small enough.
pub const IMAGE_SMALL: &str = "image.small";
/// It is not.
pub const IMAGE_LARGE: &str = "image.too-large";
/// No forbidden package.
pub const PACKAGES_CLEAN: &str = "packages.clean";
/// There is one.
pub const PACKAGES_FORBIDDEN: &str = "packages.forbidden";

/// Provenance that holds.
pub const PROVENANCE_GOOD: &str = "provenance.good";
/// There is none.
pub const PROVENANCE_MISSING: &str = "provenance.missing";
/// It names another base than the image has.
pub const PROVENANCE_OTHER_BASE: &str = "provenance.other-base";
/// It does not say who built the image (S-12).
pub const PROVENANCE_NO_BUILDER: &str = "provenance.no-builder";
/// Somebody built it whom the policy does not name (S-12).
pub const PROVENANCE_OTHER_BUILDER: &str = "provenance.other-builder";
/// It is signed, and no provenance.
pub const PROVENANCE_MALFORMED: &str = "provenance.malformed";
/// An SBOM that holds.
pub const SBOM_GOOD: &str = "sbom.good";
/// There is none.
pub const SBOM_MISSING: &str = "sbom.missing";
/// It is signed, and no SBOM.
pub const SBOM_MALFORMED: &str = "sbom.malformed";

/// A rule of the workspace's own denies nothing.
pub const REGO_CLEAN: &str = "rego.clean";
/// It denies.
pub const REGO_DENIED: &str = "rego.denied";
/// It warns.
pub const REGO_WARNED: &str = "rego.warned";
/// It cannot be evaluated.
pub const REGO_ERROR: &str = "rego.error";
/// More changes than rules of the workspace's own are shown.
pub const TOO_MANY_CHANGES: &str = "evidence.too-many-changes";
/// It denies nothing, but looks at what is not known.
pub const REGO_BLIND: &str = "rego.blind";

/// A second bake gave the same.
pub const REPRO_IDENTICAL: &str = "repro.identical";
/// It did not.
pub const REPRO_DIFFERS: &str = "repro.differs";
/// It came to no end.
pub const REPRO_NOT_BAKED: &str = "repro.not-baked";

/// All of them.
pub const ALL: &[&str] = &[
    SIGNED,
    SIGNED_LEGACY,
    UNSIGNED,
    WRONG_KEY,
    OTHER_DIGEST,
    OTHER_REPOSITORY,
    MALFORMED,
    EXPIRED,
    UNTRUSTED,
    INDEX_ONLY,
    REFERRER_MISSING,
    NO_KEYS,
    BAD_KEYS,
    TOO_MANY,
    OTHER_STORE,
    UNREACHABLE,
    NOT_FOUND,
    UNUSABLE,
    NOT_ASKED,
    EXCEPTED,
    EXCEPTION_EXPIRED,
    CANCELLED,
    POLICY_UNUSABLE,
    BASE_LISTED,
    BASE_NOT_LISTED,
    BASE_YOUNG,
    BASE_OLD,
    BASE_UNDATED,
    BASE_FUTURE,
    BASE_CURRENT,
    BASE_STALE,
    BASE_UNTAGGED,
    BASE_ROLLBACK,
    PREFIX,
    FORGED,
    OTHER_BASE,
    ROOT,
    UNNAMED,
    CONTRACT_KEPT,
    CONTRACT_NONE,
    CONTRACT_UNREADABLE,
    CONTRACT_SYMLINK_ABOVE,
    CONTRACT_TYPE_ABOVE,
    CONTRACT_SYMLINK,
    CONTRACT_TYPE,
    CONTRACT_EMPTIED,
    CONTRACT_DELETED,
    CONTRACT_HARDLINK,
    CONTRACT_MODIFIED,
    CONTRACT_OWNER,
    CONTRACT_MODE,
    CONTRACT_USER,
    CONTRACT_PACKAGE,
    CONTRACT_LABEL,
    LAYER_CLEAN,
    LAYER_SETUID,
    LAYER_WRITABLE,
    LAYER_SECRET,
    LAYER_DEVICE,
    LAYER_PATH,
    LAYER_SMALL,
    LAYER_LARGE,
    USER_FITS,
    USER_ROOT,
    USER_OTHER,
    USER_UNCLEAR,
    LABELS_THERE,
    LABELS_MISSING,
    IMAGE_SMALL,
    IMAGE_LARGE,
    PACKAGES_CLEAN,
    PACKAGES_FORBIDDEN,
    PROVENANCE_GOOD,
    PROVENANCE_MISSING,
    PROVENANCE_OTHER_BASE,
    PROVENANCE_NO_BUILDER,
    PROVENANCE_OTHER_BUILDER,
    PROVENANCE_MALFORMED,
    SBOM_GOOD,
    SBOM_MISSING,
    SBOM_MALFORMED,
    REGO_CLEAN,
    REGO_DENIED,
    REGO_WARNED,
    REGO_ERROR,
    TOO_MANY_CHANGES,
    REGO_BLIND,
    REPRO_IDENTICAL,
    REPRO_DIFFERS,
    REPRO_NOT_BAKED,
];
