#!/bin/bash
# Builds the committed page in a clone of its own, so that nothing else of the checkout gets into it:
#   scripts/release/build.sh OUT [PLACE]
# OUT gets the page, a .tar.gz of it, SHA256SUMS and sbom.cdx.json. The clone is made in PLACE.
set -euo pipefail
here=$(git rev-parse --show-toplevel)
mkdir -p "$1"
out=$(cd "$1" && pwd)
place=${2:-$here/target/release-checkout}

mkdir -p "$place"
if ! test -d "$place/.git"; then git clone --quiet "$here" "$place"; fi
git -C "$place" fetch --quiet "$here" HEAD
git -C "$place" checkout --quiet --force FETCH_HEAD
cd "$place"

source scripts/release/flags.sh
make build
node scripts/release/licences.mjs

rm -rf "$out/nodulens"
cp -r dist "$out/nodulens"
node scripts/release/sbom.mjs dist "$out/sbom.cdx.json"
cd "$out"
# Nothing of the time, the place or the user.
tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw,a-s -cf - nodulens | gzip -n -9 > nodulens.tar.gz
find nodulens nodulens.tar.gz sbom.cdx.json -type f | sort | xargs sha256sum > SHA256SUMS
echo "$(wc -l < SHA256SUMS) files in $out, named in SHA256SUMS"
