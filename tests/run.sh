#!/usr/bin/env bash
# Installs what the tests need from Debian and npm, then runs all of them:
# format, lints, unit and integration tests, smoke runs of the benches and the
# fuzz targets, the release build, and the end-to-end tests. A failure stops
# nothing; it is counted. The last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly E2E=tests/e2e
readonly LEAST_NODE=20
# They take about five minutes; this is for a machine where they hang.
readonly LONGEST_E2E=15m
readonly POLICY=/usr/sbin/policy-rc.d

LOGS=$(mktemp -d)
PASSED=0
FAILED=0
SUCCEEDED=

main() {
  trap clean_up EXIT
  export CARGO_TERM_COLOR=never

  prepare "packages from Debian" install_debian
  prepare "packages from npm" install_npm
  prepare "tools of Rust" install_rust_tools

  check "format" cargo fmt --check
  check "lints" cargo clippy --all-targets --locked -- -D warnings
  suite "unit and integration tests" count_cargo cargo test --locked --no-fail-fast
  check_benches
  check "fuzz targets (smoke)" smoke_fuzz
  check_dependencies
  check "alert rules" check_alerts
  check "deploy" check_deploy
  check "release build" cargo build --release --locked
  check "API against its description" bash tests/api/schemathesis.sh
  suite "end-to-end tests" count_node end_to_end

  summary
}

# --- What is needed -------------------------------------------------------

