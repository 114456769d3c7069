# Sourced by the other scripts: creates their virtual environment. Requires Python >= 3.11 with venv.
#
#   profile=run; . scripts/environment.sh    the requirements of the product
#   profile=dev; . scripts/environment.sh    and those of the tests and checks
#   profile=wheel; . scripts/environment.sh  the same in a separate environment, with the wheel instead of the checkout

profile=${profile:-run}
requirements=$profile
venv=${DRONE_MCP_VENV:-.venv}
unset DRONE_MCP_VENV # nothing that runs here is to see it
if [ "$profile" = wheel ]; then
  requirements=dev
  venv=.cache/wheel
fi

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

install() { # OPTION...
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}

# The checkout is installed in editable mode, so only changed requirements require a new installation.
stamp() {
  cat "requirements/$1.txt" requirements/build.txt pyproject.toml | cksum
}

is_set_up() { # the profile dev includes the requirements of run
  [ "$(stamp "$requirements")" = "$(cat "$venv/.stamp-$requirements" 2>/dev/null)" ] ||
    [ "$(stamp dev)" = "$(cat "$venv/.stamp-dev" 2>/dev/null)" ]
}

set_up() {
  echo "Setting up $venv ($requirements), once" >&2
  [ -x "$venv/bin/python" ] || "$(find_python)" -m venv "$venv"
  install --require-hashes -r "requirements/$requirements.txt" -r requirements/build.txt
  if [ "$profile" != wheel ]; then
    install --no-deps --no-build-isolation --editable .
    "$venv/bin/python" -m compileall -q servers shared entrypoint
  fi
  stamp "$requirements" >"$venv/.stamp-$requirements"
}

# Unlike the editable checkout, the wheel has to be rebuilt after every change of its content.
install_wheel() {
  sources=$(find servers shared entrypoint roles pyproject.toml README.md CHANGELOG.md -type f ! -name '*.pyc' -exec cksum {} + | sort | cksum)
  [ "$sources" != "$(cat "$venv/.stamp-wheel" 2>/dev/null)" ] || return 0
  rm -rf "$venv/dist"
  "$venv/bin/python" -m build --no-isolation --outdir "$venv/dist" . >"$venv/build.log" 2>&1 || {
    cat "$venv/build.log" >&2
    return 1
  }
  install --no-deps --no-index --force-reinstall "$venv"/dist/*.whl
  echo "$sources" >"$venv/.stamp-wheel"
}

is_set_up || set_up
[ "$profile" != wheel ] || install_wheel
PATH="$(cd "$venv/bin" && pwd):$PATH"
export PATH
