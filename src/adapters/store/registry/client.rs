//! One request to a registry: scheme, authorization, redirects, retries, bounded bodies. Knows no endpoint.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, IF_NONE_MATCH, LOCATION};
use reqwest::{Method, Response, StatusCode, Url};
use tokio::sync::OnceCell;
use tokio_util::bytes::Bytes;

use super::auth::{Auth, Scope};
use super::destination::{Destinations, redacted};
use super::failure::{Fault, MAX_ERROR_BYTES, offers_no_tls, refusal, stalled, unreachable};
use super::known::{Answer, Answers};
use super::retry::{Patience, Retry, is_transient, retry_after};
use super::roots::tls;
use super::store::RegistryOptions;
use crate::adapters::clock::Stopwatch;
use crate::adapters::store::StoreError;
use crate::domain::text::escape;

/// Redirects followed for one request.
const MAX_REDIRECTS: usize = 5;
/// Less than this within the idle time is a stall.
const MIN_PROGRESS: usize = 16 << 10;
/// Slowest acceptable sending, bytes a second.
const MIN_SENDING: u64 = 16 << 10;
/// Warnings kept, and the longest one.
const MAX_WARNINGS: usize = 32;
const MAX_WARNING_BYTES: usize = 4096;

/// The transport to one registry. Cheap to share; holds no lock while a request is under way.
pub(super) struct Client {
    http: reqwest::Client,
    store: String,
    host: String,
    loopback: bool,
    plain_http: bool,
    base: OnceCell<Url>,
    warnings: Mutex<BTreeSet<String>>,
    pub(super) destinations: Destinations,
    pub(super) auth: Auth,
    pub(super) patience: Patience,
    pub(super) answers: Answers,
    /// Since when it has asked to be left alone, and for how long.
    quiet: Mutex<Option<(Stopwatch, Duration)>>,
}

/// Where a request goes.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// Below `/v2/`.
    Api(String),
    /// A place the registry named, already permitted.
    Url(Url),
}

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) target: Target,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) scope: Scope,
    /// For messages: what is asked about.
    pub(super) what: String,
    /// Whether sending it twice is as good as once.
    pub(super) repeatable: bool,
}

impl Ask {
    pub(super) fn new(method: Method, target: Target, scope: Scope, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { method, target, headers: HeaderMap::new(), body: Bytes::new(), scope, what, repeatable: true }
    }

    pub(super) fn get(path: impl Into<String>, scope: Scope, what: impl Into<String>) -> Self {
        Self::new(Method::GET, Target::Api(path.into()), scope, what)
    }

    pub(super) fn head(path: impl Into<String>, scope: Scope, what: impl Into<String>) -> Self {
        Self::new(Method::HEAD, Target::Api(path.into()), scope, what)
    }

    pub(super) fn header(mut self, name: reqwest::header::HeaderName, value: &str) -> Self {
        // A value that is no header value comes from a digest or media type, which are checked before.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    pub(super) fn body(mut self, content_type: &str, bytes: impl Into<Bytes>) -> Self {
        self.body = bytes.into();
        self.header(CONTENT_TYPE, content_type)
    }

    /// A request that must not be sent twice.
    pub(super) fn once(self) -> Self {
        Self { repeatable: false, ..self }
    }
}

/// A whole, bounded answer.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) url: Url,
    pub(super) body: Vec<u8>,
    pub(super) asked_to_wait: Option<Duration>,
}

