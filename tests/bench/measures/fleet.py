# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task of couchdyno_execute on a group of hosts against a task of ansible.builtin.ping."""
from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Iterator

from bench import HERE, ROOT, Bench, say
from figures import Table, at_most, ratios
from processes import run

UPDATES = 10
PING: dict[str, Any] = {"ansible.builtin.ping": {}}
PING_WITH_REQUESTS: dict[str, Any] = {"ping_with_requests": {}}
SETUP = {"dyno.couchdb.couchdyno_setup": {"url": "{{ couchdyno_url }}", "total": 100, "fill": True}}
EXECUTE = {"dyno.couchdb.couchdyno_execute": {"url": "{{ couchdyno_url }}", "updates_per_run": UPDATES}}
NOTE = ("Seconds of a task on {hosts} hosts with local connections, {hosts} forks and a database for each host. The "
        "cycles alone are {hosts} cycles in a single process, start-up subtracted. The other ping imports requests, as "
        "couchdyno does, before it answers.")


def measure(bench: Bench) -> Iterator[Table]:
    hosts = [f"host{number:02}" for number in range(bench.pick(20, 2))]
    with tempfile.TemporaryDirectory(prefix="couchdyno-bench-") as directory:
        inventory = _inventory(bench, Path(directory), hosts)
        say("fleet: setting up")
        _play(bench, inventory, {"setup": SETUP})
        seconds: dict[str, list[float]] = {"ping": [], "with requests": [], "execute": []}
        cycles = []
        for number in bench.rounds("fleet"):
            tasks = [("ping", PING), ("with requests", PING_WITH_REQUESTS), ("execute", EXECUTE)]
            found = _play(bench, inventory, dict(tasks[::-1] if number % 2 else tasks))
            for name, series in seconds.items():
                series.append(found[name])
            cycles.append(_cycles(bench, hosts[0], len(hosts)))
    bench.delete(*map(_name, hosts))
    pure = {"couchdyno_execute, 10 documents": [module - cycle for module, cycle in zip(seconds["execute"], cycles)],
            "a ping that imports requests": seconds["with requests"]}
    table = Table("fleet", "Task", NOTE.format(hosts=len(hosts)))
    table.add("ansible.builtin.ping", "s", seconds["ping"])
    table.add("a ping that imports requests", "s", seconds["with requests"])
    table.add("couchdyno_execute, 10 documents", "s", seconds["execute"])
    table.add("the cycles alone", "s", cycles)
    for task, series in pure.items():
        table.add(task, "excluding the cycles, times ping", ratios(series, seconds["ping"]),
                  at_most(1.25) if task.startswith("couchdyno") else None)
    yield table


def _cycles(bench: Bench, host: str, count: int) -> float:
    """The seconds for this number of cycles in one process, minus its start-up."""
    database = bench.database(_name(host))
    one, all_of_them = (bench.script("execute", database, "-c", 0, "--cycles", cycles, "-u", UPDATES).seconds
                        for cycles in (1, 1 + count))
    return max(all_of_them - one, 0.0)


def _inventory(bench: Bench, directory: Path, hosts: list[str]) -> Path:
    """An inventory of hosts that all are this machine, each with the URL of a database."""
    common = {"ansible_connection": "local", "ansible_python_interpreter": str(bench.python)}
    known = {host: {"couchdyno_url": bench.plain_url(_name(host))} for host in hosts}
    path = directory / "hosts.json"
    path.write_text(json.dumps({"all": {"hosts": known, "vars": common}}))
    return path


def _play(bench: Bench, inventory: Path, tasks: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Run tasks on all hosts, after a task to warm up; returns the seconds of each task."""
    playbook, times = inventory.with_name("playbook.json"), inventory.with_name("times.json")
    listed = [{"name": name, **task} for name, task in {"warm up": PING, **tasks}.items()]
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": listed}]))
    run([bench.scripts / "ansible-playbook", "-i", inventory, playbook], ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"),
        ANSIBLE_FORKS="20", ANSIBLE_LIBRARY=str(HERE / "library"),
        ANSIBLE_CALLBACK_PLUGINS=str(HERE / "callbacks"), ANSIBLE_CALLBACKS_ENABLED="task_times",
        TASK_TIMES=str(times), COUCHDYNO_USERNAME=bench.server.username, COUCHDYNO_PASSWORD=bench.server.password)
    return dict(json.loads(times.read_text()))


def _name(host: str) -> str:
    return f"fleet_{host}"
