#!/bin/sh
# Has the host in a folder do a merge, and ends as it does: ask.sh FOLDER SCRIPT REQUEST ANSWER
name=$1/$$-$(basename "$(dirname "$3")")
printf '%s\n%s\n%s\n' "$2" "$3" "$4" > "$name.new"
mv "$name.new" "$name.todo"
until [ -e "$name.done" ]; do sleep 0.02; done
exit "$(cat "$name.done")"
