#!/usr/bin/env bash
# Records scene.tar.gz anew: real images of Debian packages, real bakes. Needs root, mmdebstrap, a Debian mirror in reach:
#   tests/pictures/record.sh PATH/TO/bakery
# What is kept: what describes images (manifests, configs, signatures, attestations, small layers, indexes of all layers),
# journals and logs, recipes. What is not: large layers, since pictures show what is in them, not their bytes; and the
# private keys, which are made for this and thrown away: whatever these keys signed is worth nothing.
set -euo pipefail
if [[ ${RECORDING:-} != yes ]]; then
  exec env RECORDING=yes unshare --uts "$0" "$(realpath "$1")"
fi
hostname build-07
bakery=$1 here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export BAKERY_HOME=$work/scene/home BAKERY_PASSWORD=worthless
shop=$work/scene/shop global=$work/global
mkdir -p "$shop/recipes" "$shop/keys" "$global"

day() { export SOURCE_DATE_EPOCH=$(($(date +%s) / 86400 * 86400 - $1 * 86400)); }
of_global() { (cd "$global" && "$bakery" bake --quiet "recipes/$1/$1.yaml"); }
bake() { (cd "$shop" && env -u SOURCE_DATE_EPOCH "$bakery" bake --quiet "recipes/$1") || true; }

cp -r "$here/../../recipes/global" "$global/recipes"
rm "$global/recipes/bakery.yaml"
cp -r "$here"/../../recipes/team-a "$here"/../../recipes/team-b "$shop/recipes"
rm "$shop"/recipes/team-?/bakery.yaml
cp -r "$here"/stage/. "$shop"
"$bakery" keys new --out "$shop/keys/global"
"$bakery" keys new --out "$shop/keys/baker"
cat >"$global/bakery.yaml" <<END
bakery: 1
stores:
  global: {layout: $shop/global-store, keys: [$shop/keys/global.pub]}
  local: {layout: $shop/global-store, key: $shop/keys/global.key, keys: [$shop/keys/global.pub]}
END

cat >"$global/policy.yaml" <<END
exceptions:
  - {check: layer.secrets, path: /etc/ssl/private/ssl-cert-snakeoil.key, reason: made anew on each host, until: 2199-12-31}
END

mapfile -t apt < <(
  apt-config dump --no-empty Acquire | grep -E '^Acquire::(Check-|http|ftp)' | sed 's/^/--aptopt=/'
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | grep ' bookworm'
)
(cd "$global/recipes/os" && sh -eu rootfs.sh "${apt[@]}")
day 40 && of_global os
day 33 && of_global postgres && of_global java
day 21 && of_global node && of_global apache
day 12 && of_global python && of_global redis && of_global nginx

# Pinned to the Python of before the next hardening: stale from then on.
day 9
bake team-b/reports/reports.yaml
sed -i 's|^config:|  - write: {to: /etc/profile.d/python.sh, mode: "0644", content: "export PYTHONSAFEPATH=1\\n"}\nconfig:|' \
  "$global/recipes/python/python.yaml"
day 3 && of_global python

# An image that the policy of that time let pass.
mv "$shop/policy.yaml" "$work/policy.yaml"
echo 'image: {setuid: allow}' >"$shop/policy.yaml"
day 2
sed -i 's/1\.2\.0/1.1.0/' "$shop/recipes/team-b/sessions/sessions.yaml"
sed -i 's|^config:|  - run: {network: none, script: "install -m 4755 /bin/true /usr/bin/sessions-admin"}\nconfig:|' \
  "$shop/recipes/team-b/sessions/sessions.yaml"
bake team-b/sessions/sessions.yaml
mv "$work/policy.yaml" "$shop/policy.yaml"
# The next version asks for the same, and is refused.
sed -i 's/1\.1\.0/1.2.0/' "$shop/recipes/team-b/sessions/sessions.yaml"
bake team-b/sessions/sessions.yaml

# A version before the present one; one bake that fails; one that finds everything in the cache.
payments=$shop/recipes/team-a/payments-api/payments-api.yaml
cp "$payments" "$work/payments.yaml"
sed -i -e 's/1\.4\.0/1.3.0/' -e 's/curl, python3-requests/curl/' -e '/name: imports/d' -e 's/5000/2000/' "$payments"
bake team-a/payments-api/payments-api.yaml
cp "$work/payments.yaml" "$payments"
storefront=$shop/recipes/team-a/storefront/storefront.yaml
cp "$storefront" "$work/storefront.yaml"
sed -i 's|^config:|  - run: {network: none, script: "nginx -t -c /etc/nginx/conf.d/storefront.conf"}\nconfig:|' "$storefront"
bake team-a/storefront/storefront.yaml
cp "$work/storefront.yaml" "$storefront"
bake team-a/storefront/storefront.yaml
bake team-a/storefront/storefront.yaml
day 0
bake team-a/payments-api/payments-api.yaml

# Indexes are made by whoever looks first.
(cd "$shop" && for image in global/{os:12,python:3,redis:7} local/team-b/{sessions:1.1.0,reports:0.9.0} \
  local/team-a/{payments-api:1.3.0,payments-api:1.4.0,storefront:2.1.0}; do "$bakery" du "$image" >/dev/null; done)
cd "$work/scene"
for blob in $(find shop/*-store/blobs -type f -size +64k); do
  [[ $(head -c 2 "$blob" | od -An -tx1) != " 1f 8b" ]] || rm "$blob"
done
# The shelf is the teams'.
for bake in home/state/bakes/*; do
  head -1 "$bake/journal.jsonl" | grep -q '"reference":"team-' || rm -r "$bake"
done
find home -name lock -delete -o -name request.json -delete -o -name worker.log -delete
rm -rf home/cache/snapshots home/cache/locks shop/keys/*.key
date +%s >now
echo "$shop" >place
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -czf "$here/scene.tar.gz" .
ls -l "$here/scene.tar.gz"
