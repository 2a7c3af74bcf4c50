use super::*;

/// Renames of which one fails, and perhaps all that would put things back.
struct Failing {
    left: usize,
    is_for_good: bool,
    is_plain: bool,
}

impl Failing {
    fn count(&mut self) -> io::Result<()> {
        let fails = self.left == 0;
        if !(fails && self.is_for_good) {
            self.left = self.left.wrapping_sub(1);
        }
        match fails {
            true => Err(ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }
}

impl Renames for Failing {
    fn exchange(&mut self, one: &Path, other: &Path) -> io::Result<()> {
        self.count()?;
        match self.is_plain {
            true => Plain.exchange(one, other),
            false => System.exchange(one, other),
        }
    }

    fn place(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.count()?;
        match self.is_plain {
            true => Plain.place(from, to),
            false => System.place(from, to),
        }
    }
}

#[test]
fn when_a_step_fails_all_is_put_back() {
    let root = old();
    let before = tree(root.path());
    for (left, is_plain) in (0..14).map(|number| (number / 2, number % 2 == 0)) {
        let prepared = writes(root.path()).prepare().unwrap();
        let mut renames = Failing {
            left,
            is_for_good: false,
            is_plain,
        };
        let fault = prepared.commit_by(&mut renames).unwrap_err();
        assert_eq!(fault.code(), "no_space");
        assert_eq!(tree(root.path()), before, "{left} {is_plain}");
    }
}

#[test]
fn what_cannot_be_put_back_is_kept() {
    let root = directory(&[("a.toml", "a"), ("b.toml", "b"), ("c.toml", "c")]);
    let mut writes = Writes::new();
    for name in ["a", "b", "c"] {
        let path = root.path().join(format!("{name}.toml"));
        writes.replace(path, Some(bytes(name)), bytes("new"));
    }
    let mut renames = Failing {
        left: 2,
        is_for_good: true,
        is_plain: false,
    };
    let fault = writes
        .prepare()
        .unwrap()
        .commit_by(&mut renames)
        .unwrap_err();
    assert_eq!(
        (fault.code(), fault.path()),
        ("not_put_back", &*root.path().join("a.toml"))
    );
    let WriteFault::NotPutBack { kept, .. } = &fault else {
        panic!("{fault}");
    };
    assert!(fault.to_string().contains(kept.to_str().unwrap()));
    // The next one takes it for no leftover.
    drop(writes_one(root.path()).prepare().unwrap());
    let old: Vec<_> = ["0", "1"]
        .map(|name| fs::read(kept.join(name)).unwrap())
        .into();
    assert_eq!(old, [b"a", b"b"]);
}

fn writes_one(root: &Path) -> Writes {
    let mut writes = Writes::new();
    writes.replace(root.join("x.toml"), None, bytes("x"));
    writes
}

#[test]
fn an_edit_by_hand_stays() {
    let hands: [fn(&Path); 8] = [
        |root| fs::write(root.join("b.toml"), "by hand").unwrap(),
        |root| fs::remove_file(root.join("b.toml")).unwrap(),
        |root| fs::write(root.join("n.toml"), "by hand").unwrap(),
        |root| fs::write(root.join("r.toml"), "R").unwrap(),
        |root| fs::write(root.join("play/fullchain.pem"), "by hand").unwrap(),
        |root| fs::write(root.join("gone/new.pem"), "by hand").unwrap(),
        |root| fs::create_dir(root.join("fresh")).unwrap(),
        |root| {
            fs::rename(root.join("play"), root.join("moved")).unwrap();
            symlink("moved", root.join("play")).unwrap();
        },
    ];
    for hand in hands {
        let root = old();
        let prepared = writes(root.path()).prepare().unwrap();
        hand(root.path());
        let is_ours = |line: &String| line.starts_with(".lockgate-");
        let by_hand = tree(root.path()).into_iter();
        let by_hand: Vec<_> = by_hand.filter(|line| !is_ours(line)).collect();
        let fault = prepared.commit().unwrap_err();
        assert_eq!(fault.code(), "changed_meanwhile", "{fault}");
        assert_eq!(tree(root.path()), by_hand);
    }
}

#[test]
fn what_is_not_as_planned_is_not_even_prepared() {
    let root = old();
    let path = |name: &str| root.path().join(name);
    let before = tree(root.path());
    let code = |write: fn(&mut Writes, PathBuf), name: &str| {
        let mut writes = Writes::new();
        writes.replace(path("x.toml"), None, bytes("x"));
        write(&mut writes, path(name));
        let fault = writes.prepare().unwrap_err();
        assert_eq!(tree(root.path()), before);
        fault.code()
    };
    let new = |writes: &mut Writes, path| writes.replace(path, None, bytes("x"));
    let old = |writes: &mut Writes, path| writes.replace(path, Some(bytes("x")), bytes("y"));
    assert_eq!(code(new, "a.toml"), "changed_meanwhile");
    assert_eq!(code(old, "missing.toml"), "changed_meanwhile");
    assert_eq!(
        code(|writes, path| writes.remove_directory(path), "missing"),
        "changed_meanwhile"
    );
    assert_eq!(code(old, "play"), "write_failed");
    assert_eq!(code(new, "a.toml/below"), "write_failed");
    assert_eq!(code(new, "missing/x.toml"), "write_failed");
    assert_eq!(code(new, "x.toml"), "write_failed");
    let outside = |writes: &mut Writes, path| {
        let files = [("../y.pem".to_owned(), (bytes("y"), 0o600))];
        writes.replace_directory(path, files.into());
    };
    assert_eq!(code(outside, "play"), "write_failed");
    assert_eq!(
        code(
            |writes, path| writes.replace_directory(path, pair("x")),
            "a.toml"
        ),
        "write_failed"
    );
}
