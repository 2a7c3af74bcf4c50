//! The `lockgate` program; see the library for all that it does.

use std::io::{Write, stderr};
use std::process::ExitCode;

use clap::Parser;
use lockgate::cli::{self, Args};
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match cli::main(&Args::parse()) {
        Ok(code) => code,
        Err(error) => {
            // Nobody is left to tell when this fails as well.
            let _ = writeln!(stderr(), "lockgate: {error}");
            ExitCode::FAILURE
        }
    }
}
