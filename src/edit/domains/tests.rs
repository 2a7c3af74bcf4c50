use super::*;

fn pattern(name: &str) -> Pattern {
    name.parse().unwrap()
}

const FILE: &str = r#"# Domains of ours

# Main
[[domain]]
name = "A.example.com." # as it was
origins = ["demo:"]
# https = false

# TLS
[domain.tls]
min_version = "1.3"

# Anyone's

[[domain]]
name = "b.example.com"
origins = ["demo:"]
# About c
[[domain]]
name = "c.example.com"
origins = ["demo:"]
"#;

#[test]
fn a_table_is_all_that_belongs_to_a_domain() {
    let text = |name| table_text(FILE, &pattern(name)).unwrap();
    let a = text("a.example.com");
    assert!(
        a.starts_with("# Main\n[[domain]]") && a.ends_with("min_version = \"1.3\""),
        "{a}"
    );
    let c = text("c.example.com");
    assert!(
        c.starts_with("# About c\n[[domain]]") && c.ends_with("[\"demo:\"]"),
        "{c}"
    );
    assert_eq!(table_text(FILE, &pattern("d.example.com")), None);
    assert_eq!(Editor::parse(FILE).unwrap().finish(), FILE);
}

#[test]
fn each_domain_is_removed_with_its_comments() {
    let without = |name| remove(FILE, &pattern(name)).unwrap();
    let a = without("a.example.com");
    assert!(
        a.starts_with("# Domains of ours\n\n# Anyone's\n\n[[domain]]\nname = \"b"),
        "{a}"
    );
    let b = without("b.example.com");
    assert!(b.contains("# Anyone's\n\n# About c\n[[domain]]"), "{b}");
    let c = without("C.example.com.");
    assert!(
        c.ends_with("name = \"b.example.com\"\norigins = [\"demo:\"]\n"),
        "{c}"
    );
    let mut all = Editor::parse(FILE).unwrap();
    for name in ["b.example.com", "a.example.com", "c.example.com"] {
        all.remove(&pattern(name)).unwrap();
    }
    assert_eq!(all.finish(), "# Domains of ours\n\n# Anyone's\n");
}

#[test]
fn a_domain_is_added_below_a_blank_line() {
    let keys = [
        ("origins".into(), Some(vec!["demo:".to_owned()].into())),
        ("https".into(), None),
        ("tls.min_version".into(), Some("1.3".into())),
    ];
    let add = |text| add(text, &pattern("D.example.com"), &keys).unwrap();
    let table =
        "[[domain]]\nname = \"d.example.com\"\norigins = [\"demo:\"]\ntls.min_version = \"1.3\"\n";
    assert_eq!(add(""), table);
    assert_eq!(add("\u{feff}# x"), format!("\u{feff}# x\n\n{table}"));
    assert_eq!(add(FILE), format!("{FILE}\n{table}"));
    assert_eq!(add("# x\n\n"), format!("# x\n\n{table}"));
    let dos = add("# x\r\n");
    assert_eq!(dos, format!("# x\r\n\r\n{}", table.replace('\n', "\r\n")));
    assert_eq!(remove(&dos, &pattern("d.example.com")).unwrap(), "# x\r\n");
    assert_eq!(remove(table, &pattern("d.example.com")).unwrap(), "");
}

#[test]
fn keys_are_set_in_the_first_table_of_the_name_alone() {
    let twice = format!("{FILE}[[domain]]\nname = \"b.example.com\"\n");
    let keys = [
        ("https".into(), Some(false.into())),
        ("tls.min_version".into(), None),
    ];
    let edited = set(&twice, &pattern("B.example.com"), &keys).unwrap();
    let expected = twice.replacen(
        "name = \"b.example.com\"\norigins = [\"demo:\"]\n",
        "name = \"b.example.com\"\norigins = [\"demo:\"]\nhttps = false\n",
        1,
    );
    assert_eq!(edited, expected);
}

#[test]
fn a_domain_may_get_another_name_but_not_one_that_is_taken() {
    let mut editor = Editor::parse(FILE).unwrap();
    let mut rename = |from, to: &str| editor.set(&pattern(from), &[(NAME.into(), Some(to.into()))]);
    let taken = rename("a.example.com", "b.example.com").unwrap_err();
    assert_eq!(taken.code(), "domain_exists");
    rename("a.example.com", "d.example.com").unwrap();
    rename("b.example.com", "a.example.com").unwrap();
    assert_eq!(
        rename("b.example.com", "x").unwrap_err().code(),
        "unknown_domain"
    );
    let text = editor.finish();
    assert!(
        text.contains("name = \"d.example.com\" # as it was\n"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_edited_is_told() {
    let fault = |text: &str| {
        let keys = [("https".into(), Some(true.into()))];
        set(text, &pattern("a.example.com"), &keys)
            .unwrap_err()
            .code()
    };
    assert_eq!(fault(""), "unknown_domain");
    assert_eq!(fault("[[domain]\n"), "toml_syntax");
    assert_eq!(
        fault("domain = [{ name = \"a.example.com\" }]\n"),
        "domains_not_tables"
    );
    assert_eq!(
        fault("[domain]\nname = \"a.example.com\"\n"),
        "domains_not_tables"
    );
    let torn = "[[domain]]\nname = \"a.example.com\"\n[x]\n[domain.tls]\n";
    assert_eq!(fault(torn), "domains_not_tables");
    let there = add(FILE, &pattern("b.example.com"), &[]).unwrap_err();
    assert_eq!(there.code(), "domain_exists");
    let gone = remove(FILE, &pattern("d.example.com")).unwrap_err();
    assert_eq!(gone.to_string(), "there is no domain d.example.com");
}
