# Prints what was measured, as a Markdown table that can also be read as it is.

print_table() {
    local load proxy
    print_cells "CPU of the proxy per" proxy "us" "least-most" "core" "share" "goal"
    printf '|%s|%s|%s:|%s:|%s:|%s:|%s|\n' ---------------------------------- ---------- \
        --------- ------------------ ------ ------- -----------------
    for load in "${LOADS[@]}"; do
        for proxy in "${PROXIES[@]}"; do
            print_row "$load" "$proxy"
        done
    done
    print_circumstances
}

print_row() {
    local load=$1 proxy=$2 median least most busy reference share="" verdict=""
    read -r median least most < <(cut -d' ' -f1 "$DIRECTORY/$load.$proxy" | spread)
    read -r busy _ < <(cut -d' ' -f2 "$DIRECTORY/$load.$proxy" | spread)
    if [[ $proxy != "${PROXIES[0]}" ]]; then
        read -r reference _ < <(cut -d' ' -f1 "$DIRECTORY/$load.${PROXIES[0]}" | spread)
        share=$(calculate "%.2f" "$median / $reference")
    fi
    if [[ $proxy == lockgate && $share ]]; then
        verdict="<= ${GOAL[$load]} $(goal_met "$share" "${GOAL[$load]}")"
    fi
    print_cells "${TITLE[$load]}" "$proxy" "$(calculate "%.1f" "$median")" \
        "$(calculate "%.1f" "$least")-$(calculate "%.1f" "$most")" \
        "$(calculate "%.0f%%" "$busy * 100")" "$share" "$verdict"
}

print_cells() {
    printf '| %-32s | %-8s | %8s | %17s | %5s | %6s | %-15s |\n' "$@"
}

goal_met() {
    awk -v share="$1" -v goal="$2" 'BEGIN { print share <= goal ? "met" : "not met" }'
}

calculate() {
    awk "BEGIN { printf \"$1\", $2 }"
}

# No date and no host name: what makes two runs comparable, and nothing else.
print_circumstances() {
    local proxy model
    model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
    echo
    echo "share: of the CPU of ${PROXIES[0]}; core: how much of its core the proxy used"
    echo "$ROUNDS rounds of $DURATION s, medians; TLS 1.3, X25519, AES-128-GCM, P-256 certificate"
    echo "proxy on core $PROXY_CORE, load and origin on core $LOAD_CORE"
    echo "machine: ${model:-unknown CPU}, $(nproc) cores, $(uname -sr)"
    for proxy in "${PROXIES[@]}"; do
        echo "$proxy: $("version_$proxy")"
    done
}
