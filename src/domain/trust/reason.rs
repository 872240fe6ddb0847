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
