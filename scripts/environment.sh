# Sourced by the other scripts: creates their virtual environment. Requires Python >= 3.11 with venv.
#
#   profile=run; . scripts/environment.sh    the requirements of the product
#   profile=dev; . scripts/environment.sh    and those of the tests and checks
#   profile=wheel; . scripts/environment.sh  the same in a separate environment, with the wheel instead of the checkout
#
# DRONE_MCP_VENV names another folder for the first two, for a checkout that cannot be written. DRONE_MCP_PYTHON names the
# interpreter (see scripts/check-python); the profile wheel has an environment of its own for each version.

profile=${profile:-run}
requirements=$profile
venv=${DRONE_MCP_VENV:-.venv}
interpreter=${DRONE_MCP_PYTHON:-}
unset DRONE_MCP_VENV DRONE_MCP_PYTHON # nothing that runs here is to see them
unset PYTHONDONTWRITEBYTECODE # without bytecode, each process of the tests compiles them again: 6 of 12 seconds
if [ "$profile" = wheel ]; then
  requirements=dev
  venv=.cache/wheel${interpreter:+-$("$interpreter" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')}
fi

find_python() { # Debian's Python has a venv module without its package python3-venv, but no ensurepip, which brings pip
  for name in ${interpreter:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
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

# The last step of a set-up records the checkout for which it was made: the environment contains its path.
is_complete() {
  [ -x "$venv/bin/python" ] && [ "$(pwd)" = "$(cat "$venv/.checkout" 2>/dev/null)" ]
}

is_set_up() { # the profile dev includes the requirements of run
  is_complete && {
    [ "$(stamp "$requirements")" = "$(cat "$venv/.stamp-$requirements" 2>/dev/null)" ] ||
      [ "$(stamp dev)" = "$(cat "$venv/.stamp-dev" 2>/dev/null)" ]
  }
}

# Makes the environment anew unless an earlier set-up came to its end: an interrupted one leaves parts that pip takes for whole.
make_environment() {
  ! is_complete || return 0
  python=$(find_python)
  if [ "$venv" != .venv ] && [ "$profile" != wheel ] && [ -n "$(ls -A "$venv")" ] && [ ! -e "$venv/pyvenv.cfg" ]; then
    echo "DRONE_MCP_VENV: $venv contains something else than a Python environment; name a new folder" >&2
    return 1
  fi
  : >"$venv/pyvenv.cfg" # if this stops in the middle, the next attempt recognizes the folder as an environment
  "$python" -m venv --clear "$venv"
}

# Brings the pip that installs the rest: that of Python 3.11 (23.0) takes twice as long over it. It is also the first thing
# to be fetched, so it shows whether there is an index: pip retries one that it cannot reach for a while, and then says that
# no version matches; this says what is missing.
install_pip() {
  answer=$(install --quiet --retries 1 --timeout 10 --require-hashes -r requirements/pip.txt 2>&1) && return
  case $answer in
  *"from versions: none"*)
    echo "pip cannot reach a package index. Check the network, the proxy and pip's settings (pip config list)." >&2
    proxy=${HTTPS_PROXY:-${https_proxy:-${ALL_PROXY:-${all_proxy:-}}}}
    [ -z "$proxy" ] || echo "The environment names a proxy: ${proxy##*[/@]}" >&2
    ;;
  *) echo "$answer" >&2 ;;
  esac
  return 1
}

show() { # TEXT: replaces the line before on a terminal
  if [ -t 2 ]; then
    printf '\r\033[K%s' "$1" >&2
  else
    echo "$1" >&2
  fi
}

show_progress() { # reads pip's output; fails if pip did
  fetched=0
  while IFS= read -r line; do
    case $line in
    Collecting\ * | Processing\ *)
      fetched=$((fetched + 1))
      [ ! -t 2 ] && [ $((fetched % 10)) -ne 0 ] || show "Setting up $venv: fetched $fetched of at most $1 packages"
      ;;
    Installing\ *) show "Setting up $venv: installing $fetched packages" ;;
    Successfully\ *) [ ! -t 2 ] || echo >&2 ;;
    "pip failed") return 1 ;;
    Looking\ * | Requirement\ already* | Ignoring\ * | \ \ Downloading\ * | \ \ Using\ *) ;;
    \ \ Attempting\ * | \ *Found\ existing\ * | \ *Uninstalling\ * | \ *Successfully\ uninstalled\ *) ;;
    *) echo "$line" >&2 ;;
    esac
  done
}

install() { # OPTION...
  "$venv/bin/python" -m pip install --disable-pip-version-check --no-input "$@"
}

set_up() {
  echo "Setting up $venv ($requirements), once; this takes a minute or two" >&2
  make_environment
  install_pip
  rm -f "$venv/.checkout"
  pins=$(cat "requirements/$requirements.txt" requirements/build.txt | grep -c '==')
  { PYTHONUNBUFFERED=1 install --progress-bar off --no-compile --require-hashes -r "requirements/$requirements.txt" -r requirements/build.txt 2>&1 ||
    echo "pip failed"; } | show_progress "$pins"
  if [ "$profile" != wheel ]; then
    install --quiet --no-deps --no-build-isolation --editable .
    [ ! -w . ] || "$venv/bin/python" -m compileall -q servers shared entrypoint
  fi
  stamp "$requirements" >"$venv/.stamp-$requirements"
  pwd >"$venv/.checkout"
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
  install --quiet --no-deps --no-index --force-reinstall "$venv"/dist/*.whl
  echo "$sources" >"$venv/.stamp-wheel"
}

if ! is_set_up; then
  mkdir -p "$venv" || {
    echo "The environment of drone-mcp cannot be created here: set DRONE_MCP_VENV to a folder that you can write" >&2
    return 1
  }
  ( # one at a time: demo and test may be started together
    set -e
    exec 9<"$venv"
    ! command -v flock >/dev/null || flock 9
    is_set_up || set_up
  )
fi
[ "$profile" != wheel ] || install_wheel
PATH="$(cd "$venv/bin" && pwd):$PATH"
export PATH
