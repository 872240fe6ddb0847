//! Hands the arguments to the library and turns its answer into an exit code. Knows nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    bakery::main()
}
