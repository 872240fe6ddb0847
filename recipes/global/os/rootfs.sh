#!/bin/sh -eu
# Makes rootfs.tar, the Debian 12 that os.yaml unpacks: minimal, without documentation, the same bytes for the same
# packages. Arguments go to mmdebstrap: mirrors ("deb http://mirror.example/debian bookworm main") and further options.
cd "$(dirname "$0")"
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-0}"
# Device nodes belong to a runtime, not to an image; names and logs of the machine this runs on to neither. Java's
# package wants to link a manual page.
mmdebstrap --quiet --variant=minbase --include=ca-certificates --format=tar --skip=output/dev \
  --aptopt='Acquire::Languages "none"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --customize-hook='mkdir -p "$1"/usr/share/man/man1' \
  --customize-hook='cd "$1" && rm -rf etc/hostname etc/resolv.conf etc/machine-id var/log/apt/* var/log/*.log var/cache/ldconfig/*' \
  bookworm rootfs.tar.new "$@"
mv rootfs.tar.new rootfs.tar
