# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
import sys

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import driver
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.driver import abandon, is_gone, new_driver


def test_each_cycle_is_a_driver_of_its_own_in_the_same_process():
    one, other = new_driver(), new_driver()
    assert one.name != other.name and one.process == other.process and one.host == other.host


def test_this_process_is_not_gone():
    me = new_driver()
    assert not is_gone(me.name, me.process)


def test_a_cycle_of_this_process_that_ended_without_settling_is_gone():
    dead, alive = new_driver(), new_driver()
    abandon(dead)
    assert is_gone(dead.name, dead.process) and not is_gone(alive.name, alive.process)


def other_process():
    """A process that lives until its standard input is closed, and its identity."""
    script = "import sys; print(sys.argv[1], flush=True); sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", script, ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process, f"{driver._space()} {process.pid} {driver._started(str(process.pid))}"


def end(process):
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_another_process_is_gone_when_it_has_ended():
    process, identity = other_process()
    assert not is_gone("other", identity)
    end(process)
    assert is_gone("other", identity)


def test_a_process_with_the_number_of_a_dead_one_is_not_confused_with_it():
    space, pid, started = new_driver().process.split(" ")
    assert is_gone("dead", f"{space} {pid} {int(started) - 1}")


def test_processes_elsewhere_are_not_known():
    __, pid, started = new_driver().process.split(" ")
    for process in ("", f"other-boot/123 {pid} 1", f"other-boot/123 999999999 {started}", "nonsense", "a b c"):
        assert not is_gone("other", process)


def test_a_process_that_is_hidden_is_not_gone_before_it_ends(monkeypatch):
    """If /proc is mounted with hidepid, it does not show the processes of other users."""
    process, identity = other_process()
    monkeypatch.setattr(driver, "open", hide(f"/proc/{process.pid}/"), raising=False)
    assert not is_gone("other", identity)
    end(process)
    assert is_gone("other", identity)


def hide(place):
    def opened(path, *args, **options):
        if path.startswith(place):
            raise FileNotFoundError(path)
        return open(path, *args, **options)

    return opened
