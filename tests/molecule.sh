#!/bin/sh
# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs all Molecule scenarios, or the ones that are named, on the embedded server or the one of COUCHDYNO_TEST_URL
# (http://user:password@host:port). Installs what it needs, as root on Debian; the image of the hosts is kept.
set -eu
cd "$(dirname "$0")/.."

missing=
for tool in podman runc debootstrap ssh; do
    command -v "$tool" > /dev/null || missing="$missing $tool"
done
if [ -n "$missing" ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
        echo "molecule.sh: install these first:$missing" >&2
        exit 1
    fi
    apt-get update --quiet
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends \
        podman runc debootstrap openssh-client
fi
[ "$(id -u)" -eq 0 ] || { echo 'molecule.sh: hosts that boot need root' >&2; exit 1; }

[ -x venv/bin/ansible ] || ./build.sh
[ -x venv/bin/molecule ] || venv/bin/pip install --quiet --disable-pip-version-check molecule

PATH=$PWD/venv/bin:$PATH
export PATH
[ $# -gt 0 ] || exec molecule test --all --report
for scenario; do
    molecule test --scenario-name "$scenario"
done
