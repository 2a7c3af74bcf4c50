//! What browsers were told of HTTPS, over restarts.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use super::archivist::Notice;
use super::disk;
use super::warning::Warning;
use crate::certificate::Timestamp;
use crate::domain::Pattern;
use crate::hsts::{Hsts, Told};

/// What the browsers of a domain's viewers were told, and are told still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// The domain.
    pub domain: Pattern,
    /// What they were told up to now.
    pub told: Told,
    /// What they are told from now on, for as long as the process lives.
    pub in_place: Option<Hsts>,
}

impl Remembered {
    /// What they may have been told by now, if the process has ended that wrote it.
    pub fn told_by(&self, now: Timestamp) -> Told {
        match self.in_place {
            Some(hsts) => self.told.and(Told::at(now, hsts)),
            None => self.told,
        }
    }
}

/// The file `hsts` of a state directory.
#[derive(Clone, Debug)]
pub struct HstsFile {
    state: PathBuf,
}

impl HstsFile {
    /// The one of a state directory, which need not be there yet.
    pub fn new(state_directory: PathBuf) -> Self {
        Self {
            state: state_directory,
        }
    }

    /// Reads all of it; nothing where there is no file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or a line makes no sense.
    pub fn read(&self) -> Result<Vec<Remembered>, Warning> {
        let path = self.state.join(NAME);
        let read = match disk::read_up_to(LARGEST, &path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            read => read,
        };
        let parsed = read.and_then(|content| {
            let text = str::from_utf8(&content).map_err(io::Error::other)?;
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            let bad = |line: &str| io::Error::other(format!("no such line is written: {line:?}"));
            lines
                .map(|line| parse(line).ok_or_else(|| bad(line)))
                .collect()
        });
        parsed.map_err(|error| Warning::HstsUnreadable { path, error })
    }

    fn write(&self, remembered: &[Remembered]) -> io::Result<()> {
        disk::state_directory(&self.state)?;
        let mut text = HEADER.to_owned();
        for it in remembered {
            text.push_str(&line(it));
        }
        disk::write(&self.state, NAME, text.as_bytes())
    }
}

/// `DOMAIN UNTIL SUBDOMAINS-UNTIL IN-PLACE`, with `-` for nothing.
fn line(remembered: &Remembered) -> String {
    let until = |until: Timestamp| match until == NEVER {
        true => NOTHING.to_owned(),
        false => until.to_string(),
    };
    let in_place = match remembered.in_place {
        Some(hsts) if hsts.include_subdomains => format!("{}{SUBDOMAINS}", hsts.max_age),
        Some(hsts) => hsts.max_age.to_string(),
        None => NOTHING.to_owned(),
    };
    let (domain, told) = (&remembered.domain, remembered.told);
    let (host, subdomains) = (until(told.host), until(told.subdomains));
    format!("{domain} {host} {subdomains} {in_place}\n")
}

fn parse(line: &str) -> Option<Remembered> {
    let until = |text| match text {
        NOTHING => Some(NEVER),
        text => text.parse().ok(),
    };
    let mut words = line.split(' ');
    let domain = words.next()?.parse().ok()?;
    let told = Told {
        host: until(words.next()?)?,
        subdomains: until(words.next()?)?,
    };
    let in_place = words.next().filter(|_| words.next().is_none())?;
    let in_place = match in_place {
        NOTHING => None,
        text => {
            let max_age = text.strip_suffix(SUBDOMAINS);
            Some(Hsts {
                max_age: max_age.unwrap_or(text).parse().ok()?,
                include_subdomains: max_age.is_some(),
            })
        }
    };
    Some(Remembered {
        domain,
        told,
        in_place,
    })
}

/// Keeps the file true on a thread of its own.
#[derive(Debug)]
pub struct HstsKeeper {
    wake: SyncSender<()>,
    ending: Arc<AtomicBool>,
    /// Ends when the thread does.
    ended: Receiver<Infallible>,
}

impl HstsKeeper {
    /// Starts the thread. It writes what `collect` gives, which is told whether the process goes
    /// on.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(
        file: HstsFile,
        collect: impl FnMut(bool) -> Vec<Remembered> + Send + 'static,
    ) -> io::Result<Self> {
        let (wake, woken) = sync_channel(1);
        let (end, ended) = sync_channel(1);
        let ending = Arc::new(AtomicBool::new(false));
        let thread = thread::Builder::new().name("hsts".to_owned());
        let is_ending = Arc::clone(&ending);
        thread.spawn(move || {
            keep(&file, &woken, &is_ending, collect);
            drop::<SyncSender<Infallible>>(end);
        })?;
        Ok(Self {
            wake,
            ending,
            ended,
        })
    }

    /// Gives what has it written soon: to be called when browsers are told something else.
    pub fn waker(&self) -> impl Fn() + Send + use<> {
        let wake = self.wake.clone();
        // A full queue holds one already.
        move || {
            let _ = wake.try_send(());
        }
    }

    /// Writes it for the last time, which takes 5 s at most.
    pub fn end(self) {
        self.ending.store(true, Ordering::Release);
        let _ = self.wake.try_send(());
        if self.ended.recv_timeout(LONGEST_END) == Err(RecvTimeoutError::Timeout) {
            let error = io::Error::from(ErrorKind::TimedOut);
            tell(Warning::HstsNotWritten(error));
        }
    }
}

