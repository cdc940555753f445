# For the scripts in bench/, which read it with `.`: waiting for servers, and ending them.
# Sets work, a temporary folder that is removed at the end, as are the processes in $servers.
work=$(mktemp -d)
servers=
finish() {
  for process in $servers; do kill "$process" 2>/dev/null || true; wait "$process" 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT INT TERM

# Waits until $1 (a pattern) stands in file $2; prints the first match.
wait_for() {
  tries=0
  while ! found=$(grep -o -m1 "$1" "$2"); do
    tries=$((tries + 1))
    if [ "$tries" -gt 200 ]; then cat "$2" >&2; exit 1; fi
    sleep 0.05
  done
  echo "$found"
}

# Installs npm packages ($2 ...) into folder $1, unless they are there.
install_peer() {
  folder_of_peer=$1
  shift
  for package in "$@"; do
    if [ ! -d "$folder_of_peer/node_modules/${package%@*}" ]; then
      mkdir -p "$folder_of_peer"
      (cd "$folder_of_peer" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error "$package")
    fi
  done
}

print_conditions() {
  echo "$(nproc) cores, load $(cut -d' ' -f1-3 /proc/loadavg), commit $(git rev-parse --short HEAD)"
}
