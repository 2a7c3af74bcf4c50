# Runs one load against one proxy and writes down what it cost.

# Appends "µs of CPU per unit, share of the core in use" to a file per load and proxy.
measure() {
    local load=$1 proxy=$2 before after result
    ask "$load" "$proxy" --seconds "$WARMUP" >/dev/null
    before=$(cpu_ns "${PID[$proxy]}")
    result=$(ask "$load" "$proxy" --seconds "$DURATION")
    after=$(cpu_ns "${PID[$proxy]}")
    [[ $result =~ \"units\":([0-9]+),.*\"seconds\":([0-9.]+) ]] || fail "what is $result?"
    awk -v cpu=$((after - before)) -v gets="${BASH_REMATCH[1]}" -v wall="${BASH_REMATCH[2]}" \
        -v units="${UNITS_PER_GET[$load]}" \
        'BEGIN { print cpu / 1e3 / (gets * units), cpu / 1e9 / wall }' \
        >>"$DIRECTORY/$load.$proxy"
}

# The load program fails when any answer is wrong, and the run with it.
ask() {
    local proxy=$2 command
    read -ra command <<<"${COMMAND[$1]}"
    shift 2
    taskset -c "$LOAD_CORE" "$LOAD" "${command[@]}" --connect "127.0.0.1:${PORT[$proxy]}" \
        --sni "$DOMAIN" --ca "$DIRECTORY/fullchain.pem" "$@"
}

# Nanoseconds on a core so far: of all threads of a process and of its children. With nginx these
# are its master, which idles, and its worker. A thread that ended takes its time along; the proxies
# here keep the threads that serve.
cpu_ns() {
    local pid children files=()
    children=$(<"/proc/$1/task/$1/children")
    for pid in "$1" $children; do
        files+=("/proc/$pid/task/"*/schedstat)
    done
    cat "${files[@]}" | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# "median least greatest" of a column of numbers.
spread() {
    sort -g | awk '
        { value[NR] = $1 }
        END {
            middle = int((NR + 1) / 2)
            print (value[middle] + value[NR + 1 - middle]) / 2, value[1], value[NR]
        }'
}
