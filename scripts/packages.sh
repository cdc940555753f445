# Sourced by ./x. need SECTION...: makes sure that the packages of those sections of packages.txt are
# installed; as root or through sudo, else says what to install and ends.

packages_of() {
  local section
  for section in "$@"; do
    awk -v want="[$section]" '/^#/ {next} /^\[/ {on = ($0 == want); next} on' scripts/packages.txt
  done | tr ' ' '\n' | grep -v '^$' | sort -u
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# as_root COMMAND...: as root or through sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# install_packages PACKAGE...: or says what to install and ends.
install_packages() {
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    echo "x: these Debian packages are missing, and installing them needs root or sudo:" >&2
    echo "  apt-get install --no-install-recommends $*" >&2
    exit 3
  fi
  say "installing $# packages (log: build/install.log)"
  mkdir -p build
  if ! { as_root apt-get update -q &&
         as_root env DEBIAN_FRONTEND=noninteractive \
           apt-get install -q -y --no-install-recommends "$@"; } >build/install.log 2>&1; then
    tail -n 15 build/install.log >&2
    echo "x: installing failed; the packages are: $*" >&2
    exit 3
  fi
}

need() {
  local missing=() package
  for package in $(packages_of "$@"); do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

# A Node.js with npm: whatever is there, else Debian's.
need_node() {
  command -v node >/dev/null && command -v npm >/dev/null && return 0
  install_packages nodejs npm
}
