//! How fast files are looked through for secrets, on what this machine has in `/usr`.
//!
//! `cargo bench --bench secrets` prints one line; nothing here judges.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench touches the world"
)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use bakery::domain::trust::secrets::Scanner;

/// Bytes of text that are enough.
const ENOUGH: usize = 300_000_000;

fn main() {
    // `cargo test --benches` and friends pass flags of their own; only a real `cargo bench` measures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let files = collect(&[Path::new("/usr/share"), Path::new("/usr/lib")]);
    let bytes: usize = files.iter().map(|(_, content)| content.len()).sum();
    let scanner = Scanner::shared();
    let mut seconds: Vec<f64> = (0..5)
        .map(|_| {
            let began = Instant::now();
            let hits: usize = files.iter().map(|(path, content)| scanner.scan(path, content).len()).sum();
            std::hint::black_box(hits);
            began.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    println!("{} files, {} MB of text: {:.2} GB/s", files.len(), bytes / 1_000_000, bytes as f64 / seconds[2] / 1e9);
}

/// Files that are looked through, with their paths in an image.
fn collect(folders: &[&Path]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut ahead: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
    let (mut files, mut bytes) = (Vec::new(), 0);
    while let Some(folder) = ahead.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if kind.is_dir() {
                ahead.push(path);
                continue;
            }
            let size = entry.metadata().map_or(0, |metadata| metadata.len());
            let name = path.strip_prefix("/").unwrap().as_os_str().as_encoded_bytes().to_vec();
            if !kind.is_file() || !Scanner::wants(&name, size) || bytes > ENOUGH {
                continue;
            }
            let content = std::fs::read(&path).unwrap_or_default();
            if !Scanner::is_binary(&content) {
                bytes += content.len();
                files.push((name, content));
            }
        }
    }
    files
}
