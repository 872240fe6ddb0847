//! dpkg's status: paragraphs of fields (deb822). Reads what is kept of a package and skips the rest, however long.
//!
//! A package counts as installed when the third word of its `Status` says so: `installed`, or configured and waiting for
//! triggers. Files of `status.d` need no `Status`.

use super::package::{MAX_PACKAGES, Package, PackagesError, Source, System, keep, need};

/// Fields of the present paragraph.
#[derive(Default)]
struct Paragraph {
    /// Its first line; 0 where there is none yet.
    line: usize,
    /// Whether the last field is one that is kept.
    kept: Option<&'static str>,
    name: Option<String>,
    version: Option<String>,
    arch: Option<String>,
    source: Option<String>,
    size: Option<String>,
    status: Option<String>,
}

/// The installed packages of a text; `strict`: those without a `Status` are not.
pub(super) fn parse(text: &[u8], strict: bool) -> Result<Vec<Package>, PackagesError> {
    let mut packages = Vec::new();
    let mut paragraph = Paragraph::default();
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            std::mem::take(&mut paragraph).end(strict, &mut packages)?;
        } else {
            paragraph.line(line, at + 1)?;
        }
    }
    paragraph.end(strict, &mut packages)?;
    Ok(packages)
}

impl Paragraph {
    fn line(&mut self, line: &[u8], number: usize) -> Result<(), PackagesError> {
        let refuse = |why| Err(PackagesError::Line { line: number, why });
        if matches!(line[0], b' ' | b'\t') {
            return match (self.line, self.kept) {
                (0, _) => refuse("goes on where nothing began"),
                (_, Some(field)) => {
                    Err(PackagesError::Field { line: number, field, why: "goes on over several lines" })
                }
                _ => Ok(()),
            };
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':').filter(|colon| *colon > 0) else {
            return refuse("no field");
        };
        if self.line == 0 {
            self.line = number;
        }
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        let (slot, field) = match name {
            _ if name.eq_ignore_ascii_case(b"package") => (&mut self.name, "Package"),
            _ if name.eq_ignore_ascii_case(b"version") => (&mut self.version, "Version"),
            _ if name.eq_ignore_ascii_case(b"architecture") => (&mut self.arch, "Architecture"),
            _ if name.eq_ignore_ascii_case(b"source") => (&mut self.source, "Source"),
            _ if name.eq_ignore_ascii_case(b"installed-size") => (&mut self.size, "Installed-Size"),
            _ if name.eq_ignore_ascii_case(b"status") => (&mut self.status, "Status"),
            _ => {
                self.kept = None;
                return Ok(());
            }
        };
        self.kept = Some(field);
        keep(slot, field, value, number)
    }

    fn end(self, strict: bool, packages: &mut Vec<Package>) -> Result<(), PackagesError> {
        let there = match &self.status {
            Some(status) => {
                let state = status.split_ascii_whitespace().nth(2);
                matches!(state, Some("installed" | "triggers-awaited" | "triggers-pending"))
            }
            None => !strict,
        };
        if self.line == 0 || !there {
            return Ok(());
        }
        if packages.len() == MAX_PACKAGES {
            return Err(PackagesError::Count);
        }
        packages.push(Package {
            name: need(self.name, "Package", self.line)?,
            version: need(self.version, "Version", self.line)?,
            arch: self.arch.unwrap_or_default(),
            system: System::Dpkg,
            source: self.source.as_deref().and_then(source),
            // In units of 1024 bytes.
            size: self.size.and_then(|size| size.parse::<u64>().ok()?.checked_mul(1024)),
        });
        Ok(())
    }
}

