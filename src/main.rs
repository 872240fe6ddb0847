//! Hands the arguments to the library and turns its answer into an exit code. Knows nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    match bakery::adapters::sandbox::take_part() {
        Some(code) => code,
        None => bakery::run(std::env::args_os()),
    }
}
