use std::fs::{File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, UNIX_EPOCH};

use tempfile::TempDir;

use super::attempt::Attempt;
use super::*;
use crate::certificate::Timestamp;
use crate::state::digest::FilesDigest;
use crate::state::pins::Pin;
use crate::state::record::tests::record;

/// A state directory with a certificate `play`.
struct Bench {
    directory: TempDir,
    history: History,
}

fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let history = History::new(directory.path().join("state"), 3);
    Bench { directory, history }
}

impl Bench {
    fn record(&self, adopted: u64, leaf: &str) -> Recorded {
        self.history.record(&record("play", adopted, leaf)).unwrap()
    }

    fn versions(&self) -> Vec<Version> {
        self.history.versions(&play()).unwrap()
    }

    /// The leaf of the newest sound version, and the reasons why newer ones are not.
    fn newest(&self) -> (Option<Record>, Vec<&'static str>) {
        let mut reasons = Vec::new();
        let mut skip = |skipped: &Skipped| reasons.push(skipped.error.code());
        let newest = self.history.newest_sound(&play(), &mut skip);
        (newest.map(|(_, record)| record), reasons)
    }

    fn retire(&self, seconds: i64) {
        assert!(self.history.retire(&play(), Timestamp(seconds)).unwrap());
    }

    fn is_retired(&self) -> bool {
        self.history.is_retired(&play()).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("state/history/play").join(name)
    }

    fn version_path(&self, version: Version) -> PathBuf {
        self.path(&file_name(version))
    }

    /// All file names in the certificate's directory.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }
}

fn play() -> Name {
    "play".parse().unwrap()
}

#[test]
fn versions_are_found_again_the_newest_first() {
    let bench = bench();
    assert!(bench.versions().is_empty() && bench.history.names().unwrap().is_empty());
    assert_eq!(bench.newest(), (None, Vec::new()));
    let (one, two) = (bench.record(1, "one"), bench.record(2, "two"));
    assert!(one.is_new && two.is_new);
    assert_eq!(bench.versions(), [two.version, one.version]);
    assert_eq!(bench.history.names().unwrap(), [play()]);
    let loaded = bench.history.load(&play(), one.version).unwrap();
    assert_eq!(loaded, record("play", 1, "one"));
    assert_eq!(bench.newest(), (Some(record("play", 2, "two")), Vec::new()));
    // A reader in another process sees the same.
    let other = History::new(bench.directory.path().join("state"), 1);
    assert_eq!(other.versions(&play()).unwrap(), bench.versions());
}

#[test]
fn what_is_the_newest_already_is_not_written_again() {
    let bench = bench();
    let first = bench.record(1, "one");
    let again = bench.record(2, "one");
    assert!(!again.is_new);
    assert_eq!(again.version, first.version);
    assert_eq!(bench.versions(), [first.version]);
    // What was served before the newest is a version again.
    bench.record(3, "two");
    assert!(bench.record(4, "one").is_new);
    assert_eq!(bench.versions().len(), 3);
}

#[test]
fn a_version_that_got_torn_is_written_again() {
    let bench = bench();
    let torn = bench.record(1, "one").version;
    File::create(bench.version_path(torn)).unwrap();
    assert!(bench.record(2, "one").is_new);
    assert_eq!(bench.newest().0, Some(record("play", 2, "one")));
}

#[test]
fn after_the_clock_was_set_back_the_newest_is_still_the_last() {
    let bench = bench();
    bench.record(5_000, "one");
    let back = bench.record(1_000, "two").version;
    assert_eq!(bench.versions()[0], back);
    assert!(back.to_string().starts_with("19700101T000005.001Z-"));
    // What it says of its time is what the clock said.
    assert_eq!(bench.newest().0, Some(record("play", 1_000, "two")));
}

#[test]
fn nobody_else_may_read_keys() {
    let bench = bench();
    let version = bench.record(1, "one").version;
    let mode = |path: PathBuf| fs::metadata(path).unwrap().mode() & 0o7777;
    for directory in ["../..", "..", "."] {
        assert_eq!(mode(bench.path(directory)), 0o700, "{directory}");
    }
    assert_eq!(mode(bench.version_path(version)), 0o600);
    for directory in ["..", "."] {
        let wide = Permissions::from_mode(0o755);
        fs::set_permissions(bench.path(directory), wide).unwrap();
    }
    let warnings = bench.record(2, "two").warnings;
    let codes = warnings.iter().map(|warning| warning.code());
    assert_eq!(codes.collect::<Vec<_>>(), ["state_mode_narrowed"; 2]);
    assert_eq!(mode(bench.path(".")), 0o700);
    assert_eq!(mode(bench.path("..")), 0o700);
}

