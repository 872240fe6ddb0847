#!/bin/sh -eu
# Makes the whole root file system in place of the skeleton: a minimal Debian 12, the same bytes for the same packages.
cd "$(dirname "$0")"
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-0}"
mmdebstrap --variant=minbase --include=ca-certificates \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --customize-hook='rm -f "$1"/var/log/apt/* "$1"/var/log/dpkg.log "$1"/etc/machine-id' \
  bookworm - | gzip -9n >rootfs.tar.gz.new
mv rootfs.tar.gz.new rootfs.tar.gz
