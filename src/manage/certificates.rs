use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rustls::SignatureAlgorithm;

use super::operation::{Keys, Upload};
use super::outcome::{DomainResult, Done};
use super::place::Place;
use super::plan::{FORCE_HTTPS_OFF, Plan};
use super::rejection::Rejection;
use super::tag::{Condition, Tag};
use super::view::View;
use crate::certificate::{Certificate, Files, Name, PairText, Pairs, Parsed, is_options};
use crate::config::parse_options;
use crate::edit::options;
use crate::reload::{self, Problem};

/// Certificates: what an upload becomes, and how a certificate goes.
impl Plan<'_> {
    /// Puts a certificate in place, if it may take the place of the one in use. Returns what is
    /// served then.
    pub(super) fn put_certificate(
        &mut self,
        name: Name,
        upload: &Upload,
        condition: &Condition,
    ) -> Result<Pairs, Rejection> {
        let present = self.view.files_of(&name);
        check(present.as_ref(), condition)?;
        let place = Place::of(&name, present.as_ref(), &self.view.certificates_directory())?;
        let options = options_text(present.as_ref(), &upload.options)?;
        let force = force(&name, &place, &options)?;
        let (mut files, parsed) = read(&upload.pairs, &place, self.view)?;
        let pairs = self.assess(&name, parsed, force)?;
        if !options.is_empty() {
            files.insert(place.options_file(), options.into_bytes());
        }
        place.write(files, present.as_ref(), &mut self.writes);
        self.note_certificate(name, Some(pairs.clone()));
        Ok(pairs)
    }

    /// Changes what is said of a certificate.
    pub(super) fn set_certificate(
        &mut self,
        name: Name,
        keys: &Keys,
        condition: &Condition,
    ) -> Result<(), Rejection> {
        let present = self.view.files_of(&name);
        check(present.as_ref(), condition)?;
        let present = present.ok_or_else(|| self.view.unknown_certificate(&name))?;
        let place = Place::of(&name, Some(&present), &self.view.certificates_directory())?;
        let before = options_of(&present);
        let options = options_text(Some(&present), keys)?;
        force(&name, &place, &options)?;
        if before.unwrap_or_default() != options.as_bytes() {
            let path = place.directory.join(place.options_file());
            let before = before.map(<[u8]>::to_vec);
            self.writes.replace(path, before, options.into_bytes());
        }
        let in_use = self.view.certificate(&name).map(|it| it.pairs.clone());
        self.note_certificate(name, in_use);
        Ok(())
    }

    /// Unbinds a certificate from all its domains, and removes its files.
    pub(super) fn delete_certificate(
        &mut self,
        name: Name,
        force_https_off: bool,
        condition: &Condition,
    ) -> Result<(), Rejection> {
        let present = self.view.files_of(&name);
        check(present.as_ref(), condition)?;
        let present = present.ok_or_else(|| self.view.unknown_certificate(&name))?;
        let place = Place::of(&name, Some(&present), &self.view.certificates_directory())?;
        let view = self.view;
        for domain in view.naming(&name) {
            let domain = domain.name().clone();
            let mut unbind = vec![("certificate".into(), None)];
            if force_https_off && view.hold_without_https(&domain).is_some() {
                unbind.push((FORCE_HTTPS_OFF.into(), Some(true.into())));
            }
            self.set_domain(domain.clone(), &unbind, &Condition::None)?;
            self.results
                .insert(domain, DomainResult::Done(Done::Unbound));
        }
        place.remove(&present, &mut self.writes);
        self.note_certificate(name, None);
        Ok(())
    }

    /// Whether a version may be put in use, and what that is.
    fn assess(&self, name: &Name, parsed: Parsed, force: bool) -> Result<Pairs, Rejection> {
        let in_use = self.view.certificate(name).map(|it| &it.pairs);
        let bound = self.view.naming(name);
        let bound = bound.filter(|it| !it.config.allow_mismatch && it.certificate().is_some());
        let bound = bound.map(|it| it.name().clone());
        let pairs = reload::assess(in_use, parsed, bound, force, self.view.now);
        pairs.map_err(Rejection::Certificate)
    }

    pub(super) fn note_certificate(&mut self, name: Name, pairs: Option<Pairs>) {
        let certificate = pairs.map(|pairs| {
            let name = name.clone();
            Arc::new(Certificate { name, pairs })
        });
        self.certificate = Some((name, certificate));
    }
}