#[test]
fn only_the_newest_are_kept_and_the_one_that_is_pinned() {
    let bench = bench();
    let pinned = bench.record(1, "1").version;
    let pin = Pin {
        version: pinned,
        files: FilesDigest::of([]),
        since: Timestamp(1),
    };
    bench.history.pins().set(&play(), &pin).unwrap();
    for adopted in 2..=6 {
        bench.record(adopted, &adopted.to_string());
    }
    let adopted: Vec<_> = bench
        .versions()
        .iter()
        .map(|version| bench.history.load(&play(), *version).unwrap().adopted)
        .map(|adopted| adopted.duration_since(UNIX_EPOCH).unwrap().as_millis())
        .collect();
    assert_eq!(adopted, [6, 5, 4, 1]);
    bench.history.pins().release(&play()).unwrap();
    bench.record(7, "7");
    assert_eq!(bench.versions().len(), 3);
    assert!(!bench.versions().contains(&pinned));
}

#[test]
fn while_a_pin_cannot_be_read_nothing_is_removed() {
    let bench = bench();
    let pins = bench.directory.path().join("state/rollback");
    fs::create_dir_all(&pins).unwrap();
    fs::write(pins.join("play.toml"), "version = ").unwrap();
    for adopted in 1..=6 {
        bench.record(adopted, &adopted.to_string());
    }
    assert_eq!(bench.versions().len(), 6);
}

#[test]
fn torn_and_misplaced_records_are_passed_over() {
    let bench = bench();
    let one = bench.record(1, "one").version;
    let two = bench.record(2, "two").version;
    let three = bench.record(3, "three").version;
    let bytes = fs::read(bench.version_path(two)).unwrap();
    fs::write(bench.version_path(two), &bytes[..bytes.len() - 1]).unwrap();
    fs::copy(bench.version_path(one), bench.version_path(three)).unwrap();
    fs::write(bench.path("20990101T000000.000Z.pem"), "not a version").unwrap();
    let (newest, reasons) = bench.newest();
    assert_eq!(newest, Some(record("play", 1, "one")));
    assert_eq!(reasons, ["record_misplaced", "record_torn"]);
    let error = bench.history.load(&play(), two).unwrap_err();
    assert_eq!(error.code(), "record_torn");
    fs::remove_file(bench.version_path(two)).unwrap();
    let error = bench.history.load(&play(), two).unwrap_err();
    assert_eq!(error.code(), "history_unreadable");
}

#[test]
fn a_history_that_cannot_be_listed_is_said_to_be_so() {
    let bench = bench();
    fs::write(bench.directory.path().join("state"), "a file").unwrap();
    assert!(bench.history.versions(&play()).is_err());
    assert!(bench.history.names().is_err());
    assert!(bench.history.record(&record("play", 1, "one")).is_err());
    assert_eq!(bench.newest(), (None, vec!["history_unreadable"]));
}

#[test]
fn a_deleted_certificate_stays_deleted_until_it_is_recorded_again() {
    let bench = bench();
    assert!(!bench.history.retire(&play(), Timestamp(1)).unwrap());
    bench.record(1, "one");
    assert!(!bench.is_retired());
    bench.retire(1);
    assert!(bench.is_retired());
    assert_eq!(bench.versions().len(), 1);
    // The same files put back, and other ones.
    for (adopted, leaf) in [(2, "one"), (3, "two")] {
        bench.retire(1);
        bench.record(adopted, leaf);
        assert!(!bench.is_retired());
    }
}

#[test]
fn what_was_deleted_long_ago_is_swept() {
    const DAY: i64 = 86_400;
    let bench = bench();
    let names = |now| bench.history.sweep(Timestamp(now)).unwrap().removed;
    assert!(names(0).is_empty());
    bench.record(1, "one");
    bench.history.record(&record("other", 1, "one")).unwrap();
    assert!(names(1_000 * DAY).is_empty());
    bench.retire(10 * DAY);
    // Only the first time counts.
    bench.retire(11 * DAY);
    assert!(names(100 * DAY - 1).is_empty());
    assert!(names(0).is_empty());
    assert_eq!(names(100 * DAY), [play()]);
    assert_eq!(bench.history.names().unwrap(), ["other".parse().unwrap()]);
    assert!(!bench.is_retired());
}

