use std::collections::BTreeSet;

use super::name::Name;
use super::validity::{Timestamp, Validity};

/// The certificates in use, the one that expires first in front.
pub type ExpiryIndex = BTreeSet<(Timestamp, Name)>;

/// So many days are left of a certificate, or fewer; 0 when it has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Threshold {
    days: i64,
}

/// A certificate that crossed a threshold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The certificate.
    pub name: Name,
    /// Its validity.
    pub validity: Validity,
    /// The threshold.
    pub threshold: Threshold,
}

/// Tells which certificates come near their end, each threshold once.
///
/// When the clock steps back by a day or less, nothing is told until it is past the latest look
/// again. When it steps back further, it was wrong before: the looks begin anew at the new time,
/// and what is crossed from there on is told, maybe for the second time.
#[derive(Debug, Default)]
pub struct ExpiryWatch {
    latest: Option<Timestamp>,
}

impl ExpiryWatch {
    /// Whether there was no look yet.
    pub fn is_first(&self) -> bool {
        self.latest.is_none()
    }

    /// The certificates that crossed a threshold since the latest look, each with the tightest one;
    /// at the first look, those that are below one already. `validity` gives what the index leaves
    /// out; a certificate for which it gives nothing is passed over.
    ///
    /// It costs what was crossed, not what is in the index.
    pub fn look(
        &mut self,
        index: &ExpiryIndex,
        now: Timestamp,
        validity: impl Fn(&Name) -> Option<Validity>,
    ) -> Vec<Crossing> {
        let latest = self.latest;
        if latest.is_some_and(|latest| now <= latest) {
            let corrected = latest.is_some_and(|latest| now < after(latest, -CORRECTION));
            self.latest = if corrected { Some(now) } else { latest };
            return Vec::new();
        }
        self.latest = Some(now);
        let crossed = Threshold::ALL
            .iter()
            .enumerate()
            .flat_map(|(place, threshold)| {
                let from = threshold.newly_below(place, latest, now);
                let names = index
                    .range((from, Name::least())..(after(now, threshold.seconds()), Name::least()));
                names.map(|(_, name)| (name, *threshold))
            });
        let crossed = crossed.filter_map(|(name, threshold)| {
            let validity = validity(name)?;
            threshold.counts(validity).then(|| Crossing {
                name: name.clone(),
                validity,
                threshold,
            })
        });
        crossed.collect()
    }
}

impl Threshold {
    /// All of them, the tightest first.
    pub const ALL: [Self; 6] = [
        Self { days: 0 },
        Self { days: 1 },
        Self { days: 3 },
        Self { days: 7 },
        Self { days: 15 },
        Self { days: 30 },
    ];

    /// Its days.
    pub fn days(self) -> i64 {
        self.days
    }

    /// The tightest threshold that a certificate is below: for one that was adopted between two
    /// looks.
    pub fn below(validity: Validity, now: Timestamp) -> Option<Self> {
        let tightest = Self::ALL
            .into_iter()
            .find(|threshold| validity.not_after < after(now, threshold.seconds()))?;
        tightest.counts(validity).then_some(tightest)
    }

    /// Whether the certificate's whole lifetime is long enough for it to mean something: one of six
    /// days shall not begin its life with a warning.
    pub fn counts(self, validity: Validity) -> bool {
        let lifetime = validity.not_after.0.saturating_sub(validity.not_before.0);
        self.days == 0 || self.seconds() <= lifetime / 2
    }

    fn seconds(self) -> i64 {
        self.days * DAY
    }

    /// The earliest end of a certificate that is below this threshold and no tighter one, and was
    /// not below it at the latest look.
    fn newly_below(self, place: usize, latest: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let tighter = place
            .checked_sub(1)
            .map(|place| after(now, Self::ALL[place].seconds()));
        let seen = latest.map(|latest| after(latest, self.seconds()));
        tighter.max(seen).unwrap_or(Timestamp(i64::MIN))
    }
}

impl Validity {
    /// Whole days until its last second, rounded down; negative when that is over.
    pub fn days_left(&self, now: Timestamp) -> i64 {
        let seconds = self.not_after.0.saturating_sub(now.0);
        seconds.div_euclid(DAY)
    }
}

fn after(time: Timestamp, seconds: i64) -> Timestamp {
    Timestamp(time.0.saturating_add(seconds))
}

const DAY: i64 = 86_400;

