# The proxies, and the origin behind them: each has a function that starts it in the background on a
# port and with a directory of its own, and one that tells its version.

start_origin() {
    exec taskset -c "$LOAD_CORE" "$LOAD" origin --listen "127.0.0.1:$1"
}

start_nginx() {
    fill "$HERE/nginx.conf" PORT="$1" DIRECTORY="$2" >"$2/nginx.conf"
    # As root the worker would become another user and not reach its directory.
    exec taskset -c "$PROXY_CORE" nginx -e "$2/log" -c "$2/nginx.conf" -g "user $(id -un);"
}

version_nginx() {
    nginx -V 2>&1 | sed -n 's/^nginx version: //p; s/^built with //p' | paste -sd' '
}

start_lockgate() {
    local certificate=$2/config/certificates/bench
    mkdir -p "$2/config/domains" "$certificate"
    cp "$DIRECTORY"/{fullchain,privkey}.pem "$certificate"
    fill "$HERE/lockgate.toml" PORT="$1" HTTP_PORT="$(free_port)" ADMIN_PORT="$(free_port)" \
        >"$2/config/lockgate.toml"
    fill "$HERE/domain.toml" >"$2/config/domains/bench.toml"
    exec taskset -c "$PROXY_CORE" "$LOCKGATE" run --config "$2/config"
}

version_lockgate() {
    "$LOCKGATE" --version
}

start() {
    local name=$1 port
    port=$(free_port)
    mkdir "$DIRECTORY/$name"
    "start_$name" "$port" "$DIRECTORY/$name" >"$DIRECTORY/$name/log" 2>&1 &
    PID[$name]=$!
    PORT[$name]=$port
}

# Ready is who serves a domain's request from end to end.
wait_until_ready() {
    local name=$1
    for _ in {1..50}; do
        kill -0 "${PID[$name]}" 2>/dev/null || fail "$name ended"
        ask request "$name" --count 1 >/dev/null 2>"$DIRECTORY/$name/probe" && return
        sleep 0.1
    done
    fail "$name does not serve: $(cat "$DIRECTORY/$name/probe")"
}

# Below the range from which the kernel gives ports to outgoing connections.
free_port() {
    local port
    for _ in {1..100}; do
        port=$((20000 + RANDOM % 12000))
        if ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    fail "no free port"
}

# A template with its @NAMES@ filled in: those given as NAME=value, and those that all have in common.
fill() {
    local file=$1 pair script
    shift
    script="s|@DOMAIN@|$DOMAIN|g; s|@ORIGIN@|127.0.0.1:${PORT[origin]}|g"
    script+="; s|@CERTIFICATE@|$DIRECTORY/fullchain.pem|g; s|@KEY@|$DIRECTORY/privkey.pem|g"
    for pair in "$@"; do
        script+="; s|@${pair%%=*}@|${pair#*=}|g"
    done
    sed "$script" "$file"
}

# P-256, as almost every new certificate is; self-signed, so that it is its own root for the load.
make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -config "$HERE/openssl.cnf" -subj "/CN=$DOMAIN" -addext "subjectAltName=DNS:$DOMAIN" \
        -keyout "$DIRECTORY/privkey.pem" -out "$DIRECTORY/fullchain.pem" 2>"$DIRECTORY/openssl.log" ||
        fail "$(cat "$DIRECTORY/openssl.log")"
}

prepare_programs() {
    LOAD=${LOAD:-$(build --bench load)}
    for proxy in "${PROXIES[@]}"; do
        case $proxy in
            lockgate) LOCKGATE=${LOCKGATE:-$(build --bin lockgate)} ;;
            *) install_package "$proxy" ;;
        esac
    done
}

# Builds a target and prints where its program is.
build() {
    local kind=$1 name=$2
    cargo build --release --manifest-path "$HERE/../../Cargo.toml" "$kind" "$name" \
        --message-format=json-render-diagnostics |
        sed -n "s|.*\"executable\":\"\([^\"]*/$name\(-[0-9a-f]*\)\?\)\".*|\1|p" | tail -n 1
}

install_package() {
    command -v "$1" >/dev/null ||
        apt-get install -y --no-install-recommends "$1" >&2 ||
        fail "$1 is missing"
}
