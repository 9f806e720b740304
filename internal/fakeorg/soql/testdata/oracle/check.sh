#!/bin/sh
# check.sh FOLDER [--update]: installs the pinned parser in a folder that git
# ignores, asks it about the corpus, and holds its answers against the stored
# ones, on which TestOracle relies; --update stores them.
set -eu
folder=${1:?usage: check.sh FOLDER [--update]}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"
if ! cmp -s "$here/package-lock.json" "$folder/installed.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$folder/"
  npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --silent
  cp "$here/package-lock.json" "$folder/installed.json"
fi
export LC_ALL=C
node "$here/oracle.mjs" "$folder" "$here"/../*.txt >"$folder/answers.out"
if [ "${2:-}" = --update ]; then
  cp "$folder/answers.out" "$here/answers.out"
fi
diff -u "$here/answers.out" "$folder/answers.out"
echo "soql oracle: $(grep -c '^> ' "$folder/answers.out") statements, the answers of @jetstreamapp/soql-parser-js are the stored ones"