/// A clock that is set further back than this is taken to have been wrong.
const CORRECTION: i64 = DAY;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Certificates by name, and the looks at them.
    #[derive(Default)]
    struct Shelf {
        certificates: BTreeMap<Name, Validity>,
        watch: ExpiryWatch,
    }

    impl Shelf {
        /// Puts a certificate of so many days there; it ends at this second.
        fn put(&mut self, name: &str, lifetime: i64, not_after: i64) {
            let validity = Validity {
                not_before: Timestamp(not_after.saturating_sub(lifetime * DAY)),
                not_after: Timestamp(not_after),
            };
            self.certificates.insert(name.parse().unwrap(), validity);
        }

        fn look(&mut self, now: i64) -> Vec<(String, i64)> {
            let certificates = &self.certificates;
            let index = certificates.iter();
            let index = index.map(|(name, validity)| (validity.not_after, name.clone()));
            let crossed = self.watch.look(&index.collect(), Timestamp(now), |name| {
                certificates.get(name).copied()
            });
            let crossed = crossed.iter();
            crossed
                .map(|it| (it.name.to_string(), it.threshold.days()))
                .collect()
        }

        /// The thresholds that one certificate crosses from its first second to its end.
        fn life(lifetime: i64) -> Vec<i64> {
            let mut shelf = Self::default();
            shelf.put("a", lifetime, lifetime * DAY);
            let looks = (0..=lifetime * DAY + 3_600).step_by(3_600);
            looks
                .flat_map(|now| shelf.look(now))
                .map(|(_, days)| days)
                .collect()
        }
    }

    #[test]
    fn each_threshold_up_to_half_of_the_lifetime_is_told_once() {
        assert_eq!(Shelf::life(6), [3, 1, 0]);
        assert_eq!(Shelf::life(47), [15, 7, 3, 1, 0]);
        assert_eq!(Shelf::life(90), [30, 15, 7, 3, 1, 0]);
        assert_eq!(Shelf::life(1), [0]);
    }

    #[test]
    fn the_first_look_tells_only_the_tightest_threshold() {
        let mut shelf = Shelf::default();
        for (name, days) in [("long", 40), ("soon", 5), ("short", 5), ("over", -3)] {
            let lifetime = if name == "short" { 6 } else { 90 };
            shelf.put(name, lifetime, days * DAY);
        }
        let told = [("over".to_owned(), 0), ("soon".to_owned(), 7)];
        assert_eq!(shelf.look(0), told);
        assert_eq!(shelf.look(1), []);
    }

    #[test]
    fn a_long_pause_tells_the_tightest_threshold_alone() {
        let mut shelf = Shelf::default();
        shelf.put("a", 90, 40 * DAY);
        assert_eq!(shelf.look(0), []);
        assert_eq!(shelf.look(38 * DAY), [("a".to_owned(), 3)]);
    }

    #[test]
    fn a_clock_that_steps_back_a_little_tells_nothing_twice() {
        let mut shelf = Shelf::default();
        shelf.put("a", 90, 40 * DAY);
        assert_eq!(shelf.look(9 * DAY), []);
        assert_eq!(shelf.look(11 * DAY), [("a".to_owned(), 30)]);
        for now in [10 * DAY, 10 * DAY + 1, 11 * DAY, 12 * DAY] {
            assert_eq!(shelf.look(now), [], "{now}");
        }
    }

    /// A machine that starts with the time of 2090 must not be silent until then.
    #[test]
    fn a_clock_that_is_corrected_begins_anew() {
        let mut shelf = Shelf::default();
        shelf.put("a", 90, 40 * DAY);
        assert_eq!(shelf.look(25_000 * DAY), [("a".to_owned(), 0)]);
        assert_eq!(shelf.look(DAY), []);
        assert_eq!(shelf.look(11 * DAY), [("a".to_owned(), 30)]);
    }

    #[test]
    fn an_adopted_certificate_is_judged_by_itself() {
        let below = |lifetime: i64, left: i64| {
            let validity = Validity {
                not_before: Timestamp((left - lifetime) * DAY),
                not_after: Timestamp(left * DAY),
            };
            Threshold::below(validity, Timestamp(1)).map(Threshold::days)
        };
        assert_eq!(below(90, 31), None);
        assert_eq!(below(90, 2), Some(3));
        assert_eq!(below(6, 5), None);
        assert_eq!(below(6, -1), Some(0));
    }

    #[test]
    fn days_are_rounded_down() {
        let validity = Validity {
            not_before: Timestamp(0),
            not_after: Timestamp(10 * DAY),
        };
        for (now, days) in [
            (0, 10),
            (1, 9),
            (10 * DAY, 0),
            (10 * DAY + 1, -1),
            (i64::MIN, i64::MAX / DAY),
        ] {
            assert_eq!(validity.days_left(Timestamp(now)), days, "{now}");
        }
    }

    #[test]
    fn extreme_times_are_no_reason_to_panic() {
        let mut shelf = Shelf::default();
        for (name, not_after) in [("a", i64::MIN), ("b", 0), ("c", i64::MAX)] {
            shelf.put(name, 90, not_after);
        }
        for now in [0, i64::MIN, i64::MAX, 0, i64::MAX - 1, i64::MIN + 1] {
            shelf.look(now);
        }
    }

    /// What one look tells of one certificate, by the words of the documentation.
    fn naive(validity: Validity, latest: Option<i64>, now: i64) -> Option<i64> {
        let is_below = |days: i64, now: i64| validity.not_after.0 - now < days * DAY;
        let days = [0, 1, 3, 7, 15, 30];
        let tightest = days.into_iter().find(|days| is_below(*days, now))?;
        let half = (validity.not_after.0 - validity.not_before.0) / 2;
        let counts = tightest == 0 || tightest * DAY <= half;
        let is_new = latest.is_none_or(|latest| !is_below(tightest, latest));
        (counts && is_new).then_some(tightest)
    }

    proptest! {
        #[test]
        fn agrees_with_a_walk_over_all(
            certificates in prop::collection::vec((1..100i64, -40 * DAY..80 * DAY), 0..12),
            steps in prop::collection::vec(-3 * DAY..9 * DAY, 1..20),
        ) {
            let mut shelf = Shelf::default();
            for (number, (lifetime, not_after)) in certificates.into_iter().enumerate() {
                shelf.put(&format!("c{number}"), lifetime, not_after);
            }
            let (mut latest, mut now) = (None, 0);
            for step in steps {
                now += step;
                let mut told = shelf.look(now);
                told.sort();
                if latest.is_some_and(|latest| now <= latest) {
                    prop_assert_eq!(told, []);
                    latest = latest.map(|latest| if now < latest - DAY { now } else { latest });
                    continue;
                }
                let all = shelf.certificates.iter();
                let mut expected: Vec<_> = all
                    .filter_map(|(name, validity)| {
                        Some((name.to_string(), naive(*validity, latest, now)?))
                    })
                    .collect();
                expected.sort();
                prop_assert_eq!(told, expected);
                latest = Some(now);
            }
        }
    }
}
