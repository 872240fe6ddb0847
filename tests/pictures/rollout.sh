#!/usr/bin/env bash
# Records rollout/ anew: the journal of a real roll-out, as it stood under way. Needs nothing but bakery:
#   tests/pictures/rollout.sh PATH/TO/bakery
# Its images hold a file or two each: the picture shows how they are moved, not what is in them. The keys are made for this and
# thrown away.
set -euo pipefail
if [[ ${RECORDING:-} != yes ]]; then
  exec env RECORDING=yes unshare --uts "$0" "$(realpath "$1")"
fi
hostname build-07
bakery=$1 here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export BAKERY_HOME=$work/home BAKERY_PASSWORD=worthless
global=$work/global shop=$work/shop
mkdir -p "$global/recipes" "$shop/recipes"

"$bakery" keys new --out "$work/keys/global" 2>/dev/null
"$bakery" keys new --out "$work/keys/baker" 2>/dev/null
cat >"$global/bakery.yaml" <<END
bakery: 1
stores:
  local: {layout: $work/global-store, key: $work/keys/global.key, keys: [$work/keys/global.pub]}
recipes: recipes
END
cat >"$shop/bakery.yaml" <<END
bakery: 1
stores:
  global: {layout: $work/global-store, keys: [$work/keys/global.pub]}
  local: {layout: ./local-store, key: $work/keys/baker.key, keys: [$work/keys/baker.pub]}
  payments: {layout: $work/payments, keys: [$work/keys/baker.pub], team: true}
recipes: recipes
END
mkdir -p "$work/payments/blobs/sha256"
echo '{"imageLayoutVersion":"1.0.0"}' >"$work/payments/oci-layout"
echo '{"schemaVersion":2,"manifests":[]}' >"$work/payments/index.json"

base() { # VERSION LABELS
  cat >"$global/recipes/python.yaml" <<END
recipe: 1
name: python
tag: "3.12"
base: scratch
platforms: [linux/amd64]
steps:
  - write: {to: /usr/lib/python3.12/version, content: "$1"}
  - write: {to: /etc/ssl/openssl.cnf, content: "always the same"}
config: {labels: {$2}}
END
  (cd "$global" && "$bakery" bake --quiet recipes/python.yaml >/dev/null)
}
app() { # NAME TAG BASE STEP
  cat >"$shop/recipes/$(basename "$1").yaml" <<END
recipe: 1
name: $1
tag: "$2"
base: $3
platforms: [linux/amd64]
steps:
  - $4
END
  (cd "$shop" && "$bakery" bake --quiet "recipes/$(basename "$1").yaml" >/dev/null)
}

base 3.12.4 ''
app team-a/payments-api 1.4.0 global/python:3.12 'write: {to: /srv/app, content: payments}'
(cd "$shop" && "$bakery" publish --quiet local/team-a/payments-api:1.4.0 --to payments/payments-api:1.4.0 >/dev/null)
app team-a/ledger 3.1.0 local/team-a/payments-api:1.4.0 'write: {to: /srv/ledger, content: ledger}'
app team-a/refunds 0.8.2 local/team-a/payments-api:1.4.0 'write: {to: /srv/refunds, content: refunds}'
app team-b/reports 0.9.0 global/python:3.12 'write: {to: /srv/app, content: reports}'
app team-b/sessions 1.2.0 global/python:3.12 'write: {to: /etc/ssl/openssl.cnf, content: ours}'
app team-c/search 2.0.0 global/python:3.12 'write: {to: /usr/lib/python3.12/version, content: patched}'
app team-c/suggest 2.0.0 local/team-c/search:2.0.0 'write: {to: /srv/suggest, content: suggest}'
base 3.12.5 "dev.bakery.contract: '{\"protected\": [\"/etc/ssl/**\"]}'"
(cd "$shop" && "$bakery" rollout global/python:3.12 --budget 1 --parallel 2 >/dev/null) || true

journal=$(echo "$BAKERY_HOME"/state/rollouts/*/journal.jsonl)
# Under way: one is baked again, one is being proven, and two wait for their base.
until=$(grep -n '"item":"local/team-a/ledger:3.1.0","doing":"proving"' "$journal" | head -1 | cut -d: -f1)
head -n "$until" "$journal" >"$here/rollout/journal.jsonl"
sed "s|$shop|SHOP|g" "$(dirname "$journal")/request.json" >"$here/rollout/request.json"
# The moment of what came next.
sed -n "$((until + 1))p" "$journal" | sed 's/.*"at":"\([^"]*\)".*/\1/' >"$here/rollout/now"
