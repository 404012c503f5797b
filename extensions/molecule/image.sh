#!/bin/sh
# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Builds the image of the hosts, and prints its name: a small Debian that boots with systemd. The packages that the role
# installs are not installed, but in a local repository and a directory of wheels, so that the hosts need no network. An
# existing image is reused until this script changes. PYTHON names a Python with pip.
set -eu
umask 022
image=localhost/couchdyno-host:$(sha256sum "$0" | cut -c1-12)
suite=bookworm
python_version=3.11
installed=dbus,openssh-server,procps,python3,python3-apt,rsyslog,systemd,systemd-sysv
to_install='cron logrotate python3-prometheus-client python3-requests python3-venv'

exec 9< "$0"
flock 9  # scenarios may run in parallel; one of them builds it
if podman image exists "$image"; then
    echo "$image"
    exit
fi

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
{
    debootstrap --variant=minbase --include="$installed" "$suite" "$tree"

    packages=$tree/srv/packages
    mkdir "$packages"
    chroot "$tree" apt-get clean
    echo "$to_install" | xargs chroot "$tree" apt-get install --yes --no-install-recommends --download-only
    mv "$tree"/var/cache/apt/archives/*.deb "$packages"
    for package in "$packages"/*.deb; do
        dpkg-deb --field "$package"
        echo "Filename: ./${package##*/}"
        echo "Size: $(stat --format %s "$package")"
        echo "SHA256: $(sha256sum "$package" | cut -d ' ' -f 1)"
        echo
    done > "$packages/Packages"
    echo 'deb [trusted=yes] file:/srv/packages ./' > "$tree/etc/apt/sources.list"
    rm -rf "$tree"/var/lib/apt/lists/* "$tree"/var/cache/apt/*.bin  # as on new hosts

    "${PYTHON:-python3}" -m pip download --quiet --disable-pip-version-check --dest "$tree/srv/wheels" \
        --python-version "$python_version" --implementation py --abi none --platform any --only-binary :all: \
        requests prometheus_client
    printf '[global]\nno-index = true\nfind-links = /srv/wheels\n' > "$tree/etc/pip.conf"

    # Hosts live for a few minutes, so there is no need to wait for their disks.
    echo force-unsafe-io > "$tree/etc/dpkg/dpkg.cfg.d/unsafe-io"

    # A strict umask for logins, so that only the role determines the modes of its files.
    echo 'session optional pam_umask.so umask=0077' >> "$tree/etc/pam.d/sshd"

    tar --directory "$tree" --create . | podman import --change 'CMD ["/lib/systemd/systemd"]' - "$image"
} >&2
echo "$image"
