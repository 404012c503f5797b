#!/bin/sh
# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Installs what the Molecule scenarios need, after ./build.sh. Their hosts are containers that boot, which takes root,
# and are made of Debian's packages.
set -eu
cd "$(dirname "$0")/../.."

[ "$(id -u)" -eq 0 ] || { echo 'install.sh: hosts that boot need root' >&2; exit 1; }

missing=
for tool in podman runc debootstrap ssh; do
    command -v "$tool" > /dev/null || missing="$missing $tool"
done
if [ -n "$missing" ]; then
    command -v apt-get > /dev/null || {
        echo "install.sh: install these first, as there is no apt-get to do it:$missing" >&2
        exit 1
    }
    apt-get update --quiet
    # A machine that has just been started may be busy with its own upgrades.
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install --yes --quiet --no-install-recommends \
        podman runc debootstrap openssh-client
fi

[ -x venv/bin/molecule ] || venv/bin/pip install --quiet --disable-pip-version-check --requirement \
    tests/molecule/requirements.txt
