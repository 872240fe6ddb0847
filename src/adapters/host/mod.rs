//! What this machine is, and what its user set for reproducible builds. Asks nothing over the network.

mod ids;

pub use ids::{IdMode, IdModeError, IdSetting, id_mode};

use crate::domain::oci::Platform;

/// The platform containers run on here: linux, with this machine's architecture.
pub fn platform() -> Platform {
    let (architecture, variant) = match std::env::consts::ARCH {
        "x86_64" => ("amd64", None),
        "aarch64" => ("arm64", None),
        "x86" => ("386", None),
        "arm" => ("arm", Some("v7")),
        "powerpc64" => ("ppc64le", None),
        other => (other, None),
    };
    Platform { os: "linux".into(), architecture: architecture.into(), variant: variant.map(Into::into) }
}

/// Whether programs of a platform run here: this machine's own, or those the kernel hands to an emulator (binfmt_misc).
pub fn runs(wanted: &Platform) -> bool {
    let own = platform();
    if (&own.os, &own.architecture) == (&wanted.os, &wanted.architecture) {
        return true;
    }
    let emulator = match wanted.architecture.as_str() {
        "amd64" => "qemu-x86_64",
        "arm64" => "qemu-aarch64",
        "arm" => "qemu-arm",
        "ppc64le" => "qemu-ppc64le",
        "riscv64" => "qemu-riscv64",
        "s390x" => "qemu-s390x",
        _ => return false,
    };
    own.os == wanted.os && std::path::Path::new("/proc/sys/fs/binfmt_misc").join(emulator).exists()
}

/// Platforms whose programs run here, of those known by name.
pub fn platforms() -> std::collections::BTreeSet<Platform> {
    let known = ["amd64", "arm64", "arm", "ppc64le", "riscv64", "s390x"].into_iter();
    let emulated = known.map(|architecture| Platform {
        os: "linux".into(),
        architecture: architecture.into(),
        variant: (architecture == "arm").then(|| "v7".into()),
    });
    emulated.filter(runs).chain([platform()]).collect()
}

/// Threads worth using.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// `SOURCE_DATE_EPOCH`, where it is set; a text that is no time is an error.
pub fn source_date_epoch() -> Result<Option<i64>, EpochError> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|text| !text.is_empty()) else { return Ok(None) };
    let text = text.to_string_lossy().into_owned();
    match text.parse::<i64>() {
        // The tar format ends there: eleven octal digits.
        Ok(seconds) if (0..=0o77_777_777_777).contains(&seconds) => Ok(Some(seconds)),
        _ => Err(EpochError(text.chars().take(40).collect())),
    }
}

/// `SOURCE_DATE_EPOCH` holds no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SOURCE_DATE_EPOCH is {0:?}, not a number of seconds since 1970")]
pub struct EpochError(String);

impl From<EpochError> for crate::report::Report {
    fn from(error: EpochError) -> Self {
        Self::new(crate::report::Kind::Usage, &error)
            .help("set it to the output of `git log -1 --format=%ct`, or unset it")
    }
}