impl Reply {
    /// A header as text.
    pub(super) fn header(&self, name: impl reqwest::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Client {
    pub(super) fn open(options: RegistryOptions, store: String) -> Result<Arc<Self>, StoreError> {
        let host = match options.host.as_str() {
            "docker.io" | "index.docker.io" => "registry-1.docker.io".to_owned(),
            host => host.to_owned(),
        };
        let loopback = options.host.is_loopback();
        let name = host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(&*host, |(name, _)| name);
        let destinations = Destinations::of(name, loopback);
        let tls = tls().map_err(|error| StoreError::Unreachable { store: store.clone(), source: error.into() })?;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("bakery/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(options.patience.idle.min(Duration::from_secs(20)))
            .referer(false)
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(destinations.clone()));
        if loopback {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| unreachable(&store, error).into_error())?;
        Ok(Arc::new(Self {
            http,
            store,
            loopback,
            plain_http: options.plain_http,
            base: OnceCell::new(),
            warnings: Mutex::default(),
            destinations,
            auth: Auth::new(options.auth_files, options.host.as_str()),
            patience: options.patience,
            answers: Answers::default(),
            quiet: Mutex::default(),
            host,
        }))
    }

    /// What the store is called in messages.
    pub(super) fn store(&self) -> &str {
        &self.store
    }

    /// What the registry warned of so far.
    pub(super) fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub(super) fn warn(&self, text: &str) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if warnings.len() < MAX_WARNINGS {
            warnings.insert(escape(text));
        }
    }

    pub(super) fn hostile(&self, family: &'static str, detail: impl Into<String>) -> StoreError {
        StoreError::Hostile { store: self.store.clone(), family, detail: detail.into() }
    }

    pub(super) fn refused(&self, action: &str, reason: impl Into<String>) -> StoreError {
        StoreError::Refused { store: self.store.clone(), action: action.to_owned(), reason: reason.into() }
    }

    pub(super) fn refusal(&self, what: &str, reply: &Reply) -> StoreError {
        refusal(&self.store, what, reply)
    }

    /// Sends, retrying what may pass; a success is read whole, at most `limit` bytes, else a bounded piece is.
    pub(super) async fn exchange(&self, ask: &Ask, limit: u64) -> Result<Reply, StoreError> {
        let mut retry = Retry::new(self.patience);
        loop {
            let fault = match self.attempt(ask).await {
                Ok(response) => match self.read(response, &ask.what, limit).await {
                    Ok(reply) if ask.repeatable && is_transient(reply.status) => {
                        match retry.pause(reply.asked_to_wait) {
                            Some(pause) => tokio::time::sleep(pause).await,
                            None => return Ok(reply),
                        }
                        continue;
                    }
                    Ok(reply) => return Ok(reply),
                    Err(fault) => fault,
                },
                Err(fault) => fault,
            };
            self.pause_or_give_up(&mut retry, fault, ask.repeatable).await?;
        }
    }

    /// As [`Self::exchange`], for a page of a list: where the registry said by what it is known, and that still holds, the page
    /// as it was.
    pub(super) async fn exchange_page(&self, ask: &Ask, limit: u64) -> Result<Reply, StoreError> {
        let question = match &ask.target {
            Target::Api(path) => path.clone(),
            Target::Url(url) => url.to_string(),
        };
        let Some((validator, Answer::Page(body, links))) = self.answers.of(&question) else {
            let reply = self.exchange(ask, limit).await?;
            if reply.status.is_success() {
                self.answers.keep_page(&question, &reply);
            }
            return Ok(reply);
        };
        let reply = self.exchange(&ask.clone().header(IF_NONE_MATCH, &validator), limit).await?;
        if reply.status == StatusCode::NOT_MODIFIED {
            return Ok(Reply { status: StatusCode::OK, headers: links, body, ..reply });
        }
        if reply.status.is_success() {
            self.answers.keep_page(&question, &reply);
        }
        Ok(reply)
    }

    /// How long the registry wants to be left alone from now on, where it has said so.
    pub(super) fn quiet(&self) -> Option<Duration> {
        let quiet = *self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, asked) = quiet?;
        asked.checked_sub(since.elapsed()).filter(|left| !left.is_zero())
    }

