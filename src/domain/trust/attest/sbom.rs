//! A bill of materials: the packages of an image as an SPDX 2.3 document. The same packages give the same bytes.
//!
//! Source: SPDX 2.3, JSON form; package URLs as their types define them.

use packageurl::PackageUrl;
use serde::Serialize;
use serde_json::{Value, json};

use super::provenance::stamp;
use crate::domain::layer::packages::{Package, System};
use crate::domain::oci::Digest;

const IMAGE: &str = "SPDXRef-image";
const UNSTATED: &str = "NOASSERTION";

/// Which image is described.
#[derive(Clone, Copy, Debug)]
pub struct SbomSubject<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Digest of its manifest.
    pub digest: &'a Digest,
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// Its system's `ID` in `/etc/os-release`: `debian`, `ubuntu`, `alpine`, `fedora`.
    pub system: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: String,
    document_namespace: String,
    creation_info: Value,
    packages: Vec<Entry>,
    relationships: Vec<Relationship>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    version_info: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_package_purpose: Option<&'static str>,
    download_location: &'static str,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<String>,
    license_concluded: &'static str,
    license_declared: &'static str,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
}

/// The document, as a predicate of `https://spdx.dev/Document`.
pub fn sbom(subject: SbomSubject<'_>, packages: &[Package]) -> serde_json::Result<Value> {
    let mut packages: Vec<&Package> = packages.iter().collect();
    packages.sort();
    packages.dedup();
    let relation = |from: &str, kind, to: &str| Relationship {
        spdx_element_id: from.to_owned(),
        relationship_type: kind,
        related_spdx_element: to.to_owned(),
    };
    let mut entries = vec![image_entry(subject)];
    let mut relationships = vec![relation("SPDXRef-DOCUMENT", "DESCRIBES", IMAGE)];
    for (number, package) in packages.into_iter().enumerate() {
        let entry = package_entry(package, number, subject.system);
        relationships.push(relation(IMAGE, "CONTAINS", &entry.id));
        entries.push(entry);
    }
    serde_json::to_value(Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: "SPDXRef-DOCUMENT",
        name: subject.name.to_owned(),
        document_namespace: format!("https://bakery.dev/spdx/{}", subject.digest.to_string().replace(':', "-")),
        creation_info: json!({
            "created": stamp(subject.created).unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned()),
            "creators": [concat!("Tool: bakery-", env!("CARGO_PKG_VERSION"))],
        }),
        packages: entries,
        relationships,
    })
}

fn entry(id: String, name: &str, version: String) -> Entry {
    Entry {
        id,
        name: name.to_owned(),
        version_info: version,
        primary_package_purpose: None,
        download_location: UNSTATED,
        files_analyzed: false,
        source_info: None,
        license_concluded: UNSTATED,
        license_declared: UNSTATED,
        copyright_text: UNSTATED,
        checksums: Vec::new(),
        external_refs: Vec::new(),
    }
}

fn image_entry(subject: SbomSubject<'_>) -> Entry {
    let algorithm = subject.digest.algorithm().as_str().to_ascii_uppercase();
    Entry {
        primary_package_purpose: Some("CONTAINER"),
        checksums: vec![json!({"algorithm": algorithm, "checksumValue": subject.digest.encoded()})],
        ..entry(IMAGE.to_owned(), subject.name, subject.digest.to_string())
    }
}

fn package_entry(package: &Package, number: usize, system: Option<&str>) -> Entry {
    // Identifiers hold letters, digits, `.` and `-` only; the number keeps those apart that become the same.
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '-' };
    let name: String = package.name.chars().take(100).map(plain).collect();
    let id = format!("SPDXRef-{}-{number}-{name}", package.system.as_str());
    let source_info = package.source.as_ref().map(|source| match &source.version {
        Some(version) => format!("built from {} {version}", source.name),
        None => format!("built from {}", source.name),
    });
    let named =
        |url: String| json!({"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": url});
    Entry {
        source_info,
        external_refs: purl(package, system).map(named).into_iter().collect(),
        ..entry(id, &package.name, package.version.clone())
    }
}

