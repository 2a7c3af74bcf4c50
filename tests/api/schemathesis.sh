#!/usr/bin/env bash
# Holds a running Lockgate against its own description, /api/v1/openapi.json: requests
# that it allows and requests that it does not, some thousand of them within two minutes.
# None may be answered by a 5xx, or with what the description does not have.
#
# LOCKGATE_BIN is the program; the release build by default, else the debug build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly VERSION=4.32.5
readonly VENV=${CARGO_TARGET_DIR:-$PWD/target}/schemathesis
# For a machine where it hangs: it takes no more than two minutes.
readonly LONGEST=5m
readonly CHECKS=not_a_server_error,status_code_conformance,content_type_conformance
readonly MORE_CHECKS=response_headers_conformance,response_schema_conformance,negative_data_rejection

PLACE=$(mktemp -d)
SERVER=

main() {
  trap clean_up EXIT
  install
  start
  ask
}

# What is there already needs no network.
install() {
  [[ ! -e $VENV/.installed-$VERSION ]] || return 0
  python3 -m venv "$VENV"
  "$VENV/bin/pip" install --quiet "schemathesis==$VERSION"
  touch "$VENV/.installed-$VERSION"
}

# The demonstration, at ports that the system chooses.
start() {
  cp -r config "$PLACE"
  cat >"$PLACE/config/lockgate.toml" <<'TOML'
[listeners]
http = ["127.0.0.1:0"]
https = ["127.0.0.1:0"]

[admin]
listen = "127.0.0.1:0"
TOML
  "$(program)" --config "$PLACE/config" >"$PLACE/summary" 2>"$PLACE/log" &
  SERVER=$!
  for _ in {1..100}; do
    admin >/dev/null && return
    sleep 0.1
  done
  cat "$PLACE/log"
  return 1
}

# Where the admin listener is.
admin() {
  sed --quiet 's/^ *admin: \(http:[^ ]*\).*/\1/p' "$PLACE/summary" 2>/dev/null | grep http
}

program() {
  local target=${CARGO_TARGET_DIR:-target} file
  for file in "${LOCKGATE_BIN:-}" "$target/release/lockgate" "$target/debug/lockgate"; do
    if [[ -x $file ]]; then echo "$file" && return; fi
  done
  echo "there is no program yet: cargo build --release" >&2
  return 1
}

# Twice: with any names, and with names of what is there.
ask() {
  local schemathesis=("$VENV/bin/schemathesis")
  run
  schemathesis+=(--config-file tests/api/schemathesis.toml)
  run
}

# Tokens that are none would have the listener hold us off, so none are made up.
run() {
  local token
  token=$(<"$PLACE/state/tokens/operator")
  timeout --kill-after=10s "$LONGEST" "${schemathesis[@]}" run "$(admin)/api/v1/openapi.json" \
    --header "Authorization: Bearer $token" --generation-with-security-parameters=false \
    --checks "$CHECKS,$MORE_CHECKS" --phases examples,coverage,fuzzing \
    --max-examples 20 --max-time 55 --request-timeout 30 --continue-on-failure --no-color \
    --generation-deterministic --warnings off
}

clean_up() {
  if [[ $SERVER ]]; then
    kill "$SERVER" || true
    wait "$SERVER" || true
  fi
  rm -rf "$PLACE"
}

main
