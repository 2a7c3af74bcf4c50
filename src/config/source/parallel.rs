use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::vec;

/// Maps on all cores that the process may use, the calling thread's among them, and keeps the
/// order. What is neither everything nor much stays on the calling thread: that is a part of a
/// patrol, whose use of the processor is measured.
pub(super) fn map<T: Send, R: Send>(
    items: Vec<T>,
    everything: bool,
    f: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let count = items.len();
    let workers = cores.min(count);
    if workers < 2 || !everything && count < MUCH {
        return items.into_iter().map(f).collect();
    }
    let queue = Queue::new(items, (count / workers / TURNS).clamp(1, MOST));
    let work = || queue.work(&f);
    let mut parts = thread::scope(|scope| {
        let threads: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
        let mut parts = work();
        for thread in threads {
            match thread.join() {
                Ok(others) => parts.extend(others),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        parts
    });
    parts.sort_unstable_by_key(|(number, _)| *number);
    let mut results = Vec::with_capacity(count);
    parts.into_iter().for_each(|(_, part)| results.extend(part));
    results
}

/// Items that are handed out in small parts: a core that is slower, or has something else to do,
/// takes fewer.
struct Queue<T> {
    rest: Mutex<Rest<T>>,
    /// Items that are handed out at a time.
    size: usize,
}

struct Rest<T> {
    items: vec::IntoIter<T>,
    handed_out: usize,
}

impl<T> Queue<T> {
    fn new(items: Vec<T>, size: usize) -> Self {
        let rest = Rest {
            items: items.into_iter(),
            handed_out: 0,
        };
        Self {
            rest: Mutex::new(rest),
            size,
        }
    }

    /// Maps parts until none is left, and returns them by number.
    fn work<R>(&self, f: impl Fn(T) -> R) -> Vec<(usize, Vec<R>)> {
        let parts = std::iter::from_fn(|| self.take());
        let parts = parts.map(|(number, part)| (number, part.into_iter().map(&f).collect()));
        parts.collect()
    }

    fn take(&self) -> Option<(usize, Vec<T>)> {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        let part: Vec<_> = rest.items.by_ref().take(self.size).collect();
        rest.handed_out += 1;
        (!part.is_empty()).then_some((rest.handed_out, part))
    }
}

/// More items than a part of a patrol has, with some that events name.
const MUCH: usize = 512;

/// How often each core takes its next items, at least.
const TURNS: usize = 8;

/// Items that are handed out at a time, at most.
const MOST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order() {
        for count in [0, 1, 2, 31, MUCH - 1, MUCH, MUCH + 1, 2 * MUCH + 7] {
            for everything in [false, true] {
                let items: Vec<usize> = (0..count).collect();
                assert_eq!(map(items.clone(), everything, |item| item), items);
            }
        }
    }

    #[test]
    fn a_panic_is_passed_on() {
        let items: Vec<usize> = (0..1000).collect();
        let mapped = std::panic::catch_unwind(|| map(items, true, |item| assert_ne!(item, 500)));
        assert!(mapped.is_err());
    }
}
