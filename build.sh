#!/bin/sh
# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes ./venv with the scripts, Ansible, and this checkout as the collection dyno.couchdb.
# PYTHON names the interpreter to use (default: python3).
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 7))' || {
    echo "build.sh: $python is too old or missing; Python 3.7 or later is needed (set PYTHON)" >&2
    exit 1
}
[ -x venv/bin/pip ] || "$python" -m venv venv || {
    echo "build.sh: $python cannot make a virtual environment; install its venv module (python3-venv)" >&2
    exit 1
}
venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
venv/bin/pip install --quiet --disable-pip-version-check --no-deps --force-reinstall .

rm -rf build couchdyno.egg-info  # what pip leaves in a checkout

mkdir -p venv/collections/ansible_collections/dyno
ln -sfn "$PWD" venv/collections/ansible_collections/dyno/couchdb

set -- ./venv/bin/ansible ./venv/bin/ansible-playbook ./venv/bin/couchdyno-*
[ -e "$1" ] || shift 2  # Ansible takes a newer Python
echo "ready: $*"
