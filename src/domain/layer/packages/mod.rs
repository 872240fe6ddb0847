//! Packages: what the databases of dpkg, apk and rpm say is installed, and how two such lists differ. Reads bytes it is
//! given; knows neither files nor SQLite, and asks no package manager.
//!
//! Reading order: `package` (what a package is, where databases stand), `dpkg`, `apk`, `rpm` (their formats), `installed`
//! (which databases count in an image), `version` (which version is newer), `compare` (what changed).

mod apk;
mod compare;
mod dpkg;
mod installed;
mod package;
mod rpm;
mod version;

pub use compare::{ChangeKind, PackageChange, compare};
pub use installed::{Installed, Problem, installed};
pub use package::{
    Database, MAX_DATABASE, MAX_FIELD, MAX_PACKAGES, Package, PackagesError, Place, Source, System, place_of,
};
pub use rpm::{HeaderError, package_of_header};
pub use version::compare_versions;

/// The packages a text database names as installed; what is no text has none.
pub fn parse(place: Place, text: &[u8]) -> Result<Vec<Package>, PackagesError> {
    if text.len() as u64 > MAX_DATABASE {
        return Err(PackagesError::Size);
    }
    match place {
        Place::DpkgStatus => dpkg::parse(text, true),
        Place::DpkgPart => dpkg::parse(text, false),
        Place::Apk => apk::parse(text),
        Place::RpmSqlite | Place::RpmBerkeley | Place::RpmNdb => Err(PackagesError::NoText),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACES: [Place; 4] = [Place::DpkgStatus, Place::DpkgPart, Place::Apk, Place::RpmSqlite];

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            for place in PLACES {
                let _ = parse(place, &bytes);
            }
            let _ = package_of_header(&bytes);
        }

        #[test]
        fn arbitrary_lines_never_panic(
            lines in proptest::collection::vec(
                prop_oneof!["[PVAIo]:[ -~]{0,9}", "(Package|Version|Status|Source|Architecture): ?[ -~]{0,12}", "", " [a-z]*", "\\PC{0,6}"],
                0..30,
            ),
        ) {
            for place in PLACES {
                let _ = parse(place, lines.join("\n").as_bytes());
            }
        }

        /// A header of plausible numbers over arbitrary bytes.
        #[test]
        fn arbitrary_headers_never_panic(
            entries in proptest::collection::vec((999_u32..1050, 0_u32..11, 0_u32..70, 0_u32..4), 0..8),
            content in proptest::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut blob = u32::try_from(entries.len()).unwrap().to_be_bytes().to_vec();
            blob.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
            for (tag, kind, offset, count) in entries {
                [tag, kind, offset, count].iter().for_each(|number| blob.extend(number.to_be_bytes()));
            }
            blob.extend(content);
            let _ = package_of_header(&blob);
        }
    }
}