/// `NAME` or `NAME (VERSION)`.
fn source(text: &str) -> Option<Source> {
    let (name, version) = match text.split_once('(') {
        Some((name, rest)) => (name, Some(rest.trim_end().trim_end_matches(')').trim().to_owned())),
        None => (text, None),
    };
    let name = name.trim().to_owned();
    (!name.is_empty()).then(|| Source { name, version: version.filter(|version| !version.is_empty()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "\
Package: libc6
Status: install ok installed
Priority: optional
Section: libs
Installed-Size: 12989
Maintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.36-9+deb12u10
Depends: libgcc-s1, libcrypt1 (>= 1:4.4.10-10~)
Conffiles:
 /etc/ld.so.conf.d/x86_64-linux-gnu.conf d4e7a7b88a71b5ffd9e2644e71a0cfab
Description: GNU C Library: Shared libraries
 Contains the standard libraries that are used by nearly all programs.
 .
 Package: not-a-field
Homepage: https://www.gnu.org/software/libc/libc.html

Package: libpam0g
Status: install ok triggers-awaited
Source: pam (1.5.2-6)
Version: 1.5.2-6+deb12u1
Architecture: amd64

Package: gone
Status: deinstall ok config-files
Version: 1
Architecture: all


Package: half
Status: install reinstreq half-installed
Architecture: all

Package: held
Status: hold ok installed
Version: 1:0~rc1
Architecture: all
";

    fn names(text: &str, strict: bool) -> Vec<String> {
        parse(text.as_bytes(), strict).unwrap().into_iter().map(|package| package.name).collect()
    }

    #[test]
    fn what_is_installed_is_told_and_nothing_else() {
        let packages = parse(STATUS.as_bytes(), true).unwrap();
        assert_eq!(names(STATUS, true), ["libc6", "libpam0g", "held"]);
        assert_eq!(names(&STATUS.replace('\n', "\r\n"), true), ["libc6", "libpam0g", "held"]);
        let libc = &packages[0];
        assert_eq!((libc.version.as_str(), libc.arch.as_str()), ("2.36-9+deb12u10", "amd64"));
        assert_eq!(libc.size, Some(12989 * 1024));
        assert_eq!(libc.source, Some(Source { name: "glibc".into(), version: None }));
        assert_eq!(packages[1].source, Some(Source { name: "pam".into(), version: Some("1.5.2-6".into()) }));
        assert_eq!((packages[2].version.as_str(), packages[2].size), ("1:0~rc1", None));
    }

    #[test]
    fn distroless_parts_need_no_status() {
        let part = "Package: base-files\nVersion: 12.4+deb12u10\nArchitecture: amd64\n";
        assert_eq!(names(part, false), ["base-files"]);
        assert!(names(part, true).is_empty());
        assert!(names(&format!("{part}Status: deinstall ok config-files\n"), false).is_empty());
        assert!(names("", false).is_empty() && names("\n\n \n", true).is_empty());
    }

    #[test]
    fn hostile_text_is_refused_with_its_line() {
        let long = "x".repeat(4097);
        for (text, error) in [
            ("Package: a\nnonsense\n".to_owned(), "line 2: no field"),
            (":x\n".to_owned(), "line 1: no field"),
            ("\n\n  x\n".to_owned(), "line 3: goes on where nothing began"),
            ("Package: a\nPACKAGE: b\n".to_owned(), "line 2: the field Package stands there twice"),
            ("Version: 1\n 2\n".to_owned(), "line 2: the field Version goes on over several lines"),
            (format!("Package: a\nVersion: {long}\n"), "line 2: the field Version is over 4 KiB"),
            ("\nStatus: a b installed\nVersion: 1\n".to_owned(), "line 2: a package without the field Package"),
            ("Package: a\nStatus: a b installed\n".to_owned(), "line 1: a package without the field Version"),
            ("Package:\nVersion: 1\nStatus: a b installed\n".to_owned(), "line 1: a package without the field Package"),
        ] {
            assert_eq!(parse(text.as_bytes(), true).unwrap_err().to_string(), error, "{text:.60}");
        }
        // Fields nobody keeps may be as long as they like.
        let text = format!("Package: a\nDepends: {}\nVersion: 1\n", long.repeat(50));
        assert_eq!(names(&text, false), ["a"]);
        let odd = parse(b"Package: a\xff\x1b\nVersion: 1\nInstalled-Size: 99999999999999999999\nSource: (\n", false);
        let odd = odd.unwrap();
        assert_eq!((odd[0].name.as_str(), odd[0].size, &odd[0].source), ("a\u{fffd}\u{1b}", None, &None));
    }

    #[test]
    fn there_is_an_end_to_packages() {
        let text = "Package: a\nVersion: 1\n\n".repeat(MAX_PACKAGES + 1);
        assert_eq!(parse(text.as_bytes(), false), Err(PackagesError::Count));
    }
}
