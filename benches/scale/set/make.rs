use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::{Authority, Locations, Set, certificate, domain};
use crate::progress::say;

/// Writes the domains' tables.
pub(super) fn domains(set: &Set) -> anyhow::Result<()> {
    let directory = set.config().join("domains");
    fs::create_dir_all(&directory)?;
    for (number, indices) in chunks(set.count, DOMAINS_PER_FILE).enumerate() {
        let mut text = String::new();
        for index in indices {
            let (domain, certificate) = (domain(index), certificate(index));
            write!(
                text,
                "[[domain]]\nname = \"{domain}\"\norigins = [\"demo:\"]\ncertificate = \"{certificate}\"\n\n"
            )?;
        }
        fs::write(directory.join(format!("{number:04}.toml")), text)?;
    }
    Ok(())
}

/// Issues and writes the certificates, on as many threads as the runtime has for what blocks. When
/// the future is dropped, only what runs already is finished.
pub(super) async fn certificates(set: &Set) -> anyhow::Result<()> {
    let mut parts = JoinSet::new();
    for indices in chunks(set.count, PART) {
        let authority = Arc::clone(&set.authority);
        let locations = set.locations();
        parts.spawn_blocking(move || part(&authority, indices, &locations));
    }
    let (mut made, mut said) = (0, 0);
    while let Some(part) = parts.join_next().await {
        made += part??;
        if made == set.count || made - said >= SAY_EVERY {
            say(&format!("made {made} of {} certificates", set.count));
            said = made;
        }
    }
    Ok(())
}

fn part(authority: &Authority, indices: Range<u32>, locations: &Locations) -> anyhow::Result<u32> {
    let count = indices.end - indices.start;
    for index in indices {
        let location = locations.of(index);
        let fresh = authority.issue(index)?;
        fs::create_dir_all(location.directory())?;
        fs::write(location.chain(), fresh.chain)?;
        fs::write(location.key(), fresh.key)?;
    }
    Ok(count)
}

fn chunks(count: u32, size: u32) -> impl Iterator<Item = Range<u32>> {
    let starts = (0..count).step_by(size as usize);
    starts.map(move |start| start..count.min(start + size))
}

const DOMAINS_PER_FILE: u32 = 1000;

/// A part takes some 50 ms.
const PART: u32 = 250;

const SAY_EVERY: u32 = 10_000;
