#!/bin/sh
# check.sh FOLDER VENV: holds template.yaml, machine.json, and what the
# configurations of internal/deployment/testdata render to, to AWS's rules: by
# the pinned cfn-lint and parliament of VENV, and by asl-validator, which it
# installs in a folder that git ignores.
set -eu
folder=${1:?usage: check.sh FOLDER VENV} venv=${2:?usage: check.sh FOLDER VENV}
here=$(cd "$(dirname "$0")" && pwd)
rendered=$folder/rendered
rm -rf "$rendered"
mkdir -p "$rendered"
go test -count=1 "$here/../../../internal/deployment" -run '^TestEachFits$' -into="$(cd "$rendered" && pwd)"
"$venv/bin/cfn-lint" "$here/../template.yaml" "$rendered"/*.yaml
"$venv/bin/python3" "$here/policies.py" "$here/../template.yaml" "$rendered"/*.yaml
sed 's/\[appflow:CreateFlow\]/[appflow:MakeFlow]/' "$rendered/appflow-wire.yaml" > "$folder/wrong.yaml"
if "$venv/bin/python3" "$here/policies.py" "$folder/wrong.yaml" 2> "$folder/wrong.txt"; then
  echo "policies.py finds nothing wrong with appflow:MakeFlow, an action that isn't" >&2
  exit 1
fi
grep -q 'UNKNOWN_ACTION.*appflow:MakeFlow' "$folder/wrong.txt"
if ! cmp -s "$here/package-lock.json" "$folder/installed.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$folder/"
  npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --silent
  cp "$here/package-lock.json" "$folder/installed.json"
fi
for machine in "$here/../machine.json" "$rendered"/*.json; do
  "$folder/node_modules/.bin/asl-validator" --json-path "$machine"
done
echo "deploy/aws: cfn-lint, parliament and asl-validator find nothing"