fn keep(
    file: &HstsFile,
    woken: &Receiver<()>,
    ending: &AtomicBool,
    mut collect: impl FnMut(bool) -> Vec<Remembered>,
) {
    let mut written = file.read().unwrap_or_default();
    let mut is_well = true;
    loop {
        let ends = ending.load(Ordering::Acquire);
        let current = collect(!ends);
        if written != current {
            match file.write(&current) {
                Ok(()) => (written, is_well) = (current, true),
                // A full disk fails many times in the same way.
                Err(error) if is_well => {
                    tell(Warning::HstsNotWritten(error));
                    is_well = false;
                }
                Err(_) => {}
            }
        }
        if ends {
            return;
        }
        let over = match is_well {
            true => woken.recv().is_err(),
            false => woken.recv_timeout(RETRY) == Err(RecvTimeoutError::Disconnected),
        };
        if over {
            return;
        }
    }
}

fn tell(warning: Warning) {
    let held_back = 0;
    Notice { warning, held_back }.log();
}

const NAME: &str = "hsts";

const HEADER: &str = "\
# What browsers were told of HTTPS (HSTS). Lockgate writes this file; leave it as it is.
# DOMAIN  UNTIL  UNTIL-FOR-SUBDOMAINS  SECONDS-TOLD-STILL
";

const NOTHING: &str = "-";

const NEVER: Timestamp = Told::NOTHING.host;

/// What follows the seconds where names below the domain are included.
const SUBDOMAINS: &str = "+subdomains";

/// 100,000 domains with the longest names.
const LARGEST: u64 = 64 << 20;

/// After a write that failed.
const RETRY: Duration = Duration::from_secs(60);

/// A disk that hangs must not keep the process from ending.
const LONGEST_END: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn remembered(domain: &str, told: Told, in_place: Option<Hsts>) -> Remembered {
        Remembered {
            domain: domain.parse().unwrap(),
            told,
            in_place,
        }
    }

    fn examples() -> Vec<Remembered> {
        let hsts = Hsts {
            max_age: 60,
            include_subdomains: true,
        };
        let plain = Hsts {
            include_subdomains: false,
            ..hsts
        };
        vec![
            remembered("a.example.com", Told::at(Timestamp(1_000), plain), None),
            remembered("*.b.example.com", Told::at(Timestamp(0), hsts), Some(hsts)),
            remembered("c.example.com", Told::NOTHING, Some(plain)),
        ]
    }

    #[test]
    fn what_is_written_is_read() {
        let state = tempfile::tempdir().unwrap();
        let file = HstsFile::new(state.path().join("new"));
        assert_eq!(file.read().unwrap(), []);
        file.write(&examples()).unwrap();
        assert_eq!(file.read().unwrap(), examples());
        let text = fs::read_to_string(state.path().join("new/hsts")).unwrap();
        let lines: Vec<_> = text.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "a.example.com 1970-01-01T00:17:40Z - -",
                "*.b.example.com 1970-01-01T00:01:00Z 1970-01-01T00:01:00Z 60+subdomains",
                "c.example.com - - 60",
            ]
        );
    }

    #[test]
    fn who_was_told_until_the_end_was_told_until_now() {
        let now = Timestamp(5_000);
        let until: Vec<_> = examples().iter().map(|it| it.told_by(now).host.0).collect();
        assert_eq!(until, [1_060, 5_060, 5_060]);
    }

    #[test]
    fn a_line_that_makes_no_sense_is_told() {
        let state = tempfile::tempdir().unwrap();
        let file = HstsFile::new(state.path().to_owned());
        for text in [
            "a.com",
            "a.com - -",
            "a.com x - -",
            "a.com - - x",
            "a.com - - - -",
            "",
        ] {
            fs::write(state.path().join(NAME), format!("{text}\n")).unwrap();
            assert_eq!(file.read().unwrap_err().code(), "hsts_unreadable", "{text}");
        }
    }

    #[test]
    fn the_keeper_writes_what_changes_and_at_the_end() {
        let state = tempfile::tempdir().unwrap();
        let file = HstsFile::new(state.path().to_owned());
        let keeper = HstsKeeper::start(file.clone(), |_| Vec::new()).unwrap();
        keeper.end();
        assert!(!state.path().join(NAME).exists());
        let collect = |goes_on: bool| match goes_on {
            true => Vec::new(),
            false => examples(),
        };
        let keeper = HstsKeeper::start(file.clone(), collect).unwrap();
        keeper.waker()();
        keeper.end();
        assert_eq!(file.read().unwrap(), examples());
        let mode = fs::metadata(state.path().join(NAME)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
}
