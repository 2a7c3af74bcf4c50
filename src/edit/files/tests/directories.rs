use super::*;

fn replace(root: &Path, files: BTreeMap<String, (Vec<u8>, u32)>) {
    let mut writes = Writes::new();
    writes.replace_directory(root.join("play"), files);
    writes
        .prepare()
        .unwrap()
        .commit()
        .unwrap()
        .finish()
        .unwrap();
}

#[test]
fn what_is_no_part_of_the_certificate_is_carried_over() {
    let root = directory(&[
        ("play/tls.crt", "old"),
        ("play/certificate.toml", "old"),
        ("play/README", "ours"),
        ("play/hooks/deep/run.sh", "#!"),
    ]);
    let own = root.path().join("play");
    symlink("README", own.join("LINK")).unwrap();
    let inode = |path: &str| fs::metadata(own.join(path)).unwrap().ino();
    let before = (inode("README"), inode("hooks/deep/run.sh"));
    replace(root.path(), pair("new"));
    assert_eq!((inode("README"), inode("hooks/deep/run.sh")), before);
    let expected = [
        "play/",
        "play/LINK → README",
        "play/README=ours",
        "play/fullchain.pem=new",
        "play/hooks/",
        "play/hooks/deep/",
        "play/hooks/deep/run.sh=#!",
        "play/privkey.pem=key",
    ];
    assert_eq!(tree(root.path()), expected);
}

#[test]
fn modes_are_those_that_are_given_and_the_group_keeps_its_rights() {
    let root = directory(&[("play/privkey.pem", "old")]);
    let own = root.path().join("play");
    fs::set_permissions(&own, Permissions::from_mode(0o750)).unwrap();
    fs::set_permissions(own.join("privkey.pem"), Permissions::from_mode(0o644)).unwrap();
    let is_root = chown(own.join("privkey.pem"), Some(12_345), Some(12_346)).is_ok();
    replace(root.path(), pair("new"));
    assert_eq!((mode(&own), mode(&own.join("privkey.pem"))), (0o750, 0o640));
    let group = fs::metadata(own.join("privkey.pem")).unwrap().gid();
    assert!(!is_root || group == 12_346);
    fs::remove_dir_all(&own).unwrap();
    replace(root.path(), pair("new"));
    assert_eq!(mode(&own) & 0o700, 0o700);
    assert_eq!(mode(&own.join("privkey.pem")), 0o600);
}

#[test]
fn what_another_tool_keeps_stays() {
    let root = directory(&[
        ("live/fullchain.pem", "x"),
        ("play/README", "x"),
        ("a.toml", "a"),
    ]);
    let path = |name: &str| root.path().join(name);
    symlink("live", path("linked")).unwrap();
    symlink("a.toml", path("b.toml")).unwrap();
    symlink("../live/fullchain.pem", path("play/fullchain.pem")).unwrap();
    let before = tree(root.path());
    let of: [fn(&mut Writes, PathBuf); 4] = [
        |writes, path| writes.replace(path, Some(bytes("a")), bytes("A")),
        |writes, path| writes.remove(path, bytes("a")),
        |writes, path| writes.replace_directory(path, pair("new")),
        |writes, path| writes.remove_directory(path),
    ];
    for (number, name) in [
        (0, "b.toml"),
        (1, "b.toml"),
        (2, "linked"),
        (3, "linked"),
        (2, "play"),
        (3, "play"),
    ] {
        let mut writes = Writes::new();
        writes.replace(path("n.toml"), None, bytes("n"));
        of[number](&mut writes, path(name));
        let fault = writes.prepare().unwrap_err();
        assert_eq!(fault.code(), "managed_elsewhere", "{name}");
        assert!(fault.path().starts_with(path(name)), "{fault}");
    }
    assert_eq!(tree(root.path()), before);
}
