//! apk's database of installed packages: paragraphs of one-letter fields. Everything in it is installed.

use super::package::{MAX_PACKAGES, Package, PackagesError, Source, System, keep, need};

#[derive(Default)]
struct Paragraph {
    /// Its first line; 0 where there is none yet.
    line: usize,
    name: Option<String>,
    version: Option<String>,
    arch: Option<String>,
    origin: Option<String>,
    size: Option<String>,
}

/// The packages of a text.
pub(super) fn parse(text: &[u8]) -> Result<Vec<Package>, PackagesError> {
    let mut packages = Vec::new();
    let mut paragraph = Paragraph::default();
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            std::mem::take(&mut paragraph).end(&mut packages)?;
        } else {
            paragraph.line(line, at + 1)?;
        }
    }
    paragraph.end(&mut packages)?;
    Ok(packages)
}

impl Paragraph {
    fn line(&mut self, line: &[u8], number: usize) -> Result<(), PackagesError> {
        let [letter, b':', value @ ..] = line else {
            return Err(PackagesError::Line { line: number, why: "no field" });
        };
        if self.line == 0 {
            self.line = number;
        }
        match letter {
            b'P' => keep(&mut self.name, "P", value, number),
            b'V' => keep(&mut self.version, "V", value, number),
            b'A' => keep(&mut self.arch, "A", value, number),
            b'o' => keep(&mut self.origin, "o", value, number),
            b'I' => keep(&mut self.size, "I", value, number),
            _ => Ok(()),
        }
    }

    fn end(self, packages: &mut Vec<Package>) -> Result<(), PackagesError> {
        if self.line == 0 {
            return Ok(());
        }
        if packages.len() == MAX_PACKAGES {
            return Err(PackagesError::Count);
        }
        let source = self.origin.filter(|name| !name.is_empty()).map(|name| Source { name, version: None });
        packages.push(Package {
            name: need(self.name, "P", self.line)?,
            version: need(self.version, "V", self.line)?,
            arch: self.arch.unwrap_or_default(),
            system: System::Apk,
            source,
            size: self.size.and_then(|size| size.parse().ok()),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTALLED: &str = "\
C:Q1p78yvTLG094tHE1+dToJGbmYzQE=
P:alpine-baselayout
V:3.4.3-r2
A:x86_64
S:8911
I:331776
T:Alpine base dir structure and init scripts
U:https://git.alpinelinux.org/cgit/aports/tree/main/alpine-baselayout
L:GPL-2.0-only
o:alpine-baselayout
m:Natanael Copa <ncopa@alpinelinux.org>
t:1702570200
c:65502ca9379dd29d1ac4b0bf0dcf03a3dd1b324a
D:alpine-baselayout-data=3.4.3-r2 /bin/sh
q:1000
F:dev
F:dev/pts
R:profile
a:0:0:644
Z:Q1MFPjdHtVxV4ZSkmyzGVkzCUjqGE=

C:Q1q9hrGRA5x4HqKhZdUsjqzR5Bgl0=
P:libcrypto3
V:3.1.4-r5
A:x86_64
I:4349952
o:openssl

";

    #[test]
    fn what_is_installed_is_told() {
        let packages = parse(INSTALLED.as_bytes()).unwrap();
        let seen: Vec<_> = packages.iter().map(|p| (p.name.as_str(), p.version.as_str(), p.size)).collect();
        assert_eq!(
            seen,
            [("alpine-baselayout", "3.4.3-r2", Some(331_776)), ("libcrypto3", "3.1.4-r5", Some(4_349_952))]
        );
        assert_eq!(packages[1].source, Some(Source { name: "openssl".into(), version: None }));
        assert!(parse(b"").unwrap().is_empty());
    }

    #[test]
    fn hostile_text_is_refused_with_its_line() {
        for (text, error) in [
            ("P:a\nV", "line 2: no field"),
            ("P:a\nVersion: 1", "line 2: no field"),
            ("P:a\nP:b", "line 2: the field P stands there twice"),
            ("\nV:1", "line 2: a package without the field P"),
            ("P:a\nV: ", "line 1: a package without the field V"),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err().to_string(), error, "{text}");
        }
        let long = format!("P:a\nV:1\nA:{}", "x".repeat(4097));
        assert_eq!(parse(long.as_bytes()).unwrap_err().to_string(), "line 3: the field A is over 4 KiB");
        let many = "P:a\nV:1\n\n".repeat(MAX_PACKAGES + 1);
        assert_eq!(parse(many.as_bytes()), Err(PackagesError::Count));
    }
}
