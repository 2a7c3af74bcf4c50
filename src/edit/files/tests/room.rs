//! Full and read-only disks, in a namespace of their own with a file system that the rest of the
//! machine does not see.

use std::process::Command;

use super::*;

const DISK: &str = "LOCKGATE_TEST_DISK";

/// Runs a test of this file again, with a small disk; without namespaces it cannot.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn with_disk(test: &str) {
    let mut unshare = Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "--mount"]);
    let has_namespaces = unshare
        .arg("true")
        .status()
        .is_ok_and(|status| status.success());
    if !has_namespaces {
        eprintln!("skipped: no user namespaces here");
        return;
    }
    let disk = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    command.arg("mount -t tmpfs -o size=256k none \"$1\" && exec \"$0\" --exact \"$2\"");
    command.arg(std::env::current_exe().unwrap());
    command.arg(disk.path()).arg(test).env(DISK, disk.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn disk() -> Option<PathBuf> {
    Some(std::env::var_os(DISK)?.into())
}

fn writes(disk: &Path, length: usize) -> Writes {
    let mut writes = Writes::new();
    writes.replace(disk.join("a.toml"), Some(bytes("a")), bytes("A"));
    writes.replace(disk.join("b.toml"), None, vec![b'b'; length]);
    writes
}

#[test]
fn a_full_disk_changes_nothing() {
    let Some(disk) = disk() else {
        return with_disk("edit::files::tests::room::a_full_disk_changes_nothing");
    };
    fs::write(disk.join("a.toml"), "a").unwrap();
    let fault = writes(&disk, 1 << 20).prepare().unwrap_err();
    // Drafts are written at the same time, so either may find no room.
    assert_eq!(fault.code(), "no_space");
    assert_eq!(tree(&disk), ["a.toml=a"]);
    writes(&disk, 1 << 10)
        .prepare()
        .unwrap()
        .commit()
        .unwrap()
        .finish()
        .unwrap();
    assert_eq!(fs::read(disk.join("a.toml")).unwrap(), b"A");
}

#[test]
fn a_read_only_disk_says_so() {
    let Some(disk) = disk() else {
        return with_disk("edit::files::tests::room::a_read_only_disk_says_so");
    };
    fs::write(disk.join("a.toml"), "a").unwrap();
    let remount = |how| {
        let mut mount = Command::new("mount");
        mount.args(["-o", how]).arg(&disk);
        assert!(mount.status().unwrap().success());
    };
    remount("remount,ro");
    let fault = writes(&disk, 1).prepare().unwrap_err();
    assert_eq!(fault.code(), "not_writable");
    remount("remount,rw");
    let prepared = writes(&disk, 1).prepare().unwrap();
    remount("remount,ro");
    assert_eq!(prepared.commit().unwrap_err().code(), "not_writable");
    assert_eq!(fs::read(disk.join("a.toml")).unwrap(), b"a");
}
