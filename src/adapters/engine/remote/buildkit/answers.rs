//! What a daemon is answered when it asks for a secret or for who we are to a registry: only what this build was given, only
//! for registries its Dockerfile or its caches name. Shows nothing of it.

use std::collections::{BTreeMap, BTreeSet};

use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::Secrets;
use bollard_buildkit_proto::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use bollard_buildkit_proto::moby::filesync::v1::auth_server::Auth;
use bollard_buildkit_proto::moby::filesync::v1::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse, GetTokenAuthorityRequest,
    GetTokenAuthorityResponse, VerifyTokenAuthorityRequest, VerifyTokenAuthorityResponse,
};
use tonic::{Request, Response, Status};
use zeroize::Zeroizing;

use crate::adapters::store::registry::{AuthFiles, Credential, Credentials};

/// The secrets of one build.
pub(super) struct Secretive(pub BTreeMap<String, Zeroizing<Vec<u8>>>);

#[tonic::async_trait]
impl Secrets for Secretive {
    async fn get_secret(&self, request: Request<GetSecretRequest>) -> Result<Response<GetSecretResponse>, Status> {
        match self.0.get(&request.get_ref().id) {
            Some(secret) => Ok(Response::new(GetSecretResponse { data: secret.to_vec() })),
            None => Err(Status::not_found("this build has no such secret")),
        }
    }
}

/// Who we are to the registries of one build.
pub(super) struct Credentialed {
    pub files: AuthFiles,
    pub hosts: BTreeSet<String>,
}

/// Docker's hub as daemons, references and auth files call it.
const HUB: [&str; 4] = ["registry-1.docker.io", "docker.io", "index.docker.io", "https://index.docker.io/v1/"];

#[tonic::async_trait]
impl Auth for Credentialed {
    async fn credentials(&self, request: Request<CredentialsRequest>) -> Result<Response<CredentialsResponse>, Status> {
        let asked = request.get_ref().host.as_str();
        let host = if HUB.contains(&asked) { "docker.io" } else { asked };
        if !self.hosts.contains(host) {
            // As for a registry nobody has logged in to: whoever asks goes on without.
            return Ok(Response::new(CredentialsResponse::default()));
        }
        let key = if host == "docker.io" { "index.docker.io" } else { host };
        let found = Credentials::new(self.files.clone(), key).find(None, |_| {}).await;
        Ok(Response::new(match found {
            Some(Credential::Password { user, password }) => CredentialsResponse { username: user, secret: password },
            Some(Credential::IdentityToken(token)) => CredentialsResponse { username: String::new(), secret: token },
            None => CredentialsResponse::default(),
        }))
    }

    async fn fetch_token(&self, _: Request<FetchTokenRequest>) -> Result<Response<FetchTokenResponse>, Status> {
        Err(Status::unimplemented("the daemon fetches its tokens itself"))
    }

    async fn get_token_authority(
        &self,
        _: Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(Status::unavailable("client side tokens disabled"))
    }

    async fn verify_token_authority(
        &self,
        _: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(Status::unavailable("client side tokens disabled"))
    }
}

/// The registry of an image's name, as docker reads it.
pub(super) fn host_of(image: &str) -> String {
    let first = image.split_once('/').map_or("", |(first, _)| first);
    let is_host = first == "localhost" || first.contains(['.', ':']);
    let host = if is_host { first } else { "docker.io" };
    if HUB.contains(&host) { "docker.io".to_owned() } else { host.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(auth: &Credentialed, host: &str) -> (String, String) {
        let answer =
            auth.credentials(Request::new(CredentialsRequest { host: host.into() })).await.unwrap().into_inner();
        (answer.username, answer.secret)
    }

    #[tokio::test]
    async fn credentials_are_for_the_registries_of_the_build_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        // "u:p", "x:y", "h:b"
        let text = r#"{"auths":{"r.example:5000":{"auth":"dTpw"},"other.example":{"auth":"eDp5"},
            "https://index.docker.io/v1/":{"auth":"aDpi"}}}"#;
        std::fs::write(&file, text).unwrap();
        let hosts = ["r.example:5000/a/b:1", "debian@sha256:1"].map(host_of).into_iter().collect();
        let auth = Credentialed { files: AuthFiles(vec![file]), hosts };
        assert_eq!(asked(&auth, "r.example:5000").await, ("u".into(), "p".into()));
        assert_eq!(asked(&auth, "registry-1.docker.io").await, ("h".into(), "b".into()));
        assert_eq!(asked(&auth, "other.example").await, (String::new(), String::new()));
    }

    #[tokio::test]
    async fn a_secret_nobody_gave_is_not_there() {
        let secrets = Secretive(BTreeMap::from([("token".to_owned(), Zeroizing::new(b"t".to_vec()))]));
        let ask = |id: &str| secrets.get_secret(Request::new(GetSecretRequest { id: id.into(), ..Default::default() }));
        assert_eq!(ask("token").await.unwrap().into_inner().data, b"t");
        assert_eq!(ask("/etc/shadow").await.unwrap_err().code(), tonic::Code::NotFound);
    }
}
