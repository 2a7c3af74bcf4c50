use serde_json::{Map, Value};

/// Where a value is other than a schema of the document says. It knows the keywords that say which
/// keys and words there are; what a text or number may be, `tests/api` checks.
pub(super) fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut check = Check {
        document,
        faults: Vec::new(),
    };
    check.value("", schema, value);
    check.faults
}

struct Check<'d> {
    document: &'d Value,
    faults: Vec<String>,
}

impl Check<'_> {
    fn value(&mut self, at: &str, schema: &Value, value: &Value) {
        for (keyword, rule) in schema.as_object().expect("a schema is an object") {
            self.keyword(at, keyword, rule, schema, value);
        }
    }

    fn keyword(&mut self, at: &str, keyword: &str, rule: &Value, schema: &Value, value: &Value) {
        match keyword {
            "$ref" => self.value(at, resolve(self.document, rule), value),
            "type" => self.expect(at, is_of_type(rule, value), "another type"),
            "enum" => self.expect(at, array(rule).contains(value), "no word of the list"),
            "required" => self.required(at, array(rule), value),
            "properties" => self.properties(at, object(rule), schema, value),
            "items" => {
                for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.value(&format!("{at}/{place}"), rule, item);
                }
            }
            "anyOf" => {
                let mut all = array(rule).iter();
                let fits = all.any(|it| faults(self.document, it, value).is_empty());
                self.expect(at, fits, "none of several");
            }
            "additionalProperties" if rule.is_object() => self.values(at, rule, value),
            "additionalProperties" => assert_eq!(*rule, false, "{at}"),
            "dependentRequired" | "description" | "examples" | "format" | "maxItems"
            | "maxLength" | "maximum" | "minItems" | "minLength" | "minimum" | "pattern"
            | "propertyNames" | "uniqueItems" | "writeOnly" => {}
            other => panic!("{at}: the keyword {other} is not known here"),
        }
    }

    fn required(&mut self, at: &str, keys: &[Value], value: &Value) {
        let Some(value) = value.as_object() else {
            return;
        };
        for key in keys.iter().filter_map(Value::as_str) {
            self.expect(&format!("{at}/{key}"), value.contains_key(key), "not there");
        }
    }

    fn properties(&mut self, at: &str, known: &Map<String, Value>, schema: &Value, value: &Value) {
        assert_eq!(schema["additionalProperties"], false, "{at} is open");
        for (key, value) in value.as_object().into_iter().flatten() {
            let at = format!("{at}/{key}");
            match known.get(key) {
                Some(schema) => self.value(&at, schema, value),
                None => self.faults.push(format!("{at}: an unknown key")),
            }
        }
    }

    /// An object whose keys may be any.
    fn values(&mut self, at: &str, rule: &Value, value: &Value) {
        for (key, value) in value.as_object().into_iter().flatten() {
            self.value(&format!("{at}/{key}"), rule, value);
        }
    }

    fn expect(&mut self, at: &str, holds: bool, fault: &str) {
        if !holds {
            self.faults.push(format!("{at}: {fault}"));
        }
    }
}

/// What a reference leads to.
pub(super) fn resolve<'d>(document: &'d Value, reference: &Value) -> &'d Value {
    let pointer = reference.as_str().and_then(|text| text.strip_prefix('#'));
    let target = pointer.and_then(|pointer| document.pointer(pointer));
    target.unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

fn is_of_type(rule: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => panic!("{name} is no type"),
    };
    match rule.as_array() {
        Some(names) => names.iter().any(is),
        None => is(rule),
    }
}

fn array(rule: &Value) -> &[Value] {
    rule.as_array().expect("the rule is a list")
}

fn object(rule: &Value) -> &Map<String, Value> {
    rule.as_object().expect("the rule is an object")
}
