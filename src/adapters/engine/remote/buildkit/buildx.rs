//! Builders as `docker buildx` wrote them down: `$BUILDX_CONFIG/instances/NAME`, else below `$DOCKER_CONFIG`, else `~/.docker`.
//! Changes nothing there, starts no builder.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::place::{Place, PlaceError, TlsFiles, parameter};
use crate::adapters::process;
use crate::domain::oci::Platform;
use crate::domain::text::escape;

/// Longest file read.
const MAX_BYTES: u64 = 1 << 20;

/// One machine of a builder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub place: Place,
    /// What it is for; empty: it was not said.
    pub platforms: Vec<Platform>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Instance {
    driver: String,
    #[serde(default)]
    nodes: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Written {
    name: String,
    #[serde(default)]
    endpoint: String,
    #[serde(default)]
    platforms: Option<Vec<WrittenPlatform>>,
    #[serde(default)]
    driver_opts: Option<std::collections::BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct WrittenPlatform {
    os: String,
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
}

/// Where docker keeps them.
pub(super) fn folder() -> PathBuf {
    let set = |name: &str| process::environment(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let docker = || set("DOCKER_CONFIG").unwrap_or_else(|| set("HOME").unwrap_or_default().join(".docker"));
    set("BUILDX_CONFIG").unwrap_or_else(|| docker().join("buildx")).join("instances")
}

/// The machines of builder `name`.
pub(super) fn nodes(folder: &Path, name: &str) -> Result<Vec<Node>, PlaceError> {
    let unusable = |why: String| PlaceError::NotUsable { name: escape(name), why };
    if name.starts_with('.') || name.contains(['/', '\0']) {
        return Err(PlaceError::NoBuilder { name: name.to_owned(), folder: folder.to_owned() });
    }
    let mut text = String::new();
    match std::fs::File::open(folder.join(name)) {
        Ok(file) => file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| unusable(error.to_string()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(PlaceError::NoBuilder { name: name.to_owned(), folder: folder.to_owned() });
        }
        Err(error) => return Err(unusable(error.to_string())),
    };
    let instance: Instance = serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
    if instance.nodes.is_empty() {
        return Err(unusable("it has no machines".into()));
    }
    instance.nodes.iter().map(|node| read(&instance.driver, node).map_err(&unusable)).collect()
}

fn read(driver: &str, node: &Written) -> Result<Node, String> {
    let option = |name: &str| node.driver_opts.as_ref().and_then(|options| options.get(name)).filter(|v| !v.is_empty());
    if node.name.is_empty() || node.name.starts_with('-') || node.endpoint.starts_with('-') {
        return Err("its machine has no usable name".into());
    }
    let place = match driver {
        "remote" => remote(&node.endpoint, &option)?,
        "docker-container" => {
            let host = match node.endpoint.as_str() {
                "" => None,
                url if url.contains("://") => Some(format!("--host={url}")),
                context => Some(format!("--context={context}")),
            };
            let container = format!("buildx_buildkit_{}", node.name);
            let words = ["exec", "-i", &container, "buildctl", "dial-stdio"].map(str::to_owned);
            Place::Program(["docker".to_owned()].into_iter().chain(host).chain(words).collect())
        }
        "kubernetes" => {
            let query = node.endpoint.split_once('?').map_or("", |(_, query)| query);
            let kubeconfig = parameter(query, "kubeconfig").map(|file| format!("--kubeconfig={}", decoded(file)));
            let namespace = option("namespace").map(|name| format!("--namespace={name}"));
            let deployment = parameter(query, "deployment").map_or_else(|| node.name.replace('_', "-"), decoded);
            let words =
                ["exec", "-i", &format!("deployment/{deployment}"), "-c", "buildkitd", "--", "buildctl", "dial-stdio"]
                    .map(str::to_owned);
            Place::Program(["kubectl".to_owned()].into_iter().chain(kubeconfig).chain(namespace).chain(words).collect())
        }
        "docker" => return Err("it is Docker's own; use the engine docker".into()),
        other => return Err(format!("its driver {other:?} is not known here")),
    };
    let named = node.platforms.iter().flatten().filter_map(|p| {
        let variant = p.variant.as_deref().filter(|v| !v.is_empty()).map(|v| format!("/{v}")).unwrap_or_default();
        format!("{}/{}{variant}", p.os, p.architecture).parse().ok()
    });
    Ok(Node { place, platforms: named.collect() })
}

/// Whoever made a builder of this kind chose its address by hand: without certificates it is spoken to in the clear.
fn remote<'a>(endpoint: &str, option: &dyn Fn(&str) -> Option<&'a String>) -> Result<Place, String> {
    let path = |name: &str| option(name).map(PathBuf::from);
    // Whoever named one of them meant to be secure.
    let named = ["servername", "cert", "key"].into_iter().find(|name| option(name).is_some());
    if let (Some(named), None) = (named, option("cacert")) {
        return Err(format!("it has {named}, and no cacert"));
    }
    if option("cert").is_some() != option("key").is_some() {
        return Err("it has one of cert and key".into());
    }
    let tls = path("cacert").map(|ca| TlsFiles {
        ca,
        cert: path("cert"),
        key: path("key"),
        server_name: option("servername").cloned(),
    });
    let address = if tls.is_none() && endpoint.starts_with("tcp://") && !endpoint.contains('?') {
        format!("{endpoint}?tls=off")
    } else {
        endpoint.to_owned()
    };
    Place::parse(&address, tls).map_err(|error| error.to_string())
}

/// `%2F` and the like.
fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let code = if byte == b'%' {
            let digits: Vec<u8> = bytes.clone().take(2).collect();
            std::str::from_utf8(&digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok())
        } else {
            None
        };
        if code.is_some() {
            bytes.nth(1);
        }
        out.push(code.unwrap_or(byte));
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<Node>, PlaceError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("b"), text).unwrap();
        nodes(folder.path(), "b")
    }

    fn words(text: &str) -> String {
        match of(text).unwrap().remove(0).place {
            Place::Program(words) => words.join(" "),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn remote_machines_keep_their_platforms_and_certificates() {
        let found = of(r#"{"Name":"b","Driver":"remote","Nodes":[
            {"Name":"b0","Endpoint":"tcp://one.example:1234","Platforms":[{"architecture":"arm64","os":"linux"}],
             "DriverOpts":{"cacert":"/c/ca.pem","cert":"/c/cert.pem","key":"/c/key.pem","servername":"one"}},
            {"Name":"b1","Endpoint":"unix:///run/two.sock","Platforms":null,"DriverOpts":null,"Flags":null,"Files":null},
            {"Name":"b2","Endpoint":"tcp://three:1"}],"Dynamic":false}"#)
        .unwrap();
        let tls = TlsFiles {
            ca: "/c/ca.pem".into(),
            cert: Some("/c/cert.pem".into()),
            key: Some("/c/key.pem".into()),
            server_name: Some("one".into()),
        };
        assert_eq!(found[0].place, Place::Tcp { host: "one.example".into(), port: 1234, tls: Some(tls) });
        assert_eq!(found[0].platforms, ["linux/arm64".parse().unwrap()]);
        assert_eq!(found[1], Node { place: Place::Unix("/run/two.sock".into()), platforms: vec![] });
        assert_eq!(found[2].place, Place::Tcp { host: "three".into(), port: 1, tls: None });
    }

    #[test]
    fn machines_in_containers_and_clusters_are_spoken_to_through_their_programs() {
        let container = r#"{"Name":"b","Driver":"docker-container","Nodes":[{"Name":"b0","Endpoint":"ENDPOINT"}]}"#;
        assert_eq!(
            words(&container.replace("ENDPOINT", "unix:///var/run/docker.sock")),
            "docker --host=unix:///var/run/docker.sock exec -i buildx_buildkit_b0 buildctl dial-stdio"
        );
        assert_eq!(
            words(&container.replace("ENDPOINT", "far")),
            "docker --context=far exec -i buildx_buildkit_b0 buildctl dial-stdio"
        );
        assert_eq!(
            words(
                r#"{"Name":"b","Driver":"kubernetes","Nodes":[{"Name":"b_0","DriverOpts":{"namespace":"ci"},
                "Endpoint":"kubernetes:///b?deployment=&kubeconfig=%2Fhome%2Fa%2Fk"}]}"#
            ),
            "kubectl --kubeconfig=/home/a/k --namespace=ci exec -i deployment/b-0 -c buildkitd -- buildctl dial-stdio"
        );
    }

    #[test]
    fn what_is_no_builder_is_said() {
        let said = |text: &str| of(text).unwrap_err().to_string();
        assert!(said(r#"{"Name":"b","Driver":"docker","Nodes":[{"Name":"b0"}]}"#).contains("use the engine docker"));
        assert!(said(r#"{"Name":"b","Driver":"cloud","Nodes":[{"Name":"b0"}]}"#).contains("\"cloud\" is not known"));
        assert!(said(r#"{"Name":"b","Driver":"remote","Nodes":[]}"#).contains("no machines"));
        // Never in the clear because something is missing.
        let half = |options: &str| {
            said(&format!(
                r#"{{"Name":"b","Driver":"remote","Nodes":[{{"Name":"b0","Endpoint":"tcp://x:1","DriverOpts":{options}}}]}}"#
            ))
        };
        assert!(half(r#"{"cert":"/c","key":"/k"}"#).contains("no cacert"));
        assert!(half(r#"{"servername":"x"}"#).contains("no cacert"));
        assert!(half(r#"{"cacert":"/a","key":"/k"}"#).contains("one of cert and key"));
        assert!(said("{").contains("builder b of docker buildx"));
        let nowhere = nodes(Path::new("/nowhere"), "x").unwrap_err();
        assert_eq!(nowhere, PlaceError::NoBuilder { name: "x".into(), folder: "/nowhere".into() });
        assert!(nodes(Path::new("/"), "../etc/passwd").is_err());
    }
}
