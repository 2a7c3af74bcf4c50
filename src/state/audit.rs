use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use super::disk::{private_directory, state_directory};
use crate::disk::inherit_owner;

/// A log of what was changed: a line each, in files that only the owner may read.
///
/// ```text
/// STATE/audit/              0700
/// ├─ changes.jsonl          0600, the newest lines, up to 4 MiB
/// └─ changes.1.jsonl …      the lines before, up to seven files
/// ```
///
/// It is written on a thread of its own, so nobody waits for the disk. What it cannot write is in
/// the process's log.
#[derive(Clone, Debug)]
pub struct AuditLog {
    directory: PathBuf,
    jobs: SyncSender<Job>,
}

/// What the thread is told.
enum Job {
    Write(String),
    /// To answer when all that came before is done.
    Answer(SyncSender<()>),
}

impl AuditLog {
    /// Starts the thread that writes. It ends with the last clone.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(state: &Path) -> io::Result<Self> {
        let directory = state.join("audit");
        let (jobs, queue) = sync_channel(QUEUE);
        let writer = Writer {
            state: state.to_owned(),
            directory: directory.clone(),
            file: None,
        };
        let thread = thread::Builder::new().name("audit".to_owned());
        thread.spawn(move || writer.run(&queue))?;
        Ok(Self { directory, jobs })
    }

    /// Writes a line, some time soon.
    pub fn write(&self, line: String) {
        if let Err(error) = self.jobs.try_send(Job::Write(line)) {
            tracing::warn!(%error, "a change is missing in the audit log");
        }
    }

    /// Waits until what came before is written, at most 5 s; says whether it is dealt with.
    pub fn flush(&self) -> bool {
        let (answer, answered) = sync_channel(1);
        let asked = self.jobs.try_send(Job::Answer(answer));
        asked.is_ok() && answered.recv_timeout(LONGEST_FLUSH).is_ok()
    }

    /// The lines, the newest first. It reads a file at a time, and what cannot be read is left out.
    pub fn newest_first(&self) -> impl Iterator<Item = String> + use<> {
        let directory = self.directory.clone();
        let files = (0..=OLD_FILES).map(move |number| directory.join(file_name(number)));
        files.flat_map(|path| {
            let text = fs::read_to_string(path).unwrap_or_default();
            let lines: Vec<_> = text.lines().rev().map(str::to_owned).collect();
            lines
        })
    }
}

struct Writer {
    state: PathBuf,
    directory: PathBuf,
    /// The newest file, and how long it is.
    file: Option<(File, u64)>,
}

impl Writer {
    fn run(mut self, jobs: &Receiver<Job>) {
        let mut is_well = true;
        for job in jobs {
            let written = match job {
                Job::Write(line) => self.write(&line),
                Job::Answer(answer) => {
                    // Who asked may have given up.
                    let _ = answer.try_send(());
                    continue;
                }
            };
            match &written {
                // Once for each time that it begins: a full disk fails many times in the same way.
                Err(error) if is_well => {
                    let path = self.directory.display();
                    tracing::warn!(%error, %path, "the audit log cannot be written");
                }
                Err(_) | Ok(()) => {}
            }
            is_well = written.is_ok();
        }
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        let (mut file, length) = match self.file.take() {
            Some(open) => open,
            None => self.open()?,
        };
        let line = format!("{line}\n");
        file.write_all(line.as_bytes())?;
        let length = length + line.len() as u64;
        match length < LARGEST {
            true => self.file = Some((file, length)),
            false => self.turn_over()?,
        }
        Ok(())
    }

    fn open(&self) -> io::Result<(File, u64)> {
        state_directory(&self.state)?;
        private_directory(&self.directory, &mut Vec::new())?;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let mut file = options.open(self.directory.join(file_name(0)))?;
        inherit_owner(&file, &self.directory)?;
        let length = file.metadata()?.len();
        if length > 0 {
            // A process that was killed may have left half a line.
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
            }
        }
        Ok((file, length))
    }

    /// Makes the newest file an old one; the oldest goes.
    fn turn_over(&self) -> io::Result<()> {
        for number in (0..OLD_FILES).rev() {
            let path = |number| self.directory.join(file_name(number));
            match fs::rename(path(number), path(number + 1)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

fn file_name(number: usize) -> String {
    match number {
        0 => "changes.jsonl".to_owned(),
        number => format!("changes.{number}.jsonl"),
    }
}

/// Lines that wait for the disk.
const QUEUE: usize = 1_024;

/// A disk that hangs must not keep a command from ending.
const LONGEST_FLUSH: Duration = Duration::from_secs(5);

/// Bytes of a file before the next one begins.
const LARGEST: u64 = 4 << 20;

const OLD_FILES: usize = 7;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn writer(state: &Path) -> Writer {
        Writer {
            state: state.to_owned(),
            directory: state.join("audit"),
            file: None,
        }
    }

    fn log(state: &Path) -> AuditLog {
        AuditLog {
            directory: state.join("audit"),
            jobs: sync_channel(1).0,
        }
    }

    #[test]
    fn the_newest_lines_come_first_over_files_and_restarts() {
        let state = tempfile::tempdir().unwrap();
        let state = state.path().join("state");
        let mut first = writer(&state);
        first.write("one").unwrap();
        first.write("two").unwrap();
        first.turn_over().unwrap();
        drop(first);
        let mut next = writer(&state);
        next.write("three").unwrap();
        let path = state.join("audit/changes.jsonl");
        fs::write(&path, "three\nhal").unwrap();
        writer(&state).write("four").unwrap();
        let lines: Vec<_> = log(&state).newest_first().collect();
        assert_eq!(lines, ["four", "hal", "three", "two", "one"]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(&state.join("audit")), mode(&path)), (0o700, 0o600));
    }

    #[test]
    fn what_was_flushed_is_written() {
        let state = tempfile::tempdir().unwrap();
        let log = AuditLog::start(state.path()).unwrap();
        for number in 0..100 {
            log.write(number.to_string());
        }
        assert!(log.flush());
        assert_eq!(log.newest_first().count(), 100);
    }

    #[test]
    fn no_more_is_kept_than_the_files_hold() {
        let state = tempfile::tempdir().unwrap();
        let mut writer = writer(state.path());
        let line = "x".repeat(1 << 20);
        for _ in 0..4 * (OLD_FILES + 3) {
            writer.write(&line).unwrap();
        }
        let files = fs::read_dir(state.path().join("audit")).unwrap();
        assert!(files.count() <= OLD_FILES + 1);
        assert!(log(state.path()).newest_first().count() >= 4 * (OLD_FILES - 1));
    }
}
