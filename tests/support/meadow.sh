#!/bin/sh
# Makes Meadow Linux out of a Debian in $1: an rpm database with one package in it, a repository with one more, nothing
# left of apt and dpkg. Its packages need a shell, so the first one says that it is there.
set -eu
root=$1
build=$root/build
mkdir -p "$build" "$root/etc/rpm" "$root/etc/yum.repos.d" "$root/srv/packages"

echo '%_dbpath /usr/lib/sysimage/rpm' >"$root/etc/rpm/macros"
cat >"$root/etc/yum.repos.d/meadow.repo" <<'END'
[meadow]
name=Meadow Linux
baseurl=file:///srv/packages
gpgcheck=0
END

cat >"$build/release.spec" <<'END'
Name: meadow-release
Version: 1
Release: 1
Summary: What this distribution is
License: MIT
BuildArch: noarch
AutoReqProv: no
Provides: system-release = 1
Provides: /bin/sh
%description
What this distribution is.
%install
mkdir -p %{buildroot}/etc
echo "Meadow Linux 1" >%{buildroot}/etc/meadow-release
%files
/etc/meadow-release
END

cat >"$build/cowsay" <<'END'
#!/bin/sh
printf ' < %s >\n   \\ ^__^\n     (oo)\n' "$*"
END

# An account of its own, files that belong to it, a link: what packages do.
cat >"$build/cowsay.spec" <<'END'
Name: cowsay
Version: 3.04
Release: 1
Summary: A cow that talks
License: MIT
BuildArch: noarch
AutoReqProv: no
%description
A cow that talks.
%pre
groupadd -r cow && useradd -r -g cow -d /var/lib/cow -s /usr/sbin/nologin cow
%install
install -D -m 0755 /build/cowsay %{buildroot}/usr/bin/cowsay
ln -s cowsay %{buildroot}/usr/bin/cowthink
install -d %{buildroot}/var/lib/cow
echo hay >%{buildroot}/var/lib/cow/hay
%files
/usr/bin/cowsay
/usr/bin/cowthink
%attr(0750, cow, cow) %dir /var/lib/cow
%attr(0640, cow, cow) /var/lib/cow/hay
END

for package in release cowsay; do
  chroot "$root" rpmbuild --quiet -bb --define '_topdir /build/top' "/build/$package.spec"
done
chroot "$root" rpm -i --nodeps /build/top/RPMS/noarch/meadow-release-1-1.noarch.rpm
mv "$build"/top/RPMS/noarch/cowsay-*.rpm "$root/srv/packages"
chroot "$root" createrepo_c --quiet /srv/packages

rm -f "$root/etc/os-release" "$root/usr/lib/os-release" "$root/etc/debian_version"
cat >"$root/etc/os-release" <<'END'
ID=meadow
ID_LIKE=fedora
NAME="Meadow Linux"
VERSION_ID=1
END

cd "$root"
rm -rf build etc/apt etc/dpkg var/lib/apt var/lib/dpkg var/cache/apt usr/lib/apt usr/lib/dpkg \
  usr/bin/apt* usr/bin/dpkg* usr/sbin/*dpkg* usr/share/perl usr/lib/*/perl usr/bin/gpg* \
  etc/resolv.conf etc/hostname etc/machine-id var/log/*.log var/cache/ldconfig/*
