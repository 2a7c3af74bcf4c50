use std::panic::resume_unwind;
use std::thread::{self, Builder};

/// Takes a step that waits for the disk for all at the same time: a journal brings to the disk in
/// one go what waits for it together. In the order of the items.
pub fn together<T: Sync, R: Send>(items: &[T], step: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let work = &|share: &[T]| share.iter().map(&step).collect::<Vec<_>>();
    if items.len() < 2 {
        return work(items);
    }
    let shares = items.chunks(items.len().div_ceil(THREADS));
    thread::scope(|scope| {
        let spawn = |share| Builder::new().spawn_scoped(scope, move || work(share));
        let threads: Vec<_> = shares.map(|share| (share, spawn(share))).collect();
        let results = threads
            .into_iter()
            .flat_map(|(share, thread)| match thread {
                Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                // Without threads it only takes longer.
                Err(_) => work(share),
            });
        results.collect()
    })
}

/// More make it no faster; they sleep nearly all the time.
const THREADS: usize = 16;

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind};

    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for count in [0, 1, 2, 15, 16, 17, 100] {
            let items: Vec<usize> = (0..count).collect();
            let results = together(&items, |item| match item % 3 {
                0 => Err(io::Error::from(ErrorKind::Other)),
                _ => Ok(()),
            });
            let failed = results.iter().map(Result::is_err);
            assert!(failed.eq(items.iter().map(|item| item % 3 == 0)), "{count}");
        }
    }
}
