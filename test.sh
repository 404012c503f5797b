#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs the tests: static, unit, integration, ansible-test, matrix, browser, faults, package, bench and molecule, or the
# parts of them that are named.
# cluster, which runs when it is named, needs COUCHDYNO_TEST_CLUSTER, as tests/cluster/conftest.py says.
# COUCHDYNO_FAULTS_REPEAT=N repeats each scenario of faults, COUCHDYNO_FAULTS_KILLS=N sets how many drivers are killed.
# COUCHDYNO_TEST_URL=http://user:password@host:port tests against that server instead of the embedded one.
set -euo pipefail
cd "$(dirname "$0")"

parts=("$@")
all=(static unit integration ansible-test matrix browser faults package bench molecule)
[ $# -gt 0 ] || parts=("${all[@]}")
for part in "${parts[@]}"; do
    [[ " ${all[*]} cluster " = *" $part "* ]] || {
        echo "test.sh: there is no part '$part'; there are: ${all[*]} cluster" >&2
        exit 2
    }
done

results=.test/results
rm -rf "$results" && mkdir -p "$results"
failed=()

say() { printf '\n== %s\n' "$*"; }

# check NAME COMMAND…: a check that pytest does not count
check() {
    local name=$1
    shift
    say "$name"
    "$@" || failed+=("$name")
}

# tests NAME PYTHON PATH…: a run of pytest, whose results are summed up at the end
tests() {
    local name=$1 python=$2
    shift 2
    say "$name"
    "$python" -m pytest --quiet --junitxml "$results/${name// /-}.xml" "$@" || failed+=("$name")
}

# What has databases of its own for each test runs on all processors.
spread=(--numprocesses auto)

say "build"
./build.sh
pip=(venv/bin/pip install --quiet --disable-pip-version-check)
"${pip[@]}" --requirement tests/requirements.txt

for part in "${parts[@]}"; do
    case $part in
    static)
        "${pip[@]}" --requirement tests/requirements-static.txt
        check "static" venv/bin/nox --tags static
        ;;
    unit)
        COUCHDYNO_SCHEDULES=2000 tests "unit" venv/bin/python "${spread[@]}" tests/unit
        own=$(venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        tested=$own
        while read -r version python; do
            [ "$version" != "$own" ] || continue
            venv=.test/python$version
            [ -x "$venv/bin/pip" ] || "$python" -m venv "$venv"
            "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement tests/requirements.txt
            # The rest of them needs Ansible.
            tests "unit on Python $version" "$venv/bin/python" "${spread[@]}" tests/unit/plugins/module_utils
            tested+=", $version"
        done < <(venv/bin/python tests/pythons.py)
        echo "unit tests ran on Python $tested"
        ;;
    integration)
        "${pip[@]}" --requirement tests/integration/requirements.txt
        tests "integration" venv/bin/python "${spread[@]}" tests/integration
        ;;
    ansible-test)
        "${pip[@]}" --requirement tests/ansible_test/requirements.txt
        tests "ansible-test" venv/bin/python --numprocesses 2 --dist loadfile tests/ansible_test
        ;;
    matrix)
        tests "matrix" venv/bin/python tests/matrix
        ;;
    browser)
        say "what reports and metrics need"
        tests/browser/install.sh || { failed+=("browser"); continue; }
        tests "browser" venv/bin/python tests/browser
        ;;
    faults)
        tests "faults" venv/bin/python --numprocesses 4 tests/faults  # they wait more than they work
        ;;
    package)
        "${pip[@]}" --requirement tests/package/requirements.txt
        tests "package" venv/bin/python tests/package
        check "galaxy-importer" venv/bin/nox --session galaxy-importer
        ;;
    bench)
        "${pip[@]}" --requirement tests/requirements-bench.txt
        check "bench" venv/bin/python tests/bench --quick
        ;;
    cluster)
        tests "cluster" venv/bin/python tests/cluster
        ;;
    molecule)
        say "what the scenarios need"
        tests/molecule/install.sh || { failed+=("molecule"); continue; }
        tests "molecule" venv/bin/python tests/molecule
        ;;
    esac
done

say "summary"
[ ${#failed[@]} -eq 0 ] || printf 'failed: %s\n' "${failed[@]}"
venv/bin/python tests/summary.py "$results" "${#failed[@]}"
