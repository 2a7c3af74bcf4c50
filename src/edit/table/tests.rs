use super::*;

fn texts(texts: &[&str]) -> Value {
    let texts = texts.iter().map(|text| (*text).to_owned());
    Value::Texts(texts.collect())
}

fn edit(text: &str, key: &str, value: Option<Value>) -> Result<String, EditFault> {
    set(text, Base::Root, &[(key.into(), value)])
}

/// Checks what comes of setting a key, and that setting it once more changes nothing.
fn check(text: &str, key: &str, value: impl Into<Value>, expected: &str) {
    let value = Some(value.into());
    let edited = edit(text, key, value.clone()).unwrap();
    assert_eq!(edited, expected);
    assert_eq!(edit(&edited, key, value).unwrap(), expected, "twice");
}

fn check_removal(text: &str, key: &str, expected: &str) {
    assert_eq!(edit(text, key, None).unwrap(), expected);
    assert_eq!(edit(expected, key, None).unwrap(), expected, "twice");
}

#[test]
fn a_value_is_replaced_where_it_stands() {
    check("a=1#x\nb = 2\n", "a", 3, "a=3#x\nb = 2\n");
    check("  a\t= '1' # x\r\n", "a", "y", "  a\t= \"y\" # x\r\n");
    check(
        "a.b = 1\nc = 2\na.d = 3",
        "a.d",
        4,
        "a.b = 1\nc = 2\na.d = 4",
    );
    check(
        "a = { b.c = 1, d = 2 }\n",
        "a.b.c",
        3,
        "a = { b.c = 3, d = 2 }\n",
    );
    check(
        "[a]\nb = \"\"\"\n# x\n\"\"\"\n",
        "a.b",
        true,
        "[a]\nb = true\n",
    );
    check("\"a\".'b' = 1\n", "a.b", 2, "\"a\".'b' = 2\n");
}

#[test]
fn a_value_that_is_there_already_stays_as_it_is_written() {
    for text in ["a = 'x'", "a = \"\"\"\nx\"\"\"\n", "a = \"\\u0078\"\r\n"] {
        check(text, "a", "x", text);
    }
    let array = "a = [ 'x' , # y\n\n \"z\"\n,]\n";
    check(array, "a", texts(&["x", "z"]), array);
}

#[test]
fn a_new_key_stands_below_its_neighbours() {
    check("", "a.b", 1, "a.b = 1\n");
    check("a = 1\n\n# x\n[c]\n", "b", 2, "a = 1\nb = 2\n\n# x\n[c]\n");
    check("[c]\n", "b", 2, "b = 2\n[c]\n");
    check("  a = [\n1] # x", "b", 2, "  a = [\n1] # x\n  b = 2");
    check(
        "t.a = 1\nb = 2\r\n",
        "t.c",
        3,
        "t.a = 1\nt.c = 3\nb = 2\r\n",
    );
    check("[t] # x\n\n[u]\n", "t.a", 1, "[t] # x\na = 1\n\n[u]\n");
    check("[t]\na = 1", "t.b.c", 1, "[t]\na = 1\nb.c = 1");
    check("t = {}\n", "t.a", 1, "t = { a = 1 }\n");
    check(
        "t = { a = 1 } # x\n",
        "t.b.c",
        2,
        "t = { a = 1, b.c = 2 } # x\n",
    );
    check(
        "t = { a.b = 1, c = 2 }",
        "t.a.d",
        3,
        "t = { a.b = 1, a.d = 3, c = 2 }",
    );
    check(
        "t = {\n a = 1, # x\n}\n",
        "t.b",
        2,
        "t = {\n a = 1, b = 2, # x\n}\n",
    );
    check("t = { # x\n}\n", "t.b", 2, "t = { b = 2 # x\n}\n");
    check("[t.u]\na = 1\n", "t.b", 2, "t.b = 2\n[t.u]\na = 1\n");
}

