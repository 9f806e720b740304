#!/bin/sh
# check.sh FOLDER: installs the pinned parser in a virtual environment that git
# ignores, and has it read every statement that we send to Redshift.
set -eu
folder=${1:?usage: check.sh FOLDER}
here=$(cd "$(dirname "$0")" && pwd)
if ! cmp -s "$here/requirements.txt" "$folder/requirements.txt"; then
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
  cp "$here/requirements.txt" "$folder/"
fi
"$folder/bin/python" "$here/check.py" "$here"/../golden/redshift-*.sql "$here"/../../../sql/statements/testdata/golden/redshift-*.sql
