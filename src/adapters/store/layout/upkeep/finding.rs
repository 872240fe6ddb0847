//! What fsck says: findings as values, for printing and for JSON. Touches nothing.

use serde::Serialize;

/// Names of what needs a blob, at most so many.
const MAX_NEEDED_BY: usize = 8;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// `index.json` cannot be used.
    Index,
    /// Content is not what its name says.
    Corrupt,
    /// Content that is needed is not there.
    Missing,
    /// Content has another size than announced.
    Size,
    /// A link, pipe or device in the place of a blob (J-12).
    Irregular,
    /// The file system does not give the content.
    Unreadable,
    /// A manifest or config that is none, or two that contradict each other.
    Malformed,
    /// An index entry was dropped, since its manifest is lost.
    Dropped,
    /// A name that is none, or that stands twice (J-13).
    Name,
    /// A file that does not belong there.
    Foreign,
    /// Temporary files of crashed writers.
    Temporary,
}

impl FindingKind {
    /// Whether something is broken; else it is worth knowing only.
    pub fn is_fault(self) -> bool {
        !matches!(self, Self::Name | Self::Foreign | Self::Temporary | Self::Dropped)
    }

    /// The word in lines and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Corrupt => "corrupt",
            Self::Missing => "missing",
            Self::Size => "size",
            Self::Irregular => "irregular",
            Self::Unreadable => "unreadable",
            Self::Malformed => "malformed",
            Self::Dropped => "dropped",
            Self::Name => "name",
            Self::Foreign => "foreign",
            Self::Temporary => "temporary",
        }
    }
}

/// One thing fsck found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub kind: FindingKind,
    /// With what: a digest, a name, a file. Text from outside.
    pub what: String,
    /// How it shows. Text from outside.
    pub detail: String,
    /// Index entries that need it. Text from outside.
    pub needed_by: Vec<String>,
    /// Whether `--repair` mended it.
    pub repaired: bool,
}

impl Finding {
    pub(super) fn new(kind: FindingKind, what: impl Into<String>, detail: String) -> Self {
        Self { kind, what: what.into(), detail, needed_by: Vec::new(), repaired: false }
    }

    pub(super) fn needed_by(&mut self, root: &str) {
        if self.needed_by.len() < MAX_NEEDED_BY && !self.needed_by.iter().any(|known| known == root) {
            self.needed_by.push(root.to_owned());
        }
    }
}

/// Everything fsck found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FsckFindings {
    /// Entries of the index.
    pub entries: u64,
    /// Blobs read.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Blobs that nothing in the index leads to (gc frees those the step cache does not need either); not counted
    /// while a manifest is damaged, since nobody knows what that one needs.
    pub unreferenced_blobs: u64,
    /// Their bytes.
    pub unreferenced_bytes: u64,
    /// What is wrong, or worth knowing.
    pub findings: Vec<Finding>,
}

impl FsckFindings {
    /// Faults that are still there.
    pub fn faults(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.kind.is_fault() && !finding.repaired)
    }

    /// Whether nothing is broken (any more).
    pub fn is_sound(&self) -> bool {
        self.faults().next().is_none()
    }
}

/// How far fsck is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FsckProgress {
    /// Blobs read.
    pub blobs: u64,
    /// Blobs there are.
    pub blobs_total: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Bytes there are.
    pub bytes_total: u64,
}
