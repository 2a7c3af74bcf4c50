#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lockgate_fuzz::routes(bytes));
