#!/bin/sh
# check.sh FOLDER VENV: holds template.yaml and machine.json to AWS's rules, by
# the pinned cfn-lint of VENV and by asl-validator, which it installs in a
# folder that git ignores.
set -eu
folder=${1:?usage: check.sh FOLDER VENV} venv=${2:?usage: check.sh FOLDER VENV}
here=$(cd "$(dirname "$0")" && pwd)
"$venv/bin/cfn-lint" "$here/../template.yaml"
mkdir -p "$folder"
if ! cmp -s "$here/package-lock.json" "$folder/installed.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$folder/"
  npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --silent
  cp "$here/package-lock.json" "$folder/installed.json"
fi
"$folder/node_modules/.bin/asl-validator" --json-path "$here/../machine.json"
echo "deploy/aws: cfn-lint and asl-validator find nothing"
