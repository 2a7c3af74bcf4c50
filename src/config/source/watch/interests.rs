use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::hash::{BuildHasher, RandomState};

use super::about::{About, What};
use crate::config::source::look::Scope;

/// What the watched directories are about.
///
/// Each is known by the number that the system gave its watch. Several paths may lead to the same
/// directory, and a directory may be about several things.
#[derive(Debug, Default)]
pub(super) struct Interests {
    /// By watch, the hash of an entry's name (or [`ANY`]) and what that is about: the pass that
    /// asked for it last.
    interests: BTreeMap<(i32, u64, About), u32>,
    keys: RandomState,
    pass: u32,
}

/// In the place of a name's hash: all entries, as far as their names say something.
const ANY: u64 = 0;

impl Interests {
    /// Begins a pass that asks for all that is of interest.
    pub(super) fn begin_pass(&mut self) {
        self.pass = self.pass.wrapping_add(1);
    }

    /// Adds an interest in a watched directory, or in one entry of it.
    pub(super) fn add(&mut self, watch: i32, entry: Option<&OsStr>, about: About) {
        let entry = entry.map_or(ANY, |entry| self.hash(entry));
        self.interests.insert((watch, entry, about), self.pass);
    }

    /// Where to look after an event; without an entry, it happened to the directory itself.
    pub(super) fn scope(&self, watch: i32, entry: Option<&OsStr>, what: What) -> Option<Scope> {
        let mut scope = None;
        let Some(entry) = entry else {
            let all = self.interests.range(from(watch, ANY));
            let all = all.take_while(|((of, ..), _)| *of == watch);
            all.for_each(|((.., about), _)| widen(&mut scope, about.whole()));
            return scope;
        };
        let any = self.of(watch, ANY).filter_map(|it| it.scope(entry, what));
        let of_entry = self.of(watch, self.hash(entry)).map(About::whole);
        any.chain(of_entry).for_each(|more| widen(&mut scope, more));
        scope
    }

    fn of(&self, watch: i32, entry: u64) -> impl Iterator<Item = &About> {
        let interests = self.interests.range(from(watch, entry));
        let interests = interests.map(|(key, _)| key);
        let interests = interests.take_while(move |key| (key.0, key.1) == (watch, entry));
        interests.map(|(.., about)| about)
    }

    /// Forgets a watch that the system has ended.
    pub(super) fn forget(&mut self, watch: i32) {
        let all = self.interests.range(from(watch, ANY));
        let all = all.take_while(|((of, ..), _)| *of == watch);
        let all: Vec<_> = all.map(|(key, _)| key.clone()).collect();
        for key in all {
            self.interests.remove(&key);
        }
    }

    /// Forgets what neither this pass nor the one before asked for, and returns the watches that
    /// nothing is left of.
    pub(super) fn sweep(&mut self) -> Vec<i32> {
        let pass = self.pass;
        let is_old = |asked: u32| pass.wrapping_sub(asked) > 1;
        let old = self.interests.extract_if(.., |_, asked| is_old(*asked));
        let mut watches: Vec<_> = old.map(|((watch, ..), _)| watch).collect();
        watches.dedup();
        watches.retain(|watch| {
            let rest = self.interests.range(from(*watch, ANY)).next();
            rest.is_none_or(|((of, ..), _)| of != watch)
        });
        watches
    }

    fn hash(&self, entry: &OsStr) -> u64 {
        self.keys.hash_one(entry).max(ANY + 1)
    }
}

/// All interests from those in this entry on.
fn from(watch: i32, entry: u64) -> std::ops::RangeFrom<(i32, u64, About)> {
    // It sorts first.
    (watch, entry, About::Everything)..
}

fn widen(scope: &mut Option<Scope>, by: Scope) {
    match scope {
        Some(scope) => scope.widen(by),
        None => *scope = Some(by),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(name: &str) -> About {
        About::Certificate(name.parse().unwrap())
    }

    fn names(scope: Option<Scope>) -> String {
        let scope = scope.unwrap_or_default();
        let names: Vec<_> = scope.certificates().map(|name| name.as_str()).collect();
        names.join(" ")
    }

    #[test]
    fn an_entry_tells_of_those_it_is_of_interest_for() {
        let mut interests = Interests::default();
        let at = |entry: &'static str| Some(OsStr::new(entry));
        interests.add(1, None, certificate("own"));
        interests.add(1, at("shared.pem"), certificate("linked"));
        interests.add(1, at("other"), certificate("other"));
        interests.add(2, None, certificate("elsewhere"));
        let said = |entry| names(interests.scope(1, entry, What::File));
        assert_eq!(said(at("shared.pem")), "linked own");
        assert_eq!(said(at("tls.crt")), "own");
        assert_eq!(said(at("README")), "");
        assert_eq!(said(None), "linked other own");
        assert_eq!(interests.scope(3, at("tls.crt"), What::Entry), None);
    }

    #[test]
    fn what_is_not_asked_for_any_more_is_swept_after_a_pass() {
        let mut interests = Interests::default();
        interests.add(1, None, certificate("a"));
        interests.add(2, None, certificate("a"));
        interests.add(2, None, certificate("b"));
        interests.begin_pass();
        interests.add(2, None, certificate("b"));
        assert!(interests.sweep().is_empty());
        interests.begin_pass();
        assert_eq!(interests.sweep(), [1]);
        let said = |watch| names(interests.scope(watch, None, What::Entry));
        assert_eq!((said(1), said(2)), (String::new(), "b".to_owned()));
        interests.forget(2);
        assert!(interests.interests.is_empty());
    }
}
