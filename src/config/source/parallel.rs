use std::num::NonZero;
use std::thread;

/// Maps on all cores that the process may use, and keeps the order. A few items are not worth a
/// thread.
pub(super) fn map<T: Send, R: Send>(items: Vec<T>, f: impl Fn(T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    if cores == 1 || items.len() < WORTH_A_THREAD {
        return items.into_iter().map(f).collect();
    }
    let size = items.len().div_ceil(cores);
    let mut rest = items.into_iter();
    let mut results = Vec::with_capacity(rest.len());
    thread::scope(|scope| {
        let mut threads = Vec::new();
        while rest.len() > 0 {
            let chunk: Vec<T> = rest.by_ref().take(size).collect();
            let f = &f;
            threads.push(scope.spawn(move || chunk.into_iter().map(f).collect::<Vec<R>>()));
        }
        for thread in threads {
            match thread.join() {
                Ok(part) => results.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    results
}

/// Starting a thread costs about as much as reading one certificate.
const WORTH_A_THREAD: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order() {
        for count in [0, 1, 15, 16, 17, 1000] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(map(items.clone(), |item| item), items);
        }
    }
}
