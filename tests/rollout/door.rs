//! A door before a registry, which can be shut while a roll-out is under way: plain TCP, one request a connection.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Who is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lets {
    /// Everybody.
    All,
    /// Whoever only reads; whoever writes hears 403.
    Readers,
    /// Nobody: connections end without an answer.
    Nobody,
}

/// The door. Its threads end with the process.
pub struct Door {
    host: String,
    lets: Arc<AtomicU8>,
}

impl Door {
    /// Before the registry at `behind`.
    pub fn before(behind: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let lets = Arc::new(AtomicU8::new(Lets::All as u8));
        let state = Arc::clone(&lets);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (behind, lets) = (behind.clone(), state.load(Ordering::SeqCst));
                // A client that goes away is its own affair.
                std::thread::spawn(move || drop(answer(stream, &behind, lets)));
            }
        });
        Self { host, lets }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// From now on.
    pub fn lets(&self, lets: Lets) {
        self.lets.store(lets as u8, Ordering::SeqCst);
    }
}

fn answer(mut client: TcpStream, behind: &str, lets: u8) -> std::io::Result<()> {
    let mut head = Vec::new();
    let end = loop {
        // A TLS client's hello is no HTTP.
        if head.first() == Some(&0x16) {
            return Ok(());
        }
        if let Some(at) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        let mut chunk = [0; 4096];
        match client.read(&mut chunk)? {
            0 => return Ok(()),
            length => head.extend_from_slice(&chunk[..length]),
        }
    };
    let is_reading = head.starts_with(b"GET ") || head.starts_with(b"HEAD ");
    if lets == Lets::Nobody as u8 {
        return Ok(());
    }
    if lets == Lets::Readers as u8 && !is_reading {
        let body = r#"{"errors":[{"code":"DENIED","message":"closed today"}]}"#;
        let said =
            format!("HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        client.write_all(said.as_bytes())?;
        client.shutdown(Shutdown::Write)?;
        // What is still sent is read, so that the answer is not lost.
        std::io::copy(&mut client, &mut std::io::sink())?;
        return Ok(());
    }
    let mut server = TcpStream::connect(behind)?;
    server.write_all(&head[..end])?;
    server.write_all(b"\r\nconnection: close")?;
    server.write_all(&head[end..])?;
    let (mut sent, mut onward) = (client.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || std::io::copy(&mut sent, &mut onward));
    std::io::copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Both)
}
