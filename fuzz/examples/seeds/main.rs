//! Makes the part of the corpus anew that is no text of hand: `cargo run --example seeds
//! --no-default-features`. What is made has other keys and random values each time.

#![forbid(unsafe_code)]

mod hello;
mod material;
mod pem;
mod sealed;

use std::fs;
use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    write("pem", pem::seeds())?;
    write("chain", pem::chains())?;
    write("client_hello", hello::seeds())?;
    write("ticket_key", sealed::keys())?;
    write("state", sealed::records())
}

/// An input, and the name of its file.
type Seed = (&'static str, Vec<u8>);

fn write(target: &str, seeds: Vec<Seed>) -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let directory = corpus.join(target);
    fs::create_dir_all(&directory)?;
    for (name, bytes) in seeds {
        fs::write(directory.join(name), bytes)?;
    }
    Ok(())
}
