//! Docker's and podman's auth files and credential helpers, through `docker_credential`. Stores nothing, shows nothing.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use tokio::sync::OnceCell;

use crate::adapters::process;

/// Longest auth file read.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// How long a credential helper may take.
const HELPER_TIME: Duration = Duration::from_secs(60);

/// The auth files that are looked into, in order; the first that knows a registry decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthFiles(pub Vec<PathBuf>);

impl AuthFiles {
    /// Where podman, skopeo and docker keep them: `$REGISTRY_AUTH_FILE`, else `$XDG_RUNTIME_DIR/containers/auth.json`
    /// and the one below the user's config folder; then `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`.
    pub fn from_environment() -> Self {
        let folder = |name: &str| process::environment(name).filter(|text| !text.is_empty()).map(PathBuf::from);
        let home = folder("HOME");
        let mut files = Vec::new();
        match folder("REGISTRY_AUTH_FILE") {
            Some(file) => files.push(file),
            None => {
                files.extend(folder("XDG_RUNTIME_DIR").map(|dir| dir.join("containers/auth.json")));
                let config = folder("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
                files.extend(config.map(|dir| dir.join("containers/auth.json")));
            }
        }
        let docker = folder("DOCKER_CONFIG").or_else(|| home.map(|home| home.join(".docker")));
        files.extend(docker.map(|dir| dir.join("config.json")));
        Self(files)
    }
}

/// Who we are to a registry.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::adapters) enum Credential {
    Password { user: String, password: String },
    IdentityToken(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(hidden)")
    }
}

/// The credentials for one host, looked up when first asked for.
pub(in crate::adapters) struct Credentials {
    files: AuthFiles,
    host: String,
    documents: OnceCell<Vec<Document>>,
    whole_host: OnceCell<Option<Credential>>,
}

#[derive(Clone)]
struct Document {
    bytes: Vec<u8>,
    keys: BTreeSet<String>,
}

impl Credentials {
    pub(in crate::adapters) fn new(files: AuthFiles, host: &str) -> Self {
        Self { files, host: host.to_owned(), documents: OnceCell::new(), whole_host: OnceCell::new() }
    }

    /// For a repository: the longest key `host/part/…` that covers it, else the host's own.
    pub(in crate::adapters) async fn find(&self, repository: Option<&str>, warn: impl Fn(&str)) -> Option<Credential> {
        let documents = self.documents.get_or_init(|| self.load(&warn)).await;
        for key in repository.into_iter().flat_map(|repository| keys_for(&self.host, repository)) {
            if let Some(document) = documents.iter().find(|document| document.keys.contains(&key)) {
                return look_up(document.bytes.clone(), key, &warn).await;
            }
        }
        let whole = async || {
            // Docker's own hub is filed under a URL; `docker_credential` knows the host in it.
            for document in documents {
                if let Some(found) = look_up(document.bytes.clone(), self.host.clone(), &warn).await {
                    return Some(found);
                }
            }
            None
        };
        self.whole_host.get_or_init(whole).await.clone()
    }

    async fn load(&self, warn: &impl Fn(&str)) -> Vec<Document> {
        let files = self.files.clone();
        let read = move || files.0.iter().map(|file| (file.clone(), read_document(file))).collect::<Vec<_>>();
        let mut documents = Vec::new();
        for (file, result) in tokio::task::spawn_blocking(read).await.unwrap_or_default() {
            match result {
                Ok(Some(document)) => documents.push(document),
                Ok(None) => {}
                Err(reason) => warn(&format!("{}: {reason}; its credentials are not used", file.display())),
            }
        }
        documents
    }
}

fn read_document(file: &PathBuf) -> Result<Option<Document>, String> {
    let opened = match std::fs::File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut bytes = Vec::new();
    opened.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    // The parser's own message could quote a secret.
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|_| "not an auth file".to_owned())?;
    let keys = ["auths", "credHelpers"]
        .iter()
        .filter_map(|section| value.get(section)?.as_object())
        .flat_map(|section| section.keys().cloned())
        .collect();
    Ok(Some(Document { bytes, keys }))
}

/// `host/a/b/c`, `host/a/b`, `host/a`.
fn keys_for<'a>(host: &'a str, repository: &'a str) -> impl Iterator<Item = String> + 'a {
    let ends = repository.match_indices('/').map(|(at, _)| at).chain([repository.len()]).collect::<Vec<_>>();
    ends.into_iter().rev().map(move |end| format!("{host}/{}", &repository[..end]))
}

/// Asks one file, which may run a helper; what a helper prints is never shown.
async fn look_up(bytes: Vec<u8>, key: String, warn: &impl Fn(&str)) -> Option<Credential> {
    let asked = key.clone();
    let task = tokio::task::spawn_blocking(move || get_credential_from_reader(bytes.as_slice(), &asked));
    let found = match tokio::time::timeout(HELPER_TIME, task).await {
        Ok(Ok(found)) => found,
        Ok(Err(_)) => Err(CredentialRetrievalError::HelperCommunicationError),
        Err(_) => {
            warn(&format!("credential helper for {key} did not answer in {} s", HELPER_TIME.as_secs()));
            return None;
        }
    };
    match found {
        Ok(DockerCredential::UsernamePassword(user, password)) => Some(Credential::Password { user, password }),
        Ok(DockerCredential::IdentityToken(token)) => Some(Credential::IdentityToken(token)),
        Err(CredentialRetrievalError::NoCredentialConfigured) => None,
        // The usual way of a helper to say that it knows nothing.
        Err(CredentialRetrievalError::HelperFailure { .. }) => None,
        Err(CredentialRetrievalError::HelperCommunicationError) => {
            warn(&format!("credential helper for {key} cannot be run"));
            None
        }
        Err(_) => {
            warn(&format!("credentials for {key} cannot be read"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(user: &str) -> Option<Credential> {
        Some(Credential::Password { user: user.into(), password: "p".into() })
    }

    #[tokio::test]
    async fn the_longest_key_that_covers_a_repository_wins() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("auth.json"), folder.path().join("config.json"));
        // "n:p", "w:p", "second:p"
        let text = r#"{"auths":{"h.example/team/app":{"auth":"bjpw"},"h.example":{"auth":"dzpw"}}}"#;
        std::fs::write(&first, text).unwrap();
        std::fs::write(&second, r#"{"auths":{"https://g.example/v1/":{"auth":"c2Vjb25kOnA="}}}"#).unwrap();
        let files = AuthFiles(vec![folder.path().join("absent"), first, second]);
        let credentials = Credentials::new(files.clone(), "h.example");
        assert_eq!(credentials.find(Some("team/app/x"), |_| {}).await, password("n"));
        assert_eq!(credentials.find(Some("team/app"), |_| {}).await, password("n"));
        assert_eq!(credentials.find(Some("team/apple"), |_| {}).await, password("w"));
        assert_eq!(credentials.find(None, |_| {}).await, password("w"));
        assert_eq!(Credentials::new(files.clone(), "g.example").find(None, |_| {}).await, password("second"));
        assert_eq!(Credentials::new(files, "other.example").find(Some("a"), |_| {}).await, None);
    }

    #[test]
    fn k03_secrets_do_not_reach_debug_output() {
        let shown = format!("{:?} {:?}", password("u"), Credential::IdentityToken("secret".into()));
        assert!(!shown.contains("secret") && !shown.contains("\"p\""), "{shown}");
    }
}
