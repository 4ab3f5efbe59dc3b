#!/bin/bash
# Builds the release twice, in folders of other names and with another Cargo home, and compares
# every file: the same inputs must give the same bytes. Wants twice the time of `make build`.
set -euo pipefail
home=${CARGO_HOME:-$HOME/.cargo}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir -p "$place/cargo"
ln -s "$home/registry" "$place/cargo/registry"
scripts/release/build.sh "$place/one" "$place/a"
CARGO_HOME=$place/cargo scripts/release/build.sh "$place/two" "$place/another/and/longer/name"
if diff "$place/one/SHA256SUMS" "$place/two/SHA256SUMS"; then
  echo "both builds are the same, file by file"
else
  echo "the builds differ"
  exit 1
fi