/// The package's URL; `None` for names no URL can have.
fn purl(package: &Package, system: Option<&str>) -> Option<String> {
    let (kind, usual) = match package.system {
        System::Dpkg => ("deb", Some("debian")),
        System::Apk => ("apk", Some("alpine")),
        System::Rpm => ("rpm", None),
    };
    let mut url = PackageUrl::new(kind, package.name.as_str()).ok()?;
    if let Some(namespace) = system.or(usual).filter(|name| !name.is_empty()) {
        url.with_namespace(namespace.to_owned()).ok()?;
    }
    // rpm's epoch is a qualifier, dpkg's is part of the version.
    let (epoch, version) = match (package.system, package.version.split_once(':')) {
        (System::Rpm, Some((epoch, version))) => (Some(epoch), version),
        _ => (None, package.version.as_str()),
    };
    if !version.is_empty() {
        url.with_version(version).ok()?;
    }
    if !package.arch.is_empty() {
        url.add_qualifier("arch", package.arch.as_str()).ok()?;
    }
    if let Some(epoch) = epoch {
        url.add_qualifier("epoch", epoch).ok()?;
    }
    Some(url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::layer::packages::Source;

    fn package(system: System, name: &str, version: &str, arch: &str) -> Package {
        Package { name: name.into(), arch: arch.into(), version: version.into(), system, source: None, size: None }
    }

    fn made(packages: &[Package], system: Option<&str>) -> Value {
        let digest = Digest::of(b"image");
        sbom(SbomSubject { name: "team-a/app", digest: &digest, created: 0, system }, packages).unwrap()
    }

    #[test]
    fn packages_are_listed_once_in_order_with_their_urls() {
        let mut curl = package(System::Dpkg, "libstdc++6", "1:12.2.0-14", "amd64");
        curl.source = Some(Source { name: "gcc-12".into(), version: None });
        let zlib = package(System::Apk, "zlib", "1.3.1-r2", "x86_64");
        let bash = package(System::Rpm, "bash", "1:5.2-3", "x86_64");
        let all = [zlib.clone(), curl.clone(), bash, zlib];
        let document = made(&all, None);
        let urls: Vec<&str> = document["packages"].as_array().unwrap()[1..]
            .iter()
            .map(|entry| entry["externalRefs"][0]["referenceLocator"].as_str().unwrap())
            .collect();
        assert_eq!(
            urls,
            [
                "pkg:rpm/bash@5.2-3?arch=x86_64&epoch=1",
                "pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14?arch=amd64",
                "pkg:apk/alpine/zlib@1.3.1-r2?arch=x86_64"
            ]
        );
        assert_eq!(document["packages"][2]["sourceInfo"], "built from gcc-12");
        assert_eq!(document["relationships"].as_array().unwrap().len(), 4);
        let mut turned = all;
        turned.reverse();
        assert_eq!(made(&turned, None).to_string(), document.to_string(), "order of the input does not count");
        assert!(made(&[curl], Some("ubuntu")).to_string().contains("pkg:deb/ubuntu/"));
    }

    #[test]
    fn names_from_outside_cannot_break_the_document() {
        let odd = ["", "../../x", "a b\n\"", "ä", "x?y#z", &"n".repeat(4096)];
        let packages: Vec<Package> = odd.iter().map(|name| package(System::Dpkg, name, "1 ", "")).collect();
        let document = made(&packages, None);
        let listed = document["packages"].as_array().unwrap();
        assert_eq!(listed.len(), odd.len() + 1);
        let mut seen = std::collections::BTreeSet::new();
        for entry in listed {
            let id = entry["SPDXID"].as_str().unwrap();
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
            assert!(id.starts_with("SPDXRef-") && id.chars().all(fits), "{id}");
            assert!(seen.insert(id.to_owned()), "{id} twice");
        }
    }
}
