#!/bin/sh
# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Creates ./venv with the scripts, Ansible, and this checkout as the collection dyno.couchdb.
# PYTHON names the interpreter to use (default: that of an existing ./venv, otherwise python3).
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 7))' || {
    echo "build.sh: $python is missing or too old; set PYTHON to Python 3.7 or later" >&2
    exit 1
}
version() { "$1" -c 'import sys; print(*sys.version_info[:2])'; }
[ -z "${PYTHON:-}" ] || [ ! -x venv/bin/python ] || [ "$(version venv/bin/python)" = "$(version "$python")" ] ||
    rm -rf venv
[ -x venv/bin/pip ] || "$python" -m venv venv || {
    echo "build.sh: $python cannot create a virtual environment; install its venv module (python3-venv)" >&2
    exit 1
}
venv/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --requirement requirements.txt
venv/bin/pip install --quiet --disable-pip-version-check --no-deps --force-reinstall .

rm -rf build couchdyno.egg-info  # pip creates them in the checkout

mkdir -p venv/collections/ansible_collections/dyno
ln -sfn "$PWD" venv/collections/ansible_collections/dyno/couchdb

set -- ./venv/bin/ansible ./venv/bin/ansible-playbook ./venv/bin/couchdyno-*
without=
[ -e "$1" ] || {
    shift 2
    without="; Ansible is not installed, as it needs Python 3.11 or later; to install it, run: PYTHON=python3.11 ./build.sh"
}
echo "ready: $*$without"
