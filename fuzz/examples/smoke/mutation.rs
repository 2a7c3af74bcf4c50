use crate::random::Random;

/// Makes one input of another: up to eight changes, so that some reach deep and some go wild.
pub(crate) fn mutate(seed: &[u8], seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(8) {
        change(&mut bytes, seeds, random);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let place = random.below(bytes.len());
    match random.below(8) {
        0 => flip(bytes, place, random),
        1 => set(bytes, place, random),
        2 => bytes.insert(place, random.byte()),
        3 => remove(bytes, place, random),
        4 => repeat(bytes, place, random),
        5 => bytes.truncate(place),
        // What belongs together stands in the seeds.
        _ => splice(bytes, place, seeds, random),
    }
}

fn flip(bytes: &mut [u8], place: usize, random: &mut Random) {
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= 1 << random.below(8);
    }
}

fn set(bytes: &mut [u8], place: usize, random: &mut Random) {
    let value = match random.below(4) {
        0 => random.byte(),
        known => TELLING[random.below(TELLING.len()) / known],
    };
    if let Some(byte) = bytes.get_mut(place) {
        *byte = value;
    }
}

fn remove(bytes: &mut Vec<u8>, place: usize, random: &mut Random) {
    let end = place + length(random, bytes.len() - place);
    bytes.drain(place..end);
}

fn repeat(bytes: &mut Vec<u8>, place: usize, random: &mut Random) {
    let end = place + length(random, bytes.len() - place);
    let piece = bytes[place..end].to_vec();
    let to = random.below(bytes.len());
    bytes.splice(to..to, piece);
}

/// Puts a piece of a seed into its place, or before it.
fn splice(bytes: &mut Vec<u8>, place: usize, seeds: &[Vec<u8>], random: &mut Random) {
    let seed = &seeds[random.below(seeds.len())];
    let from = random.below(seed.len());
    let piece = &seed[from..from + length(random, seed.len() - from)];
    let replaced = match random.below(2) {
        0 => 0,
        _ => piece.len().min(bytes.len() - place),
    };
    bytes.splice(place..place + replaced, piece.iter().copied());
}

/// Mostly a few, at times many; never more than there are.
fn length(random: &mut Random, most: usize) -> usize {
    let usual = match random.below(4) {
        0 => most,
        1 => 64,
        _ => 8,
    };
    random.below(usual.min(most) + 1)
}

/// The ends of ranges, and what texts are divided by.
const TELLING: &[u8] = b"\x00\x01\x7f\x80\xff\n\r \"'#%*-./:=[]\\{}09Az";

/// No file of a test is longer, and most of what is wrong shows in short ones.
const LONGEST: usize = 16 * 1024;