#[test]
fn a_mark_that_somebody_else_made_counts_from_then() {
    let bench = bench();
    bench.record(1, "one");
    let mark = File::create(bench.path("deleted")).unwrap();
    mark.set_modified(UNIX_EPOCH + Duration::from_secs(1_000))
        .unwrap();
    assert!(bench.is_retired());
    let end = 1_000 + History::RETIRED_FOR.as_secs().cast_signed();
    let removed = |now| bench.history.sweep(Timestamp(now)).unwrap().removed.len();
    assert_eq!((removed(end - 1), removed(end)), (0, 1));
}

#[test]
fn a_sweep_removes_what_killed_processes_left() {
    let bench = bench();
    bench.record(1, "one");
    fs::write(bench.path(".0123456789abcdef.draft"), "half").unwrap();
    let buried = bench.path("../.buried");
    fs::create_dir_all(&buried).unwrap();
    fs::write(buried.join("x.pem"), "x").unwrap();
    let swept = bench.history.sweep(Timestamp(0)).unwrap();
    assert!(swept.removed.is_empty() && swept.warnings.is_empty());
    assert_eq!(bench.files().len(), 1);
    assert!(!buried.exists());
}

fn synced(attempt: Attempt) -> Attempt {
    attempt.sync().unwrap();
    attempt
}

/// A process is killed after each step of recording. Readers find the last complete version, the
/// next attempt succeeds, and nothing is left over.
#[test]
fn a_kill_at_any_step_leaves_the_last_complete_version() {
    type Steps = fn(Attempt) -> Attempt;
    let steps: [(Steps, &str); 3] = [
        (|attempt| attempt, "one"),
        (synced, "one"),
        (|attempt| synced(attempt).publish().unwrap(), "two"),
    ];
    for (step, newest) in steps {
        let bench = bench();
        bench.record(1, "one");
        let mut attempt = step(bench.history.begin(&record("play", 2, "two")).unwrap());
        if let Some(draft) = attempt.draft.take() {
            draft.leave();
        }
        drop(attempt);
        let (found, reasons) = bench.newest();
        assert_eq!(found.unwrap().pair, record("play", 0, newest).pair);
        assert!(reasons.is_empty());
        assert_eq!(bench.files().len(), 2);
        bench.record(3, "two");
        assert_eq!(
            bench.newest().0.unwrap().pair,
            record("play", 0, "two").pair
        );
        assert_eq!(bench.files().len(), 2);
    }
}

/// What a kill or a loss of power can leave of a version of any length, under a draft's name or
/// its own.
#[test]
fn a_version_of_which_a_part_is_on_the_disk_hides_none_before_it() {
    let bench = bench();
    bench.record(1, "one");
    let two = bench.record(2, "two").version;
    let bytes = fs::read(bench.version_path(two)).unwrap();
    for end in 0..bytes.len() {
        fs::write(bench.path(".0123456789abcdef.draft"), &bytes[..end]).unwrap();
        fs::write(bench.version_path(two), &bytes[..end]).unwrap();
        let (newest, reasons) = bench.newest();
        assert_eq!(newest, Some(record("play", 1, "one")));
        assert_eq!(reasons, ["record_torn"], "after {end} bytes");
    }
    assert!(bench.record(3, "two").is_new);
    assert_eq!(bench.newest().0, Some(record("play", 3, "two")));
    assert!(!bench.path(".0123456789abcdef.draft").exists());
}

/// A kill between the two removals and renames of a certificate that comes back.
#[test]
fn a_kill_while_a_deleted_certificate_comes_back_leaves_a_state_that_heals() {
    let bench = bench();
    bench.record(1, "one");
    bench.retire(1);
    let attempt = bench.history.begin(&record("play", 2, "two")).unwrap();
    assert!(bench.is_retired());
    drop(synced(attempt).publish().unwrap());
    assert!(!bench.is_retired());
    assert_eq!(bench.newest().0, Some(record("play", 2, "two")));
    assert!(!bench.record(3, "two").is_new);
}