    /// As [`Self::exchange`], but hands a success on unread.
    pub(super) async fn open_body(&self, ask: &Ask, retry: &mut Retry) -> Result<Response, StoreError> {
        loop {
            let fault = match self.attempt(ask).await {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) => match self.read(response, &ask.what, MAX_ERROR_BYTES).await {
                    Ok(reply) => {
                        let error = self.refusal(&ask.what, &reply);
                        match is_transient(reply.status) {
                            true => Fault::Transient(error, reply.asked_to_wait),
                            false => return Err(error),
                        }
                    }
                    Err(fault) => fault,
                },
                Err(fault) => fault,
            };
            self.pause_or_give_up(retry, fault, true).await?;
        }
    }

    /// Waits for the next try, or says that there is none.
    pub(super) async fn pause_or_give_up(
        &self,
        retry: &mut Retry,
        fault: Fault,
        repeatable: bool,
    ) -> Result<(), StoreError> {
        match fault {
            Fault::Transient(error, asked) if repeatable => match retry.pause(asked) {
                Some(pause) => {
                    tokio::time::sleep(pause).await;
                    Ok(())
                }
                None => Err(error),
            },
            fault => Err(fault.into_error()),
        }
    }

    /// One try: at most one answer to a challenge.
    async fn attempt(&self, ask: &Ask) -> Result<Response, Fault> {
        let base = self.base().await?;
        let url = match &ask.target {
            Target::Api(path) => {
                base.join(path).map_err(|error| self.refused(&ask.what, format!("{}: {error}", escape(path))))?
            }
            Target::Url(url) => url.clone(),
        };
        let at_home = url.origin() == base.origin();
        let ready = if at_home { self.ready_authorization(&ask.scope).await? } else { None };
        let response = self.follow(ask, &url, ready.as_ref()).await?;
        if response.status() != StatusCode::UNAUTHORIZED || response.url().origin() != base.origin() {
            return Ok(response);
        }
        match self.answer_challenge(&response, &ask.scope, ready.as_ref()).await? {
            Some(authorization) => self.follow(ask, &url, Some(&authorization)).await,
            None => Ok(response),
        }
    }

    /// Sends `ask` to `url` and follows redirects the rules permit; `authorization` never leaves the first origin.
    pub(super) async fn follow(
        &self,
        ask: &Ask,
        url: &Url,
        authorization: Option<&HeaderValue>,
    ) -> Result<Response, Fault> {
        let (mut url, mut authorization) = (url.clone(), authorization);
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send(ask, &url, authorization).await?;
            let status = response.status();
            let reads = matches!(ask.method, Method::GET | Method::HEAD);
            let redirects = match status.as_u16() {
                301..=303 => reads,
                307 | 308 => true,
                _ => false,
            };
            if !redirects {
                return Ok(response);
            }
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let next = self.permitted(&url, location.unwrap_or(""))?;
            if next.origin() != url.origin() {
                authorization = None;
            }
            url = next;
        }
        Err(self.hostile("R-04", format!("{}: more than {MAX_REDIRECTS} redirects", ask.what)).into())
    }

    /// The place `location` names, seen from `from`; refused where the rules say so.
    pub(super) fn permitted(&self, from: &Url, location: &str) -> Result<Url, StoreError> {
        if location.is_empty() {
            return Err(self.hostile("R-04", format!("{}: sends elsewhere, but not where", redacted(from))));
        }
        let next = from.join(location).map_err(|error| {
            let shown: String = escape(location).chars().take(120).collect();
            self.hostile("R-04", format!("sends to {shown:?}: {error}"))
        })?;
        match self.destinations.permit(from, &next) {
            Ok(()) => Ok(next),
            Err(reason) => Err(self.hostile("R-04", format!("may not send to {reason}"))),
        }
    }

    async fn send(&self, ask: &Ask, url: &Url, authorization: Option<&HeaderValue>) -> Result<Response, Fault> {
        let mut request = self
            .http
            .request(ask.method.clone(), url.clone())
            .headers(ask.headers.clone())
            .header(ACCEPT_ENCODING, "identity");
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        if !matches!(ask.method, Method::GET | Method::HEAD | Method::DELETE) {
            request = request.body(ask.body.clone());
        }
        let sending = Duration::from_secs(ask.body.len() as u64 / MIN_SENDING);
        let response = match tokio::time::timeout(self.patience.idle + sending, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(unreachable(&self.store, error)),
            Err(_) => return Err(stalled(&self.store, self.patience.idle)),
        };
        for value in response.headers().get_all("warning").iter().take(MAX_WARNINGS) {
            if let Some(text) = warning_text(value) {
                self.warn(&text);
            }
        }
        Ok(response)
    }

    /// `scheme://host/v2/`, found out once: TLS, unless plain HTTP is asked for, or this is a loopback registry that
    /// offers no TLS at all.
    async fn base(&self) -> Result<&Url, Fault> {
        let url = |scheme: &str| {
            format!("{scheme}://{}/v2/", self.host)
                .parse::<Url>()
                .map_err(|error| Fault::Final(self.refused("connection", error.to_string())))
        };
        let probe = async || {
            let (https, http) = (url("https")?, url("http")?);
            if self.plain_http {
                return Ok(http);
            }
            if !self.loopback {
                return Ok(https);
            }
            let answers = async |url: &Url| {
                let sent = self.http.get(url.clone()).send();
                tokio::time::timeout(self.patience.idle, sent)
                    .await
                    .map_err(|_| stalled(&self.store, self.patience.idle))
            };
            let error = match answers(&https).await? {
                Ok(_) => return Ok(https),
                Err(error) => error,
            };
            if offers_no_tls(&error)
                && let Ok(response) = answers(&http).await?
                // What a TLS server says to plain HTTP.
                && response.status() != StatusCode::BAD_REQUEST
            {
                return Ok(http);
            }
            Err(unreachable(&self.store, error))
        };
        self.base.get_or_try_init(probe).await
    }

    /// Reads an answer whole: at most `limit` bytes of a success; of a failure what fits.
    pub(super) async fn read(&self, response: Response, what: &str, limit: u64) -> Result<Reply, Fault> {
        let (status, headers, url) = (response.status(), response.headers().clone(), response.url().clone());
        let asked_to_wait = retry_after(&headers, SystemTime::now());
        if let Some(asked) = asked_to_wait.filter(|_| is_transient(status)) {
            *self.quiet.lock().unwrap_or_else(PoisonError::into_inner) = Some((Stopwatch::start(), asked));
        }
        let succeeded = status.is_success();
        let limit = if succeeded { limit } else { MAX_ERROR_BYTES };
        let too_long = || Fault::Final(self.hostile("R-05", format!("{what}: answer of more than {limit} bytes")));
        if succeeded && response.content_length().is_some_and(|length| length > limit) {
            return Err(too_long());
        }
        let mut body = Vec::new();
        let mut incoming = Incoming::new(response, self);
        while let Some(bytes) = incoming.chunk().await? {
            if (body.len() + bytes.len()) as u64 > limit {
                if succeeded {
                    return Err(too_long());
                }
                break;
            }
            body.extend_from_slice(&bytes);
        }
        Ok(Reply { status, headers, url, body, asked_to_wait })
    }
}

