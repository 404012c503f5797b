# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching: a live view on a terminal where rich is installed, plain lines elsewhere."""
from __future__ import annotations

import sys
from typing import Any, Sequence

from . import screen
from .figures import rate
from .layout import Data, duration, iso, short

try:
    from rich.console import Group
    from rich.live import Live
    from rich.panel import Panel
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text
except ImportError:  # lines serve, too
    Live = None  # type: ignore[assignment, misc]

INTERVAL = 2.0  # seconds between two looks
AROUND = 12  # columns of the picture that are neither values nor text: the frame, names, and the room between
BLOCKS = "▁▂▃▄▅▆▇█"


class View:
    """Shows glances: ``with View() as view: view.show(glance)``. ``lines`` makes it plain lines, whatever there is."""

    def __init__(self, lines: bool = False) -> None:
        self._live: Any = None if lines or Live is None or not sys.stdout.isatty() else Live(auto_refresh=False)
        self._seen: Any = None

    def __enter__(self) -> View:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *__: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, glance: Data) -> None:
        """Show a glance; as a line only when there was a run since the last."""
        if self._live:
            self._live.update(picture(glance, self._live.console.width), refresh=True)
        elif glance["all_runs"] != self._seen:
            self._seen = glance["all_runs"]
            screen.show(line(glance))


def line(glance: Data) -> str:
    """A glance in a line."""
    parts = [f"{iso(glance['ts'])} {glance['name']}: {glance['all_runs']} runs", f"lap {_lap(glance)}"]
    if glance["runs"]:
        last = glance["runs"][-1]
        parts[1:1] = [f"the last {last['updates']} documents in {last['dt']:.3f} s, {rate(last):.0f}/s"]
        if last.get("latency"):
            parts.insert(2, f"p99 {last['latency']['p99']:g} s")
        parts.append(f"errors {last['errors']}")
    return ", ".join(parts)


def rows(glance: Data) -> list[tuple[str, Sequence[float], str]]:
    """What the view tells beside its progress bar: names, values to draw, and what to say of them."""
    runs = glance["runs"]
    lines: list[tuple[str, Sequence[float], str]] = [
        ("time", (), f"{iso(glance['ts'])}, {glance['all_runs']} runs, {glance['open_claims']} open claims")]
    if runs:
        rates = [rate(run) for run in runs]
        lines.append(("rate", rates, f"{rates[-1]:.0f} documents/s, from {min(rates):.0f} to {max(rates):.0f}"))
    told = [run["latency"] for run in runs if run.get("latency")]
    for name in ("p50", "p95", "p99") if told else ():
        values = [entry[name] for entry in told]
        lines.append((name, values, f"{values[-1]:g} s, at most {max(values):g}"))
    errors = [run["errors"] for run in runs]
    lines.append(("errors", errors, f"{sum(errors)} in the latest {len(runs)} runs"))
    return lines


def sparkline(values: Sequence[float]) -> str:
    """Values as blocks, from 0 to the highest."""
    most = max(values, default=0)
    if not most:
        return BLOCKS[0] * len(values)
    return "".join(BLOCKS[min(len(BLOCKS) - 1, int(value / most * len(BLOCKS)))] for value in values)


def picture(glance: Data, width: int) -> Any:
    """The view, for rich to draw, in so many columns: as many of the latest values as there is room for."""
    table = Table.grid(padding=(0, 2))
    lines = rows(glance)
    room = max(0, width - AROUND - max(len(text) for __, values, text in lines if values) - 1) if glance["runs"] else 0
    for name, values, text in lines:
        is_bad = name == "errors" and any(values)
        drawn = sparkline(values)[-room:] + " " if values and room else ""
        table.add_row(Text(name, style="dim"), Text(drawn + text, style="bold red" if is_bad else "",
                                                    overflow="ellipsis", no_wrap=True))
    lap = ProgressBar(total=glance["total"], completed=glance["lap_done"])
    return Panel(Group(table, Text(f"lap {_lap(glance)}", style="dim"), lap), title=Text(glance["name"]))


def _lap(glance: Data) -> str:
    text = f"{glance['laps']}: {short(glance['lap_done'])} of {short(glance['total'])}"
    if glance["seconds_left"] is None:
        return text
    return f"{text}, done in {duration(glance['seconds_left'])}"
