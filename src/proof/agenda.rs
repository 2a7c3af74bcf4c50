use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::Pattern;

/// Which domain is to be asked when. It knows the time only by what it is told.
#[derive(Debug)]
pub(super) struct Agenda {
    retries: Retries,
    items: HashMap<Pattern, Item>,
    due: BTreeSet<(Instant, Pattern)>,
    /// How many changed domains were not asked even once.
    fresh: usize,
}

/// How long to wait before a domain is asked again that did not agree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retries {
    /// Before it counts: a publish may just have been on its way.
    pub(super) first: [Duration; 3],
    /// From then on.
    pub(super) then: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Item {
    /// How often it was asked in vain since it changed.
    asked: usize,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Due(Instant),
    Asking {
        /// It changed meanwhile.
        changed: bool,
    },
}

impl Agenda {
    pub(super) fn new(retries: Retries) -> Self {
        Self {
            retries,
            items: HashMap::new(),
            due: BTreeSet::new(),
            fresh: 0,
        }
    }

    /// Whether more changed domains can be taken: what waits here is asked for once, however often
    /// it changes; what waits in the queue is bounded there.
    pub(super) fn has_room(&self) -> bool {
        self.fresh < ROOM
    }

    /// A domain changed: it is to be asked as soon as possible.
    pub(super) fn changed(&mut self, domain: Pattern, now: Instant) {
        match self.items.get_mut(&domain) {
            Some(Item {
                state: State::Asking { changed },
                ..
            }) => *changed = true,
            Some(Item {
                asked: 0,
                state: State::Due(_),
            }) => {}
            _ => self.plan(domain, 0, now),
        }
    }

    /// The domain to ask now.
    pub(super) fn next(&mut self, now: Instant) -> Option<Pattern> {
        if self.next_due()? > now {
            return None;
        }
        let (_, domain) = self.due.pop_first()?;
        let item = self.items.get_mut(&domain)?;
        if item.asked == 0 {
            self.fresh -= 1;
        }
        item.state = State::Asking { changed: false };
        Some(domain)
    }

    /// When there is something to do.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(instant, _)| *instant)
    }

    /// A domain was asked. Returns whether that counts, or may be over in a moment.
    pub(super) fn settle(&mut self, domain: &Pattern, agrees: bool, now: Instant) -> bool {
        let Some(item) = self.items.remove(domain) else {
            return agrees;
        };
        let asked = item.asked + 1;
        if let State::Asking { changed: true } = item.state {
            self.plan(domain.clone(), 0, now);
            return agrees;
        }
        if agrees {
            return true;
        }
        let wait = self.retries.first.get(item.asked).copied();
        let next = now + wait.unwrap_or(self.retries.then);
        self.plan(domain.clone(), asked, next);
        wait.is_none()
    }

    /// A domain is gone.
    pub(super) fn forget(&mut self, domain: &Pattern) {
        self.take(domain);
    }

    fn plan(&mut self, domain: Pattern, asked: usize, instant: Instant) {
        self.take(&domain);
        let state = State::Due(instant);
        self.items.insert(domain.clone(), Item { asked, state });
        self.due.insert((instant, domain));
        if asked == 0 {
            self.fresh += 1;
        }
    }

    fn take(&mut self, domain: &Pattern) {
        let Some(item) = self.items.remove(domain) else {
            return;
        };
        if let State::Due(instant) = item.state {
            self.due.remove(&(instant, domain.clone()));
            if item.asked == 0 {
                self.fresh -= 1;
            }
        }
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            first: [
                Duration::from_millis(250),
                Duration::from_secs(1),
                Duration::from_secs(4),
            ],
            then: Duration::from_secs(60),
        }
    }
}

/// As many as one publish asks for.
const ROOM: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    /// An agenda and its time.
    struct Bench {
        agenda: Agenda,
        start: Instant,
        now: Instant,
    }

    impl Bench {
        fn new() -> Self {
            let now = Instant::now();
            Self {
                agenda: Agenda::new(Retries::default()),
                start: now,
                now,
            }
        }

        fn changed(&mut self, name: &str) {
            self.agenda.changed(name.parse().unwrap(), self.now);
        }

        fn next(&mut self) -> Option<String> {
            self.agenda.next(self.now).map(|domain| domain.to_string())
        }

        /// Asks as soon as somebody is due, and takes this answer down: when, and whether it counts.
        fn ask(&mut self, agrees: bool) -> (u128, bool) {
            self.now = self.agenda.next_due().unwrap();
            let domain = self.agenda.next(self.now).unwrap();
            let counts = self.agenda.settle(&domain, agrees, self.now);
            ((self.now - self.start).as_millis(), counts)
        }
    }

    #[test]
    fn what_does_not_agree_is_asked_again_before_it_counts() {
        let mut bench = Bench::new();
        bench.changed("a.example.com");
        let asked: Vec<_> = (0..6).map(|_| bench.ask(false)).collect();
        let expected = [
            (0, false),
            (250, false),
            (1_250, false),
            (5_250, true),
            (65_250, true),
            (125_250, true),
        ];
        assert_eq!(asked, expected);
        assert_eq!(bench.ask(true), (185_250, true));
        assert_eq!(bench.agenda.next_due(), None);
    }

    #[test]
    fn a_domain_that_changes_often_is_asked_once() {
        let mut bench = Bench::new();
        for _ in 0..3 {
            bench.changed("a.example.com");
        }
        assert_eq!(bench.next().as_deref(), Some("a.example.com"));
        assert_eq!(bench.next(), None);
    }

    #[test]
    fn a_change_while_it_is_asked_means_to_ask_anew() {
        let mut bench = Bench::new();
        let domain = "a.example.com".parse().unwrap();
        bench.changed("a.example.com");
        bench.next();
        bench.changed("a.example.com");
        assert!(!bench.agenda.settle(&domain, false, bench.now));
        assert_eq!(bench.ask(true), (0, true));
    }

    #[test]
    fn a_change_ends_the_wait_of_a_domain_that_differs() {
        let mut bench = Bench::new();
        bench.changed("a.example.com");
        for _ in 0..4 {
            bench.ask(false);
        }
        bench.changed("a.example.com");
        assert_eq!(bench.ask(true), (5_250, true));
        assert_eq!(bench.agenda.next_due(), None);
    }

    #[test]
    fn a_bounded_number_waits_for_the_first_question() {
        let mut bench = Bench::new();
        for number in 0..ROOM {
            assert!(bench.agenda.has_room());
            bench.changed(&format!("d{number}.example.com"));
        }
        assert!(!bench.agenda.has_room());
        bench.ask(false);
        assert!(bench.agenda.has_room(), "those asked once do not count");
        bench.changed("d0.example.com");
        bench.agenda.forget(&"d0.example.com".parse().unwrap());
        assert!(bench.agenda.has_room());
        while bench.next().is_some() {}
        assert_eq!(bench.agenda.fresh, 0);
    }
}
