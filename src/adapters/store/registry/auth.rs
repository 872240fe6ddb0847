//! Challenges and their answers: Basic, and bearer tokens by password or identity token. Tokens live in memory, one a
//! scope, and are shown nowhere. Source: distribution-spec, and distribution's token authentication specification.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, Response, Url};
use tokio::sync::Mutex as Turn;

use super::client::{Ask, Client, Target};
use super::credential::{AuthFiles, Credential, Credentials};
use super::failure::Fault;
use super::retry::is_transient;
use crate::adapters::clock::Stopwatch;
use crate::domain::oci::parse_strict;

/// Longest token answer read (R-05).
const MAX_TOKEN_BYTES: u64 = 64 << 10;
/// How long a token lives that does not say (token authentication specification).
const DEFAULT_LIFE: Duration = Duration::from_secs(60);

/// What a request needs rights for: `repository:NAME:pull`, sorted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Scope(Vec<String>);

impl Scope {
    pub(super) fn pull(name: &str) -> Self {
        Self(vec![format!("repository:{name}:pull")])
    }

    pub(super) fn push(name: &str) -> Self {
        Self(vec![format!("repository:{name}:pull,push")])
    }

    pub(super) fn delete(name: &str) -> Self {
        Self(vec![format!("repository:{name}:delete,pull,push")])
    }

    pub(super) fn mount(name: &str, from: &str) -> Self {
        Self(vec![format!("repository:{from}:pull"), format!("repository:{name}:pull,push")])
    }

    pub(super) fn catalog() -> Self {
        Self(vec!["registry:catalog:*".into()])
    }

    /// Whether `asked`, `TYPE:NAME:ACTIONS`, is in this already.
    fn covers(&self, asked: &str) -> bool {
        let Some((resource, actions)) = asked.rsplit_once(':') else { return asked.is_empty() };
        self.0.iter().filter_map(|own| own.rsplit_once(':')).any(|(own, granted)| {
            own == resource && actions.split(',').all(|action| granted.split(',').any(|own| own == action))
        })
    }

    /// The repository credentials are looked up for.
    fn repository(&self) -> Option<&str> {
        self.0.last()?.strip_prefix("repository:")?.rsplit_once(':').map(|(name, _)| name)
    }
}

/// What a registry asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Challenge {
    Basic,
    Bearer { realm: Url, service: Option<String>, scope: Option<String> },
}

impl Challenge {
    /// What holds for every request, not only the one that was challenged.
    fn without_scope(self) -> Self {
        match self {
            Self::Basic => Self::Basic,
            Self::Bearer { realm, service, .. } => Self::Bearer { realm, service, scope: None },
        }
    }
}

struct Token {
    header: HeaderValue,
    since: Stopwatch,
    life: Duration,
}

type Slot = Arc<Turn<Option<Token>>>;

/// What is known about getting in.
pub(super) struct Auth {
    credentials: Credentials,
    challenge: Mutex<Option<Challenge>>,
    tokens: Mutex<HashMap<Scope, Slot>>,
}

impl Auth {
    pub(super) fn new(files: AuthFiles, host: &str) -> Self {
        Self { credentials: Credentials::new(files, host), challenge: Mutex::default(), tokens: Mutex::default() }
    }

    /// Whether the registry asked for a password itself, rather than for a token of somebody.
    pub(super) fn is_basic(&self) -> bool {
        matches!(*self.challenge.lock().unwrap_or_else(PoisonError::into_inner), Some(Challenge::Basic))
    }

    fn slot(&self, scope: &Scope) -> Slot {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).entry(scope.clone()).or_default().clone()
    }
}

