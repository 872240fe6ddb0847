//! The seam to a registry that misbehaves on purpose: plain TCP, a few lines of HTTP/1.1, one scripted answer a request.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Heard {
    /// `GET`, …
    pub method: String,
    /// Path and query.
    pub path: String,
    /// By lowercase name.
    pub headers: BTreeMap<String, String>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Heard {
    /// Whether this is `method` on a path that begins with `path`.
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path.starts_with(path)
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// What comes after the headers.
#[derive(Clone, Debug)]
pub enum Tail {
    /// Everything, then the end.
    All,
    /// Everything, then silence for ever.
    Stall,
    /// One byte at a time, this far apart.
    Drip(Duration),
    /// No answer at all: the connection ends.
    HangUp,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Say {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    length: Option<u64>,
    tail: Tail,
}

impl Say {
    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), length: None, tail: Tail::All }
    }

    /// 200 with a body.
    pub fn body(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::status(200) }
    }

    /// The connection ends without an answer.
    pub fn hang_up() -> Self {
        Self { tail: Tail::HangUp, ..Self::status(200) }
    }

    /// Its status.
    pub fn code(&self) -> u16 {
        self.status
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With a body of its own.
    pub fn with_body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// Announcing another length than the body has.
    pub fn announcing(self, length: u64) -> Self {
        Self { length: Some(length), ..self }
    }

    /// Ending otherwise.
    pub fn tail(self, tail: Tail) -> Self {
        Self { tail, ..self }
    }
}

/// The registry; everything ends with its owner.
pub struct FaultyRegistry {
    host: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    _serving: JoinSet<()>,
}

impl FaultyRegistry {
    /// Listens on loopback; `script` answers request number N (from 0).
    pub async fn start(script: impl Fn(usize, &Heard) -> Say + Send + Sync + 'static) -> Self {
        Self::start_at([127, 0, 0, 1].into(), script).await
    }

    /// Listens on another address of this machine.
    pub async fn start_at(address: IpAddr, script: impl Fn(usize, &Heard) -> Say + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (script, log) = (Arc::new(script), heard.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (script, log) = (script.clone(), log.clone());
                connections.spawn(async move {
                    // A client that goes away is its own affair.
                    let _ = serve(stream, &*script, &log).await;
                });
            }
        });
        Self { host, heard, _serving: serving }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.host.clone()
    }

    /// `http://127.0.0.1:PORT` and `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    /// Everything asked so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    script: &(dyn Fn(usize, &Heard) -> Say + Send + Sync),
    log: &Mutex<Vec<Heard>>,
) -> std::io::Result<()> {
    let Some(heard) = read_request(&mut stream).await? else { return Ok(()) };
    let number = {
        let mut log = log.lock().unwrap();
        log.push(heard.clone());
        log.len() - 1
    };
    let say = script(number, &heard);
    if matches!(say.tail, Tail::HangUp) {
        return Ok(());
    }
    let mut head = format!("HTTP/1.1 {} Scripted\r\nconnection: close\r\n", say.status);
    let chunked = say.headers.iter().any(|(name, _)| name == "transfer-encoding");
    if !chunked {
        head.push_str(&format!("content-length: {}\r\n", say.length.unwrap_or(say.body.len() as u64)));
    }
    for (name, value) in &say.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await?;
    if heard.method == "HEAD" {
        return Ok(());
    }
    match say.tail {
        Tail::Drip(pause) => {
            for byte in &say.body {
                stream.write_all(std::slice::from_ref(byte)).await?;
                tokio::time::sleep(pause).await;
            }
        }
        _ => stream.write_all(&say.body).await?,
    }
    stream.flush().await?;
    if matches!(say.tail, Tail::Stall) {
        // Until the client gives up.
        stream.read_to_end(&mut Vec::new()).await?;
    }
    stream.shutdown().await
}

/// `None` for what is no HTTP: a TLS client's hello.
async fn read_request(stream: &mut TcpStream) -> std::io::Result<Option<Heard>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if bytes.first() == Some(&0x16) || stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or("").split(' ');
    let (method, path) = (first.next().unwrap_or("").to_owned(), first.next().unwrap_or("").to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = bytes.split_off(end);
    while body.len() < length {
        if stream.read_buf(&mut body).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(Heard { method, path, headers, body }))
}
