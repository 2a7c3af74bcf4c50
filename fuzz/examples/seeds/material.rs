//! What is there already: the examples, and the fixtures of the tests.

macro_rules! example {
    ($file:literal) => {
        include_bytes!(concat!("../../../certs-example/", $file)).as_slice()
    };
}

macro_rules! fixture {
    ($file:literal) => {
        include_bytes!(concat!("../../../tests/fixtures/", $file)).as_slice()
    };
}

pub(crate) use {example, fixture};