pub(super) fn check(present: Option<&Files>, condition: &Condition) -> Result<(), Rejection> {
    let tag = present.map(Tag::of_files);
    match condition.holds(tag.as_ref()) {
        true => Ok(()),
        false => Err(Rejection::OtherVersion),
    }
}

/// What chains and keys that were handed in mean; nothing is written.
pub(super) fn inspect(pairs: &[PairText], view: &View) -> Result<Parsed, Rejection> {
    let name = "pasted".parse().expect("it is a name that can be");
    let place = Place::of(&name, None, Path::new(""))?;
    read(pairs, &place, view).map(|(_, parsed)| parsed)
}

/// The files for what was handed in, with nothing in them but the chains and the keys, and what
/// they mean.
fn read(
    pairs: &[PairText],
    place: &Place,
    view: &View,
) -> Result<(BTreeMap<String, Vec<u8>>, Parsed), Rejection> {
    let labels = match pairs {
        [_] => vec![""],
        [one, other] => vec![label(one, place, view)?, label(other, place, view)?],
        _ => return Err(Rejection::Pairs),
    };
    if labels.first() == labels.get(1) {
        return Err(Rejection::Pairs);
    }
    let (raw, parsed) = parse(pairs, &labels, place, view)?;
    let mut clean = BTreeMap::new();
    // Their order is that of the labels, which is the alphabet's.
    let mut labels = labels;
    labels.sort_unstable();
    for (text, label) in raw.texts().iter().zip(labels) {
        clean.extend(place.files_of(text, label)?);
    }
    Ok((clean, parsed))
}

fn parse(
    pairs: &[PairText],
    labels: &[&str],
    place: &Place,
    view: &View,
) -> Result<(Files, Parsed), Rejection> {
    let mut files = Files::new(place.directory.clone());
    for (pair, label) in pairs.iter().zip(labels) {
        for (name, content) in place.files_of(pair, label)? {
            files.insert(name, Ok(content));
        }
    }
    let parsed = Pairs::parse(&files, &view.provider).map_err(Rejection::Certificate)?;
    Ok((files, parsed))
}

/// What tells the files of a pair apart from those of another one.
fn label(pair: &PairText, place: &Place, view: &View) -> Result<&'static str, Rejection> {
    let (_, parsed) = parse(std::slice::from_ref(pair), &[""], place, view)?;
    let algorithm = parsed.pairs.iter().next().map(|pair| pair.algorithm());
    Ok(match algorithm {
        Some(SignatureAlgorithm::RSA) => ".rsa",
        _ => ".ecdsa",
    })
}

fn options_of(files: &Files) -> Option<&[u8]> {
    let mut readable = files.readable();
    readable.find_map(|(name, content)| is_options(name).then_some(content))
}

/// What the options of a certificate shall be.
fn options_text(present: Option<&Files>, keys: &Keys) -> Result<String, Rejection> {
    let text = present.and_then(options_of).unwrap_or_default();
    Ok(options::set(&String::from_utf8_lossy(text), keys)?)
}

fn force(name: &Name, place: &Place, options: &str) -> Result<bool, Rejection> {
    let path = place.directory.join(place.options_file());
    let options = parse_options(&path, options.as_bytes());
    let options = options.map_err(|problems| {
        let problems = problems.iter();
        Rejection::Invalid(problems.map(|it| Problem::options(name, it)).collect())
    })?;
    Ok(options.force)
}
