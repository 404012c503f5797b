#!/bin/sh
# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Installs what the Molecule scenarios need, after ./build.sh. Their hosts are containers that boot with systemd, which
# requires root, and are built from Debian packages.
set -eu
cd "$(dirname "$0")/../.."

[ "$(id -u)" -eq 0 ] || { echo 'install.sh: run this as root; containers that boot require it' >&2; exit 1; }

missing=
for tool in podman runc debootstrap ssh; do
    command -v "$tool" > /dev/null || missing="$missing $tool"
done
if [ -n "$missing" ]; then
    command -v apt-get > /dev/null || {
        echo "install.sh: install these first, as this machine has no apt-get:$missing" >&2
        exit 1
    }
    apt-get update --quiet
    # A newly started machine may still be installing upgrades.
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install --yes --quiet --no-install-recommends \
        podman runc debootstrap openssh-client
fi

[ -x venv/bin/molecule ] || venv/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --requirement \
    tests/molecule/requirements.txt