/// `299 - "text"`: the text, where it is short enough (distribution-spec, warnings).
fn warning_text(value: &HeaderValue) -> Option<String> {
    if value.len() > MAX_WARNING_BYTES {
        return None;
    }
    let text = String::from_utf8_lossy(value.as_bytes());
    let (_, quoted) = text.strip_prefix("299")?.split_once('"')?;
    Some(quoted.strip_suffix('"').unwrap_or(quoted).to_owned())
}

/// A body as it comes in; fails when too little comes.
pub(super) struct Incoming {
    response: Response,
    store: String,
    idle: Duration,
    waited: Duration,
    gained: usize,
}

impl Incoming {
    pub(super) fn new(response: Response, client: &Client) -> Self {
        let (store, idle) = (client.store.clone(), client.patience.idle);
        Self { response, store, idle, waited: Duration::ZERO, gained: 0 }
    }

    /// The next bytes; only time spent waiting for them counts, not what the reader does between.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        let since = Stopwatch::start();
        let left = self.idle.saturating_sub(self.waited);
        let chunk = match tokio::time::timeout(left, self.response.chunk()).await {
            Ok(Ok(chunk)) => chunk,
            Ok(Err(error)) => return Err(unreachable(&self.store, error)),
            Err(_) => return Err(stalled(&self.store, self.idle)),
        };
        self.waited += since.elapsed();
        self.gained += chunk.as_ref().map_or(0, Bytes::len);
        if self.gained >= MIN_PROGRESS {
            (self.waited, self.gained) = (Duration::ZERO, 0);
        }
        Ok(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r11_warnings_are_read_only_in_the_form_of_the_specification() {
        let text = |value: &str| warning_text(&HeaderValue::from_str(value).unwrap());
        assert_eq!(text("299 - \"old soon\"").as_deref(), Some("old soon"));
        assert_eq!(text("199 - \"no\""), None);
        assert_eq!(text(&format!("299 - \"{}\"", "x".repeat(5000))), None);
    }
}
