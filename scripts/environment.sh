# Sourced by the other scripts: creates their virtual environment. Requires Python >= 3.11 with venv.
#
#   profile=run; . scripts/environment.sh    the requirements of the product
#   profile=dev; . scripts/environment.sh    and those of the tests and checks

profile=${profile:-run}
venv=${DRONE_MCP_VENV:-.venv}

find_python() {
  for name in python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  echo "drone-mcp needs Python 3.11 or newer with its venv module (Debian: apt install python3 python3-venv)" >&2
  return 1
}

# The checkout is installed in editable mode, so only changed requirements require a new installation.
stamp() {
  cat "requirements/$1.txt" requirements/build.txt pyproject.toml | cksum
}

install() {
  echo "Setting up $venv ($1), once" >&2
  [ -x "$venv/bin/python" ] || "$(find_python)" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r "requirements/$1.txt" -r requirements/build.txt
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
  "$venv/bin/python" -m compileall -q servers shared entrypoint
  stamp "$1" >"$venv/.stamp-$1"
}

if [ "$(stamp "$profile")" != "$(cat "$venv/.stamp-$profile" 2>/dev/null)" ]; then
  install "$profile"
fi
PATH="$(cd "$venv/bin" && pwd):$PATH"
export PATH
