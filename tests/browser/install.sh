#!/bin/sh
# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Installs what the tests of reports and metrics need, after ./build.sh: a browser and promtool. promtool is extracted
# from its package, because installing the package would start a server.
set -eu
cd "$(dirname "$0")/../.."

need_apt() {
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
        echo "install.sh: install $1 first; this script can do it only on Debian as root" >&2
        exit 1
    fi
}

if ! command -v chromium > /dev/null || ! command -v chromedriver > /dev/null; then
    need_apt 'chromium and chromedriver'
    apt-get update --quiet
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends chromium chromium-driver
fi

if ! command -v promtool > /dev/null && [ ! -x .test/prometheus/usr/bin/promtool ]; then
    need_apt promtool
    apt-get update --quiet
    mkdir -p .test/prometheus
    (cd .test/prometheus && apt-get download --quiet prometheus && dpkg --extract prometheus_*.deb . && rm prometheus_*.deb)
fi

venv/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt \
    --requirement tests/browser/requirements.txt
