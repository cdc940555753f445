# Sourced by ./x. need SECTION...: makes sure that the packages of those sections of packages.txt are
# installed; as root or through sudo, else says what to install and ends.

packages_of() {
  local section
  for section in "$@"; do
    awk -v want="[$section]" '/^#/ {next} /^\[/ {on = ($0 == want); next} on' scripts/packages.txt
  done | tr ' ' '\n' | grep -v '^$' | sort -u
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

need() {
  local missing=() package
  for package in $(packages_of "$@"); do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "x: these Debian packages are missing, and installing them needs root or sudo:" >&2
      echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
      exit 3
    fi
    root=(sudo)
  fi
  say "installing ${#missing[@]} packages (log: build/install.log)"
  mkdir -p build
  if ! { "${root[@]}" apt-get update -q &&
         "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
           apt-get install -q -y --no-install-recommends "${missing[@]}"; } >build/install.log 2>&1; then
    tail -n 15 build/install.log >&2
    echo "x: installing failed; the packages are: ${missing[*]}" >&2
    exit 3
  fi
}

# A Node.js with npm: whatever is there, else Debian's.
need_node() {
  command -v node >/dev/null && command -v npm >/dev/null && return 0
  local root=()
  [ "$(id -u)" -eq 0 ] || root=(sudo)
  say "installing Node.js and npm"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends nodejs npm >>build/install.log 2>&1
}