install_debian() {
  local missing=()
  lacks nginx && missing+=(nginx)
  [[ -e /usr/lib/nginx/modules/ngx_rtmp_module.so ]] || missing+=(libnginx-mod-rtmp)
  lacks ffmpeg && missing+=(ffmpeg)
  lacks chromium && missing+=(chromium)
  lacks certutil && missing+=(libnss3-tools)
  lacks openssl && missing+=(openssl)
  lacks curl && missing+=(curl ca-certificates)
  lacks cc && missing+=(gcc libc6-dev)
  lacks node && missing+=(nodejs npm)
  lacks promtool && missing+=(prometheus)
  python3 -m venv --help >/dev/null 2>&1 && python3 -m ensurepip --version >/dev/null 2>&1 || missing+=(python3 python3-venv)
  ((${#missing[@]} > 0)) || return 0

  keep_services_stopped
  export DEBIAN_FRONTEND=noninteractive
  apt-get update --quiet
  apt-get install --quiet --yes --no-install-recommends "${missing[@]}"
}

lacks() {
  ! command -v "$1" >/dev/null
}

# Debian starts a service with its package. The tests start nginx themselves,
# and nobody asked for a web server on port 80.
keep_services_stopped() {
  [[ ! -e $POLICY ]] || return 0
  touch "$LOGS/policy"
  printf '#!/bin/sh\nexit 101\n' >"$POLICY"
  chmod +x "$POLICY"
}

install_npm() {
  if (($(node --print 'parseInt(process.versions.node)') < LEAST_NODE)); then
    echo "Node $LEAST_NODE or newer is needed; this is $(node --version)"
    return 1
  fi
  # What is there already needs no network.
  cmp --silent "$E2E/package-lock.json" "$E2E/node_modules/.installed" && return
  (cd "$E2E" && npm ci)
  cp "$E2E/package-lock.json" "$E2E/node_modules/.installed"
}

# rustup's minimal profile comes without them.
install_rust_tools() {
  cargo fmt --version && cargo clippy --version && return
  rustup component add rustfmt clippy
}

# --- The steps that are more than a command -------------------------------

# Each bench once and unoptimised, so that it cannot rot.
check_benches() {
  local file names=()
  for file in benches/*.rs; do
    [[ -e $file ]] && names+=(--bench "$(basename "$file" .rs)")
  done
  ((${#names[@]} > 0)) || return 0
  check "benches (smoke)" cargo bench --locked --profile dev "${names[@]}" -- --test
  check "scale (smoke)" cargo bench --locked --profile dev --bench scale -- --quick
}

# With the corpus and some inputs made of it, on stable Rust and without a C++
# compiler; fuzz/README.md says how to search. It builds few dependencies: most
# are those of the tests.
smoke_fuzz() {
  local manifest=(--manifest-path fuzz/Cargo.toml)
  export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}
  cargo fmt "${manifest[@]}" --check
  cargo clippy "${manifest[@]}" --all-targets --no-default-features --locked -- -D warnings
  cargo run "${manifest[@]}" --example smoke --no-default-features --locked
}

# The advisories need a database from the internet; the other checks do not.
check_dependencies() {
  if lacks cargo-deny; then return; fi
  check "dependencies" cargo deny --offline check bans licenses sources
}

check_deploy() {
  cargo build --locked --bin lockgate
  bash deploy/check.sh "${CARGO_TARGET_DIR:-$PWD/target}/debug/lockgate"
}

check_alerts() {
  promtool check rules deploy/prometheus/lockgate.rules.yml
  promtool test rules deploy/prometheus/lockgate.rules.test.yml
}

# One file after the other: they measure time. The spec reporter is for people,
# the count is read from the other one.
end_to_end() {
  export LOCKGATE_BIN=${LOCKGATE_BIN:-${CARGO_TARGET_DIR:-$PWD/target}/release/lockgate}
  cd "$E2E"
  timeout --kill-after=10s "$LONGEST_E2E" node --test --test-concurrency=1 \
    --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$LOGS/tap"
}

# --- Running and counting -------------------------------------------------

# prepare TITLE COMMAND…: is no test, so it counts only when it fails.
prepare() {
  step "$@"
  [[ $SUCCEEDED ]] || add 0 1
}

# check TITLE COMMAND…: one test, passed when the command succeeds.
check() {
  step "$@"
  if [[ $SUCCEEDED ]]; then add 1 0; else add 0 1; fi
}

# suite TITLE COUNT COMMAND…: as many tests as COUNT finds in what it printed.
# A run that failed without a failed test (it did not compile, say), or that ran
# nothing, counts as a failed one.
suite() {
  local title=$1 count=$2 passed failed
  shift 2
  step "$title" "$@"
  read -r passed failed < <("$count")
  if ((failed == 0)) && { [[ ! $SUCCEEDED ]] || ((passed == 0)); }; then failed=1; fi
  add "$passed" "$failed"
}

# Runs a command with its title, keeps what it prints, and sets SUCCEEDED.
# The subshell is no condition of anything, so that `set -e` holds within it.
step() {
  local title=$1 start=$SECONDS outcome verdict=passed
  shift
  printf '\n== %s\n' "$title"
  set +e
  (set -e; "$@") 2>&1 | tee "$LOGS/output"
  outcome=$?
  set -e
  SUCCEEDED=yes
  if ((outcome != 0)); then SUCCEEDED='' verdict=FAILED; fi
  printf '== %s: %s after %d s\n' "$title" "$verdict" "$((SECONDS - start))"
}

count_cargo() {
  awk '/^test result:/ { passed += $4; failed += $6 }
    END { print passed + 0, failed + 0 }' "$LOGS/output"
}

count_node() {
  touch "$LOGS/tap"
  awk '/^# pass [0-9]+$/ { passed += $3 }
    /^# (fail|cancelled) [0-9]+$/ { failed += $3 }
    END { print passed + 0, failed + 0 }' "$LOGS/tap"
}

add() {
  PASSED=$((PASSED + $1))
  FAILED=$((FAILED + $2))
}

summary() {
  printf '\n%d passed, %d failed\n' "$PASSED" "$FAILED"
  ((FAILED == 0 && PASSED > 0))
}

clean_up() {
  if [[ -e $LOGS/policy ]]; then rm -f "$POLICY"; fi
  rm -rf "$LOGS"
}

main
