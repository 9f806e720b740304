#!/usr/bin/env bash
# Makes the picture of the README, docs/demo.svg: catchment demo on a terminal of
# 136 columns, as it looks when it has ended: so wide that no line is broken. `make picture` calls it; it needs tmux.
set -euo pipefail
program=$(realpath "$1") picture=$(realpath -m "$2")
dir=$(mktemp -d)
socket=$dir/tmux
trap 'tmux -S "$socket" kill-server 2>/dev/null || true; rm -rf "$dir"' EXIT

cat >"$dir/shell" <<END
cd $dir
PATH=$(dirname "$program"):\$PATH
printf '$ catchment demo\n'
catchment demo
touch ended
sleep infinity
END
TERM=xterm-256color tmux -S "$socket" -f /dev/null new-session -d -x 136 -y 80 "bash $dir/shell"
until [ -e "$dir/ended" ]; do sleep 0.2; done
sleep 1 # tmux draws what it was sent
tmux -S "$socket" capture-pane -p | sed -e 's/[[:space:]]*$//' | cat -s >"$dir/screen"

# A line of the screen is a line of text; what is typed, headings and grades stand out.
awk -v lines="$(grep -c '' "$dir/screen")" '
  BEGIN {
    height = 17 * lines + 30
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1100 %d\" role=\"img\" aria-label=\"catchment demo\">\n", height
    print "<style>text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace;fill:#c9d1d9;white-space:pre}.t{fill:#7ee787;font-weight:bold}.h{fill:#79c0ff}.g{fill:#7ee787}</style>"
    printf "<rect width=\"1100\" height=\"%d\" rx=\"8\" fill=\"#0d1117\"/>\n", height
  }
  {
    class = /^\$ / ? "t" : /^(OBJECT|RUN) / ? "h" : ""
    gsub(/&/, "\\&amp;"); gsub(/</, "\\&lt;"); gsub(/>/, "\\&gt;")
    gsub(/proven/, "<tspan class=\"g\">proven</tspan>")
    printf "<text x=\"16\" y=\"%d\"%s xml:space=\"preserve\">%s</text>\n", 17 * NR + 12, class == "" ? "" : " class=\"" class "\"", $0
  }
  END { print "</svg>" }' "$dir/screen" >"$picture"
