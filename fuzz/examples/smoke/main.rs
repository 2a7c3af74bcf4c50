//! The smoke run of the fuzz targets: each takes the inputs of its corpus, and then as many that
//! are made of them by chance, the same ones in each run. It needs stable Rust and nothing else,
//! and knows nothing of coverage: it shows that the targets work and that what they assert holds
//! near the corpus. cargo-fuzz is what searches.
//!
//! ```text
//! smoke                   all targets
//! smoke TARGET            one
//! smoke TARGET FILE…      one, with the inputs in these files alone
//! ```

#![forbid(unsafe_code)]

mod mutation;
mod random;

use std::fs;
use std::io;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use lockgate_fuzz::{TARGETS, Target};
use random::Random;

fn main() -> io::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let wanted = arguments.next();
    let files: Vec<_> = arguments.map(PathBuf::from).collect();
    let is_wanted = |target: &Target| wanted.as_deref().is_none_or(|it| it == target.name);
    let targets: Vec<_> = TARGETS.into_iter().filter(is_wanted).collect();
    if targets.is_empty() {
        println!("the targets are: {}", TARGETS.map(|it| it.name).join(", "));
        return Ok(ExitCode::FAILURE);
    }
    let sound = match files.is_empty() {
        true => run_all(&targets)?,
        false => run_files(&targets, &files)?,
    };
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Each target on a thread of its own. Whether all went well.
fn run_all(targets: &[Target]) -> io::Result<bool> {
    thread::scope(|scope| {
        let runs = targets.iter().map(|target| scope.spawn(|| run(target)));
        let runs: Vec<_> = runs.collect();
        let mut sound = true;
        for run in runs {
            sound &= run.join().expect("what a target panics with is caught")?;
        }
        Ok(sound)
    })
}

/// The corpus, and what is made of it, up to the first input that fails.
fn run(target: &Target) -> io::Result<bool> {
    let seeds = corpus(target)?;
    let mut random = Random::new(0);
    let made = (0..target.smoke_inputs).map(|_| {
        let seed = &seeds[random.below(seeds.len())];
        mutation::mutate(seed, &seeds, &mut random)
    });
    let mut tried = 0;
    for input in seeds.iter().cloned().chain(made) {
        if !holds(target, &input) {
            report(target, &input)?;
            return Ok(false);
        }
        tried += 1;
    }
    let (name, seeds) = (target.name, seeds.len());
    println!("{name}: {tried} inputs, {seeds} of them the corpus");
    Ok(true)
}

fn run_files(targets: &[Target], files: &[PathBuf]) -> io::Result<bool> {
    let mut sound = true;
    for (target, file) in targets
        .iter()
        .flat_map(|it| files.iter().map(move |file| (it, file)))
    {
        let holds = holds(target, &fs::read(file)?);
        let verdict = if holds { "holds" } else { "FAILED" };
        println!("{}: {} {verdict}", target.name, file.display());
        sound &= holds;
    }
    Ok(sound)
}

/// The panic itself tells on stderr what did not hold.
fn holds(target: &Target, input: &[u8]) -> bool {
    catch_unwind(|| (target.run)(input)).is_ok()
}

/// The inputs of the target's corpus, by their names.
fn corpus(target: &Target) -> io::Result<Vec<Vec<u8>>> {
    let directory = here().join("corpus").join(target.name);
    let entries = fs::read_dir(directory)?;
    let paths = entries.map(|entry| Ok(entry?.path()));
    let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
    paths.sort_unstable();
    let seeds = paths.iter().map(fs::read).collect::<io::Result<Vec<_>>>()?;
    match seeds.is_empty() {
        true => Err(io::ErrorKind::NotFound.into()),
        false => Ok(seeds),
    }
}

/// Keeps the input where cargo-fuzz keeps its own.
fn report(target: &Target, input: &[u8]) -> io::Result<()> {
    let directory = here().join("artifacts").join(target.name);
    fs::create_dir_all(&directory)?;
    let file = directory.join("smoke");
    fs::write(&file, input)?;
    println!("{}: FAILED with the input {}", target.name, file.display());
    Ok(())
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
