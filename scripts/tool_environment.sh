# Sourced by the scripts whose Python tools have an environment of their own: installs what requirements/NAME.txt pins into
# .cache/NAME. Source environment.sh first.
#
#   tools=release; . scripts/tool_environment.sh

tool_venv=.cache/$tools
tools_wanted=$(cksum <"requirements/$tools.txt")
if [ "$tools_wanted" != "$(cat "$tool_venv/.stamp" 2>/dev/null)" ]; then
  python -m venv --clear --without-pip "$tool_venv"
  python -m pip --python "$tool_venv/bin/python" install --quiet --disable-pip-version-check --require-hashes \
    -r "requirements/$tools.txt"
  echo "$tools_wanted" >"$tool_venv/.stamp"
fi
