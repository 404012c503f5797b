# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live view of a database: a picture on a terminal if rich is installed, plain lines elsewhere."""
from __future__ import annotations

import sys
from typing import Any, Dict, Sequence

from ..reports.forms import counted, duration, measured, per_second, run_rate, short, short_time, utc
from . import terminal

try:
    from rich.console import Group
    from rich.live import Live
    from rich.panel import Panel
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text
except ImportError:  # plain lines are used instead
    Live = None  # type: ignore[assignment, misc]

INTERVAL = 2.0  # seconds between two snapshots
AROUND = 12  # columns of the picture that are neither values nor text: the frame, names, and the space between
BLOCKS = "▁▂▃▄▅▆▇█"
NOTHING = object()  # so far

Data = Dict[str, Any]


class LiveView:
    """Shows snapshots: ``with LiveView() as view: view.show(snapshot)``."""

    def __init__(self) -> None:
        self._live: Any = (
            Live(auto_refresh=False) if Live is not None and terminal.is_terminal(sys.stdout) else None)
        self._seen: Any = NOTHING

    def __enter__(self) -> LiveView:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *__: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, snapshot: Data) -> None:
        """Show a snapshot; prints a line only if a run has ended since the previous one."""
        if self._live:
            with terminal.showing():
                self._live.update(picture(snapshot, self._live.console.width), refresh=True)
            return
        latest = snapshot["runs"][-1]["run"] if snapshot["runs"] else None
        if latest != self._seen:
            self._seen = latest
            terminal.show(line(snapshot))


def line(snapshot: Data) -> str:
    """A snapshot in a line."""
    parts = [f"{utc(snapshot['ts'])} {snapshot['name']}: {counted(snapshot['all_runs'], 'run')}"]
    if snapshot["runs"]:
        last = snapshot["runs"][-1]
        took = f"{short_time(last['dt'])} ({per_second(run_rate(last))})"
        parts.append(f"latest: {counted(last['updates'], 'document')} in {took}")
        if last.get("latency"):
            parts.append(f"p99 {short_time(last['latency']['p99'])}")
        parts.append(counted(last["errors"], "error"))
        if last.get("throttled"):
            parts.append(f"throttled {counted(last['throttled'], 'time')}")
    if snapshot.get("skipped"):
        parts.append(_skipped(snapshot))
    return ", ".join([*parts, _progress(snapshot)])


def rows(snapshot: Data) -> list[tuple[str, Sequence[float], str]]:
    """The lines above the progress bar: a name, the values to draw, and the text next to them."""
    runs = snapshot["runs"]
    lines: list[tuple[str, Sequence[float], str]] = [
        ("time", (), f"{utc(snapshot['ts'])}, {counted(snapshot['all_runs'], 'run')}, "
                     f"{counted(snapshot['open_claims'], 'open claim')}")]
    if runs:
        rates = [run_rate(run) for run in runs]
        lowest, highest = measured(min(rates)), measured(max(rates))
        lines.append(("rate", rates, f"{measured(rates[-1])} documents/s, from {lowest} to {highest}"))
    latencies = [run["latency"] for run in runs if run.get("latency")]
    for name in ("p50", "p95", "p99") if latencies else ():
        values = [latency[name] for latency in latencies]
        lines.append((name, values, f"{short_time(values[-1])}, at most {short_time(max(values))}"))
    errors = [run["errors"] for run in runs]
    lines.append(("errors", errors, f"{sum(errors)} in the latest {counted(len(runs), 'run')}" if runs else "0"))
    if snapshot.get("skipped"):
        lines.append(("records", (), _skipped(snapshot)))
    return lines


def sparkline(values: Sequence[float]) -> str:
    """Values as blocks, from 0 to the highest."""
    most = max(values, default=0)
    if not most:
        return BLOCKS[0] * len(values)
    return "".join(BLOCKS[min(len(BLOCKS) - 1, int(value / most * len(BLOCKS)))] for value in values)


def picture(snapshot: Data, width: int) -> Any:
    """The view for rich to draw, ``width`` columns wide, with as many of the latest values as fit."""
    table = Table.grid(padding=(0, 2))
    lines = rows(snapshot)
    longest = max((len(text) for __, values, text in lines if values), default=0)
    room = max(0, width - AROUND - longest - 1) if snapshot["runs"] else 0
    for name, values, text in lines:
        is_bad = name == "errors" and any(values)
        drawn = sparkline(values)[-room:] + " " if values and room else ""
        table.add_row(Text(name, style="dim"), Text(drawn + text, style="bold red" if is_bad else "",
                                                    overflow="ellipsis", no_wrap=True))
    below: list[Any] = [Text(_progress(snapshot), style="dim")]
    if snapshot["laps"] is not None:
        below.append(ProgressBar(total=snapshot["total"], completed=snapshot["lap_done"]))
    return Panel(Group(table, *below), title=Text(snapshot["name"]))


def _skipped(snapshot: Data) -> str:
    return f"{counted(snapshot['skipped'], 'run record')} skipped"


def _progress(snapshot: Data) -> str:
    if snapshot["laps"] is None:  # the types of its workload have laps of their own
        return f"{short(snapshot['position'])} updates handed out"
    text = f"lap {snapshot['laps']}: {short(snapshot['lap_done'])} of {short(snapshot['total'])} documents"
    if snapshot["seconds_left"] is None:
        return text
    return f"{text}, {duration(snapshot['seconds_left'])} left"
