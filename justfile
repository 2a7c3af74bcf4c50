# The words that CI uses. `just` lists them.

default:
    @just --list

# All that must pass: installs what the tests need, then runs everything.
test:
    bash tests/run.sh

# Formatting and lints as CI sees them.
lint:
    cargo fmt --check
    cargo clippy --all-targets --locked -- -D warnings

# Unit and integration tests: needs nothing but Rust.
unit:
    cargo test --locked

# The figures that depend on time: delay, rotation. For a quiet machine.
timing:
    cargo test --release --locked --test integration -- --ignored --nocapture --test-threads=1 \
        --skip every_flood --skip soak::soak

# What floods do to viewers, each for SECONDS; FLOOD is part of the name of those that are wanted.
floods SECONDS="20" FLOOD="":
    cargo build --release --locked
    LOCKGATE_BIN=target/release/lockgate LOCKGATE_FLOOD_SECONDS={{SECONDS}} LOCKGATE_FLOOD="{{FLOOD}}" \
        cargo test --locked --test integration -- --ignored --nocapture every_flood

# A mixed audience for so long; the counters have to agree with what it saw in the end.
soak SECONDS="120":
    LOCKGATE_SOAK_SECONDS={{SECONDS}} \
        cargo test --locked --test integration -- --ignored --nocapture soak::soak

# Searches with one fuzz target; fuzz/README.md lists them (needs nightly and cargo-fuzz).
fuzz TARGET SECONDS="300":
    mkdir -p fuzz/target/corpus/{{TARGET}}
    cargo +nightly fuzz run {{TARGET}} fuzz/target/corpus/{{TARGET}} fuzz/corpus/{{TARGET}} -- \
        -max_total_time={{SECONDS}} -max_len=16384 -timeout=10

# CPU per unit of work beside nginx.
compare:
    bash benches/compare/run.sh

# What many certificates cost: start, memory, rotation, handshakes. Options as for `just scale --help`.
scale *OPTIONS:
    cargo bench --locked --bench scale -- {{OPTIONS}}

# Licences, bans and sources of the dependencies (needs cargo-deny).
deny:
    cargo deny check licenses bans sources

# Known vulnerabilities (needs cargo-deny and a network).
advisories:
    cargo deny check advisories

# The example CA and certificates anew.
certificates:
    bash certs-example/make.sh
