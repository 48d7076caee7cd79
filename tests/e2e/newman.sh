#!/usr/bin/env bash
# newman.sh BINARY SOURCE_DIR: runs the Postman collection against a server on a free port. newman comes from npm,
# once, into build/.
set -euo pipefail
binary=$1 source=$2
tools="$source/build/newman"
if [ ! -x "$tools/node_modules/.bin/newman" ]; then
  mkdir -p "$tools"
  cp "$source/tests/e2e/package.json" "$source/tests/e2e/package-lock.json" "$tools/"
  (cd "$tools" && npm ci --silent --no-fund --no-audit)
fi
work=$(mktemp -d)
"$binary" serve --listen 127.0.0.1:0 --set "admin.listen=''" --data "$work/data" > "$work/out" 2> "$work/err" &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 1200); do
  grep -q 'curl -s' "$work/out" && break
  kill -0 $server 2>/dev/null || { cat "$work/err" >&2; exit 1; }
  sleep 0.1
done
base=$(grep -oE 'http://[0-9.:]+' "$work/out" | head -1)
key=$(grep -oE 'key +[0-9a-f]{32}' "$work/out" | grep -oE '[0-9a-f]{32}' | head -1)
"$tools/node_modules/.bin/newman" run "$source/docs/api/postman_collection.json" \
  --env-var "base=$base" --env-var "key=$key" --reporters cli --color off
