#!/usr/bin/env bash
# CPU time per unit of work: Lockgate beside nginx, in one run on one machine.
#
#   benches/compare/run.sh             five rounds, about three minutes
#   QUICK=1 benches/compare/run.sh     one short round: shows that this works, measures nothing
#
# The proxy has one core and load and origin another, so what is compared is the CPU time (user and
# system) that the proxy takes for a unit, by the kernel's accounting. It hardly depends on how fast
# the load comes, which requests per second on a shared machine do. Only the shares travel to
# another machine, and only between rows of one run.
#
# Knobs, all optional:
#   ROUNDS=5 DURATION=5 WARMUP=1       rounds, and seconds of a measurement and of its warm-up
#   PROXIES="nginx lockgate"           whom to measure; the first is what the others are compared to
#   LOADS="connect request segment"    with what
#   PROXY_CORE=0 LOAD_CORE=1           which cores
#   LOCKGATE=… LOAD=…                  programs in place of those that cargo builds here
#
# A new load is a line in each table of loads.sh; a new proxy is a start and a version function in
# proxies.sh.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# Debian keeps nginx where only root looks for programs.
PATH=$PATH:/usr/sbin
readonly HERE="${BASH_SOURCE[0]%/*}"
source "$HERE/loads.sh"
source "$HERE/proxies.sh"
source "$HERE/measure.sh"
source "$HERE/table.sh"

QUICK=${QUICK:-}
ROUNDS=${ROUNDS:-${QUICK:+1}}
DURATION=${DURATION:-${QUICK:+0.7}}
WARMUP=${WARMUP:-${QUICK:+0.1}}
readonly QUICK ROUNDS=${ROUNDS:-5} DURATION=${DURATION:-5} WARMUP=${WARMUP:-1}
readonly PROXY_CORE=${PROXY_CORE:-0} LOAD_CORE=${LOAD_CORE:-1}
read -ra PROXIES <<<"${PROXIES:-nginx lockgate}"
read -ra LOADS <<<"${LOADS:-connect request segment}"

readonly DOMAIN=play.example.test
DIRECTORY=$(mktemp -d)
readonly DIRECTORY
declare -A PID=() PORT=()

main() {
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    prepare_programs
    make_certificate
    start origin
    for proxy in "${PROXIES[@]}"; do
        start "$proxy"
        wait_until_ready "$proxy"
    done
    for ((round = 1; round <= ROUNDS; round++)); do
        echo "round $round of $ROUNDS" >&2
        for load in "${LOADS[@]}"; do
            for proxy in "${PROXIES[@]}"; do
                measure "$load" "$proxy"
            done
        done
    done
    print_table
}

fail() {
    echo "run.sh: $*" >&2
    exit 1
}

clean_up() {
    local status=$?
    trap - EXIT
    if ((status != 0)); then
        tail -n 20 "$DIRECTORY"/*/log >&2 2>/dev/null || true
    fi
    if ((${#PID[@]} > 0)); then
        stop_all
    fi
    rm -rf "$DIRECTORY"
    exit "$status"
}

# Who takes longer than five seconds is not waited for.
stop_all() {
    local pid
    kill "${PID[@]}" 2>/dev/null || true
    for pid in "${PID[@]}"; do
        for _ in {1..50}; do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
    done
    kill -KILL "${PID[@]}" 2>/dev/null || true
}

main