impl Client {
    /// Authorization to send without being asked, once the registry has asked before.
    pub(super) async fn ready_authorization(&self, scope: &Scope) -> Result<Option<HeaderValue>, Fault> {
        let known = self.auth.challenge.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            None => Ok(None),
            Some(challenge) => self.authorization(&challenge, scope, None).await,
        }
    }

    /// Answers a 401; `refused` is what was sent. `None`: there is nothing better to send.
    pub(super) async fn answer_challenge(
        &self,
        response: &Response,
        scope: &Scope,
        refused: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>, Fault> {
        let Some(challenge) = self.challenge_of(response)? else { return Ok(None) };
        *self.auth.challenge.lock().unwrap_or_else(PoisonError::into_inner) = Some(challenge.clone().without_scope());
        let answer = self.authorization(&challenge, scope, refused).await?;
        Ok(answer.filter(|answer| Some(answer) != refused))
    }

    /// The challenge to answer: a bearer token where offered, else a password. Broken ones count as none (R-01).
    fn challenge_of(&self, response: &Response) -> Result<Option<Challenge>, Fault> {
        let mut basic = None;
        for value in response.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()) {
            for parsed in http_auth::ChallengeParser::new(value).map_while(Result::ok) {
                let parameter = |name: &str| {
                    let found = parsed.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                    found.map(|(_, value)| value.to_unescaped())
                };
                if parsed.scheme.eq_ignore_ascii_case("basic") {
                    basic = Some(Challenge::Basic);
                } else if parsed.scheme.eq_ignore_ascii_case("bearer")
                    && let Some(realm) = parameter("realm")
                {
                    let realm = self.permitted(response.url(), &realm)?;
                    let (service, scope) = (parameter("service"), parameter("scope"));
                    return Ok(Some(Challenge::Bearer { realm, service, scope }));
                }
            }
        }
        Ok(basic)
    }

    async fn authorization(
        &self,
        challenge: &Challenge,
        scope: &Scope,
        refused: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>, Fault> {
        let credential = self.auth.credentials.find(scope.repository(), |warning| self.warn(warning)).await;
        let Challenge::Bearer { realm, service, scope: asked } = challenge else {
            return Ok(match credential {
                Some(Credential::Password { user, password }) => Some(basic(&user, &password)),
                Some(Credential::IdentityToken(_)) | None => None,
            });
        };
        let slot = self.auth.slot(scope);
        // Others who need the same token wait for it instead of asking too.
        let mut slot = slot.lock().await;
        if let Some(token) = &*slot
            && token.since.elapsed() < token.life
            && Some(&token.header) != refused
        {
            return Ok(Some(token.header.clone()));
        }
        let mut scopes = scope.0.clone();
        scopes.extend(
            asked.iter().flat_map(|asked| asked.split(' ')).filter(|asked| !scope.covers(asked)).map(str::to_owned),
        );
        let request = TokenRequest { realm, service: service.as_deref(), scopes: &scopes };
        let token = self.fetch_token(&request, credential.as_ref()).await?;
        let header = token.header.clone();
        *slot = Some(token);
        Ok(Some(header))
    }

    async fn fetch_token(&self, request: &TokenRequest<'_>, credential: Option<&Credential>) -> Result<Token, Fault> {
        let what = format!("a token for {}", request.scopes.join(" "));
        let no_scope = Scope(Vec::new());
        let mut url = request.realm.clone();
        let mut authorization = None;
        let ask = match credential {
            Some(Credential::IdentityToken(secret)) => {
                let form = request.form(secret);
                let ask = Ask::new(Method::POST, Target::Url(url.clone()), no_scope, &what);
                ask.body("application/x-www-form-urlencoded", form)
            }
            other => {
                request.append_to(&mut url);
                if let Some(Credential::Password { user, password }) = other {
                    authorization = Some(basic(user, password));
                }
                Ask::new(Method::GET, Target::Url(url.clone()), no_scope, &what)
            }
        };
        let response = self.follow(&ask, &url, authorization.as_ref()).await?;
        let reply = self.read(response, &what, MAX_TOKEN_BYTES).await?;
        if !reply.status.is_success() {
            let error = self.refusal(&what, &reply);
            return Err(if is_transient(reply.status) {
                Fault::Transient(error, reply.asked_to_wait)
            } else if reply.status == reqwest::StatusCode::NOT_FOUND {
                Fault::Final(self.refused(&what, "404 Not Found"))
            } else {
                Fault::Final(error)
            });
        }
        token_of(&reply.body)
            .ok_or_else(|| Fault::Final(self.hostile("R-05", format!("{what}: answer holds no token"))))
    }
}

struct TokenRequest<'a> {
    realm: &'a Url,
    service: Option<&'a str>,
    scopes: &'a [String],
}

impl TokenRequest<'_> {
    fn append_to(&self, url: &mut Url) {
        let mut query = url.query_pairs_mut();
        if let Some(service) = self.service {
            query.append_pair("service", service);
        }
        for scope in self.scopes {
            query.append_pair("scope", scope);
        }
    }

    /// The refresh-token grant of OAuth 2.
    fn form(&self, secret: &str) -> String {
        let mut carrier = self.realm.clone();
        carrier.set_query(None);
        carrier
            .query_pairs_mut()
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", "bakery")
            .append_pair("service", self.service.unwrap_or(""))
            .append_pair("scope", &self.scopes.join(" "))
            .append_pair("refresh_token", secret);
        carrier.query().unwrap_or("").to_owned()
    }
}

fn basic(user: &str, password: &str) -> HeaderValue {
    let text = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    secret_header(&text).unwrap_or(HeaderValue::from_static("Basic"))
}

fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

fn token_of(body: &[u8]) -> Option<Token> {
    let since = Stopwatch::start();
    let value = parse_strict(body).ok()?;
    let text = |key: &str| value.get(key).and_then(|v| v.as_str()).filter(|text| !text.is_empty());
    let header = secret_header(&format!("Bearer {}", text("token").or_else(|| text("access_token"))?))?;
    let life = value.get("expires_in").and_then(serde_json::Value::as_u64).map_or(DEFAULT_LIFE, Duration::from_secs);
    // Asked for anew a little early; never for longer than an hour.
    let life = life.mul_f64(0.9).clamp(Duration::from_secs(10), Duration::from_secs(3600));
    Some(Token { header, since, life })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_covers_what_asks_for_no_more() {
        let scope = Scope::mount("a/b", "c");
        for asked in ["repository:a/b:push", "repository:a/b:push,pull", "repository:c:pull", ""] {
            assert!(scope.covers(asked), "{asked}");
        }
        for asked in ["repository:c:push", "repository:a:pull", "registry:catalog:*", "odd"] {
            assert!(!scope.covers(asked), "{asked}");
        }
        assert_eq!(scope.repository(), Some("a/b"));
        assert_eq!(Scope::catalog().repository(), None);
    }

    #[test]
    fn r05_answers_without_a_usable_token_are_none() {
        for body in ["null", "{}", "[]", r#"{"token":null}"#, r#"{"token":""}"#, r#"{"token":"a\nb"}"#, "{", ""] {
            assert!(token_of(body.as_bytes()).is_none(), "{body}");
        }
        let token = token_of(br#"{"access_token":"abc","expires_in":99999999999}"#).unwrap();
        assert_eq!(token.header.to_str().unwrap(), "Bearer abc");
        assert_eq!(token.life, Duration::from_secs(3600));
        assert!(token.header.is_sensitive());
    }
}
