#!/usr/bin/env bash
# Makes the example CA and certificates of this directory anew: bash certs-example/make.sh
#
# They are for trying Lockgate on one's own machine. Their private keys are public, so nobody may
# trust the CA beyond that.
set -euo pipefail
cd "$(dirname "$0")"

days=7300
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

key "$work/ca.key"
openssl req -x509 -new -key "$work/ca.key" -days "$days" -out ca.pem \
  -subj "/CN=Lockgate example CA" \
  -addext "basicConstraints=critical,CA:true,pathlen:0" -addext "keyUsage=critical,keyCertSign"

# certificate NAME SAN...: NAME/fullchain.pem and NAME/privkey.pem, the layout of certbot
certificate() {
  local name=$1 sans
  shift
  sans=$(printf ',DNS:%s' "$@")
  mkdir -p "$name"
  key "$name/privkey.pem"
  openssl req -new -key "$name/privkey.pem" -subj "/CN=$1" -out "$work/request.pem"
  openssl x509 -req -in "$work/request.pem" -CA ca.pem -CAkey "$work/ca.key" -days "$days" \
    -out "$work/leaf.pem" -extfile <(printf '%s\n' "subjectAltName=${sans#,}" \
      "basicConstraints=CA:false" "keyUsage=critical,digitalSignature" "extendedKeyUsage=serverAuth")
  cat "$work/leaf.pem" ca.pem > "$name/fullchain.pem"
}

certificate play-2026 play.localhost web.localhost off.localhost localhost
certificate play-2027 play.localhost web.localhost off.localhost localhost
certificate live-2026 '*.live.localhost'

# The shipped configuration begins with the older of the two and the wildcard.
for name in play-2026 live-2026; do
  mkdir -p "../config/certificates/$name"
  cp "$name"/*.pem "../config/certificates/$name/"
done
