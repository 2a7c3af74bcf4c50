#!/usr/bin/env bash
# Checks what can be checked of deploy/ without a cluster, a registry or systemd as process 1:
# bash deploy/check.sh [LOCKGATE]
set -euo pipefail
cd "$(dirname "$0")"

lockgate=${1:-../target/debug/lockgate}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The program need not be installed where the unit expects it.
cp systemd/lockgate.socket "$work"
sed 's#^ExecStart=/usr/local/bin/lockgate #ExecStart=/bin/true #' systemd/lockgate.service > "$work/lockgate.service"
if command -v systemd-analyze > /dev/null; then
  complaints=$(systemd-analyze verify "$work"/lockgate.{service,socket} 2>&1)
  [[ -z $complaints ]] || { echo "$complaints" >&2; exit 1; }
  # 0 is closed, 100 is open.
  systemd-analyze security --offline=true --threshold=25 "$work/lockgate.service" > /dev/null
else
  echo "skipped: no systemd-analyze here" >&2
fi

# The manifest is YAML, and Lockgate takes the configuration in it.
if python3 -c 'import yaml' 2> /dev/null; then
  python3 - kubernetes/lockgate.yaml "$work" << 'PYTHON'
import pathlib, sys, yaml

manifest, work = map(pathlib.Path, sys.argv[1:])
objects = list(yaml.safe_load_all(manifest.read_text()))
maps = {it["metadata"]["name"]: it["data"] for it in objects if it["kind"] == "ConfigMap"}
for directory, name in {"config": "lockgate", "config/domains": "lockgate-domains"}.items():
    (work / directory).mkdir()
    for file, text in maps[name].items():
        text = text.replace("/var/lib/lockgate", "../state")
        (work / directory / file).write_text(text)
pod = next(it for it in objects if it["kind"] == "Deployment")["spec"]["template"]["spec"]
drain = 60
pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
assert f'drain = "{drain}s"' in maps["lockgate"]["lockgate.toml"]
assert pod["terminationGracePeriodSeconds"] > drain + pause
mounted = {volume["name"] for volume in pod["volumes"]}
assert mounted == {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
PYTHON
  mkdir -p "$work/config/certificates"
  cp -r ../config/certificates/play-2026 "$work/config/certificates/play"
  sed -i 's/play.example.test/play.localhost/' "$work/config/domains/play.toml"
  "$lockgate" check --config "$work/config"
else
  echo "skipped: no YAML for Python here" >&2
fi
