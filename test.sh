#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs all tests (static, unit, integration, ansible-test, matrix, browser, faults, package, bench and molecule), or only
# the named parts. The part cluster runs only when named; it needs COUCHDYNO_TEST_CLUSTER, see tests/cluster/conftest.py.
# COUCHDYNO_FAULTS_REPEAT=N repeats each scenario of faults, COUCHDYNO_FAULTS_KILLS=N sets how many drivers are killed.
# COUCHDYNO_TEST_URL=http://user:password@host:port uses that server instead of the embedded one.
# COUCHDYNO_EVERY_PYTHON=1 runs the unit tests on every Python of this machine, not only on that of venv and the oldest,
# and the matrix with all pairs of ansible-core and Python.
set -euo pipefail
cd "$(dirname "$0")"

parts=("$@")
all=(static unit integration ansible-test matrix browser faults package bench molecule)
[ $# -gt 0 ] || parts=("${all[@]}")
for part in "${parts[@]}"; do
    [[ " ${all[*]} cluster " = *" $part "* ]] || {
        echo "test.sh: unknown part '$part'; the parts are: ${all[*]} cluster" >&2
        exit 2
    }
done

results=.test/results
rm -rf "$results" && mkdir -p "$results"

say() { printf '\n== %s, after %d s\n' "$*" "$SECONDS"; }
fail() { echo "$1" >> "$results/failed"; }
install() { venv/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --requirement "$1"; }

# check NAME COMMAND…: run a check other than pytest
check() {
    local name=$1
    shift
    say "$name"
    "$@" || fail "$name"
}

# tests NAME PYTHON PATH…: run pytest; the summary counts its results
tests() {
    local name=$1 python=$2
    shift 2
    check "$name" "$python" -m pytest --quiet --junitxml "$results/${name// /-}.xml" "$@"
}

# Tests that create their own databases run on all processors.
spread=(--numprocesses auto)

# prepare PART: install what it needs. All parts are prepared first, so that nothing changes while tests run
prepare() {
    case $1 in
    static) install tests/requirements-static.txt ;;
    integration) install tests/integration/requirements.txt ;;
    ansible-test) install tests/ansible_test/requirements.txt ;;
    browser) tests/browser/install.sh ;;
    package) install tests/package/requirements.txt ;;
    bench) install tests/requirements-bench.txt ;;
    molecule) tests/molecule/install.sh ;;
    esac
}

run_part() {
    case $1 in
    static) check "static" venv/bin/nox --tags static ;;
    unit)
        COUCHDYNO_SCHEDULES=1000 tests "unit" venv/bin/python "${spread[@]}" tests/unit
        unit_elsewhere
        ;;
    integration) tests "integration" venv/bin/python --numprocesses 3 tests/integration ;; # many of them wait
    ansible-test) tests "ansible-test" venv/bin/python --numprocesses 2 --dist loadfile tests/ansible_test ;;
    matrix) tests "matrix" venv/bin/python tests/matrix ;;
    browser) tests "browser" venv/bin/python tests/browser ;;
    faults) tests "faults" venv/bin/python --numprocesses 4 tests/faults ;; # these tests mostly wait
    package)
        tests "package" venv/bin/python tests/package
        check "galaxy-importer" venv/bin/nox --session galaxy-importer
        ;;
    bench) check "bench" venv/bin/python tests/bench --quick ;;
    cluster) tests "cluster" venv/bin/python tests/cluster ;;
    molecule) tests "molecule" venv/bin/python tests/molecule ;;
    esac
}

# Run the unit tests on the oldest other Python of this machine, or on all of them.
unit_elsewhere() {
    local own tested version python venv which
    which=1p
    [ "${COUCHDYNO_EVERY_PYTHON:-}" != 1 ] || which=p
    own=$(venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    tested=$own
    while read -r version python; do
        venv=.test/python$version
        [ -x "$venv/bin/pip" ] || "$python" -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement tests/requirements.txt
        # The other unit tests need Ansible.
        COUCHDYNO_SCHEDULES=50 tests "unit on Python $version" "$venv/bin/python" "${spread[@]}" tests/unit/plugins/module_utils
        tested+=", $version"
    done < <(venv/bin/python tests/pythons.py | sed "/^$own /d" | sed --quiet "$which")
    echo "unit tests ran on Python $tested"
}

say "build"
./build.sh
install tests/requirements.txt
ready=()
for part in "${parts[@]}"; do
    if prepare "$part"; then ready+=("$part"); else fail "$part"; fi
done

# The molecule scenarios mostly wait, for cron and for hosts, so the other parts run meanwhile.
in_background=
if [ ${#ready[@]} -gt 1 ] && [[ " ${ready[*]} " = *" molecule "* ]]; then
    run_part molecule > .test/molecule.log 2>&1 &
    in_background=$!
fi
for part in "${ready[@]}"; do
    [ "$part" = molecule ] && [ -n "$in_background" ] || run_part "$part"
done
if [ -n "$in_background" ]; then
    wait "$in_background" || fail "molecule"
    cat .test/molecule.log
fi

say "summary"
touch "$results/failed"
sed 's/^/failed: /' "$results/failed"
venv/bin/python tests/summary.py "$results" "$(wc -l < "$results/failed")"