#[test]
fn a_removed_key_takes_its_comments_along() {
    check_removal("a = 1\nb = 2 # x\nc = 3\n", "b", "a = 1\nc = 3\n");
    check_removal("a = 1\n# x\n # y\nb = 2", "b", "a = 1\n");
    check_removal("# x\n\n# y\r\nb = 2\r\n", "b", "# x\n\n");
    check_removal("a = '''\n# x'''\nb = 2\n", "b", "a = '''\n# x'''\n");
    check_removal("t.a = 1\nb = 2\nt.c = 3\n", "t", "b = 2\n");
    check_removal(
        "b = 1\n\n# x\n[t]\n# y\na = 1\nc = 2\n\n[u]\n",
        "t",
        "b = 1\n\n\n[u]\n",
    );
    check_removal("[t]\na = 1\n", "t.a", "[t]\n");
}

#[test]
fn a_removed_key_takes_a_comma_along() {
    check_removal("t = { a = 1, b = 2, c = 3 }", "t.a", "t = { b = 2, c = 3 }");
    check_removal("t = { a = 1, b = 2, c = 3 }", "t.b", "t = { a = 1, c = 3 }");
    check_removal("t = { a = 1, b = 2, c = 3 }", "t.c", "t = { a = 1, b = 2 }");
    check_removal("t = { a = 1, b = 2, }", "t.b", "t = { a = 1, }");
    check_removal("x = 1\n# y\nt = { a = 1 } # z\n", "t.a", "x = 1\n");
    check_removal(
        "t = { a.b = 1, c = 2, a.d = 3 }\n",
        "t.a",
        "t = { c = 2 }\n",
    );
    let lines = "t = {\n a = 1, # a\n # b\n b = 2, # b too\n c = 3 # c\n}\n";
    check_removal(lines, "t.b", "t = {\n a = 1, # a\n c = 3 # c\n}\n");
    check_removal(
        lines,
        "t.c",
        "t = {\n a = 1, # a\n # b\n b = 2, # b too\n}\n",
    );
}

#[test]
fn elements_that_stay_keep_their_comments() {
    let of = |old: &str, new: &[&str], expected: &str| {
        check(
            &format!("a = {old}\n"),
            "a",
            texts(new),
            &format!("a = {expected}\n"),
        );
    };
    of("['x']", &["x", "y"], "['x', \"y\"]");
    of("['x', 'y', 'z']", &["x", "z"], "['x', 'z']");
    of("['x', 'y', 'z']", &["z"], "['z']");
    of("['x', 'y']", &["x"], "['x']");
    of("['x',]", &["y", "x"], "[\"y\", 'x',]");
    of("['x']", &[], "[]");
    of("[]", &["x"], "[\"x\"]");
    let lines = "[\n  'x', # x\n  'y', # y\n]";
    of(
        lines,
        &["x", "y", "z"],
        "[\n  'x', # x\n  'y', # y\n  \"z\",\n]",
    );
    of(
        lines,
        &["x", "z", "y"],
        "[\n  'x', # x\n  \"z\",\n  'y', # y\n]",
    );
    of(lines, &["z", "y"], "[\n  \"z\", # x\n  'y', # y\n]");
    of(lines, &["x"], "[\n  'x', # x\n]");
    of(lines, &["y"], "[\n  'y', # y\n]");
    let bare = "[\n  'x', # x\n  'y' # y\n]";
    of(
        bare,
        &["x", "y", "z", "w"],
        "[\n  'x', # x\n  'y', # y\n  \"z\",\n  \"w\"\n]",
    );
    of(bare, &["x"], "[\n  'x', # x\n]");
}

#[test]
fn what_is_no_place_for_a_key_stays_as_it_is() {
    let fault =
        |text: &str, key: &str, value: Option<Value>| edit(text, key, value).unwrap_err().code();
    assert_eq!(fault("a = 1\n", "a.b", Some(1.into())), "key_taken");
    assert_eq!(fault("a.b = 1\n", "a", Some(1.into())), "key_taken");
    assert_eq!(fault("[[a]]\n", "a", None), "key_taken");
    assert_eq!(fault("[[a]]\n", "a.b", Some(1.into())), "key_taken");
    let syntax = edit("a = 1\n\nb = \n", "a", None).unwrap_err();
    assert_eq!(syntax.code(), "toml_syntax");
    assert!(
        syntax.to_string().starts_with("line 3 is not valid TOML: "),
        "{syntax}"
    );
}
