# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of info as people read it."""
from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Iterable

from .layout import Data, Line, config, duration, iso, moment, quoted, short, wide

WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SHOWN_GAPS = 5


def info(report: Data) -> str:
    """What couchdyno-info prints."""
    parts = [wide("dyno_config", config(report["dyno_config"])),
             wide("database", _database(report["database"], report["growth"])),
             wide("progress", _progress(report["progress"]))]
    parts += [wide(kind + "_statistics", _statistics(figures))
              for kind, figures in report["statistics"].items() if figures["runs"]]
    if report["gaps"]["count"]:
        parts.append(wide("gaps", _gaps(report["gaps"])))
    if report["hosts"]:
        parts.append("hosts:\n" + _hosts(report["hosts"]))
    if "census" in report:
        parts.append("census (updates a day, UTC):\n" + _calendar(report["census"]))
    if "conflicts" in report:
        parts.append(wide("conflicts", _conflicts(report["conflicts"])))
    if report.get("earlier"):
        parts.append(wide("earlier_history", [("entries", len(report["earlier"]))]))
    if report["runs"]:
        parts.append("latest runs:\n" + _table(report["runs"]))
    return "\n\n".join(parts)


def _database(database: Data, growth: Data | None) -> list[Line]:
    sizes = database["sizes"] or {}
    lines = [("name", database["name"]), ("server_version", database["server_version"]),
             ("doc_count", database["doc_count"])]
    for name in ("active", "external", "file"):
        if name in sizes:
            lines.append(("size_" + name, sizes[name]))
        if growth and name in growth:
            lines.append(("growth_" + name, _growth(growth[name], growth["until"] - growth["since"])))
    return lines + [(name, database[name]) for name in ("q", "n") if database[name] is not None]


def _growth(size: Data, seconds: int) -> str:
    by_day = "" if size["per_day"] is None else f", {size['per_day']:+d} a day"
    return f"{size['last'] - size['first']:+d} in {duration(seconds)}{by_day}"


def _progress(progress: Data) -> list[Line]:
    present, total = progress["present"], progress["total"]
    lines = [("documents", f"{present} of {total} ({100 * present // total} %)"), ("laps", progress["laps"])]
    done = f"{progress['lap_done']} of {total} ({100 * progress['lap_done'] // total} %)"
    if progress["seconds_left"] is not None:
        done += f", done in {duration(progress['seconds_left'])} at {progress['pace']:.3g} updates/s"
    hosts = ", ".join(progress["open_hosts"])
    lines += [("lap", done), ("open_claims", f"{progress['open_claims']}, of {hosts}" if hosts else 0)]
    if progress["expired_claims"]:
        lines.append(("expired_claims", f"{progress['expired_claims']}, of {', '.join(progress['expired_hosts'])}; "
                                        "the next cycle repairs them"))
    return [*lines, ("settled", progress["settled"]), ("server_time", moment("ts", progress["ts"]))]


def _statistics(figures: Data) -> list[Line]:
    lines = [(name, moment(name, figures[name])) for name in ("runs", "updates", "errors", "first_ts", "last_ts")]
    if figures["errors"]:
        lines.append(("errors_by_class", ", ".join(f"{name} {n}" for name, n in figures["error_classes"].items())))
    lines += [(f"last_{name}", f"runs {of['runs']}, updates {of['updates']}, errors {of['errors']}")
              for name, of in figures["recent"].items()]
    for name, title in (("rate", "rate (/sec)"), ("dt", "dt (sec)")):
        spread = figures[name]
        if spread:
            lines.append((title, f"min {spread['min']:g}, median {spread['median']:g}, max {spread['max']:g}"))
        if name == "rate" and figures["trend"] and figures["trend"]["change"] is not None:
            lines.append(("rate_trend", _trend(figures["trend"])))
    latency = figures["latency"]
    if latency:
        lines.append(("bulk_latency (sec)", ", ".join(f"{name} {latency[name]:g}" for name in ("p50", "p95", "p99"))))
    return lines


def _trend(trend: Data) -> str:
    certainty = "within what chance explains" if trend["is_noise"] else "more than chance explains"
    return f"{trend['change']:+g} % from the earlier half of the runs to the later one, {certainty}"


def _gaps(gaps: Data) -> list[Line]:
    lines: list[Line] = [("missed_runs", f"{gaps['missed']} in {gaps['count']} gaps")]
    for gap in gaps["latest"][-SHOWN_GAPS:]:
        until = "now" if gap["until"] is None else iso(gap["until"])
        lines.append(("gap", f"{iso(gap['since'])} to {until}, {gap['missed']} missed on {gap['host']}"))
    return lines


def _hosts(hosts: Iterable[Data]) -> str:
    lines = [_host("host", "runs", "updates", "errors", "rate", "interval", "missed", "last run (UTC)")]
    for host in hosts:
        rate = f"{host['rate']['median']:.0f}" if host["rate"] else "-"
        interval = duration(host["interval"]) if host["interval"] else "-"
        lines.append(_host(host["host"], host["runs"], host["updates"], host["errors"], rate, interval, host["missed"],
                           iso(host["last_ts"])))
    return "\n".join(lines)


def _host(host: str, runs: Any, updates: Any, errors: Any, rate: str, interval: str, missed: Any, last: str) -> str:
    return (f"    {host:<20}  {runs:>6}  {updates:>9}  {errors:>8}  {rate:>9}  {interval:>10}  {missed:>6}  "
            f"{last}")


def _conflicts(conflicts: Data) -> list[Line]:
    lines: list[Line] = [("documents", conflicts["documents"]), ("revisions", conflicts["revisions"])]
    lines += [("conflict", f"{quoted(sample['id'])} has {sample['revisions']} losing revisions")
              for sample in conflicts["samples"]]
    return lines


def _calendar(census: Iterable[Data]) -> str:
    """Weeks from Monday on, the updates of each day in it; a dot for a day without a run, "!" after one with errors."""
    days = {date.fromisoformat(entry["day"]): entry for entry in census}
    lines = ["    week of     " + "".join(f"{name:>8}" for name in WEEK)]
    latest = None
    for monday in sorted({day - timedelta(day.weekday()) for day in days}):
        if latest and monday - latest > timedelta(7):
            lines.append("    …")
        week = [_day(days.get(monday + timedelta(number))) for number in range(7)]
        lines.append(f"    {monday}  " + "".join(f"{cell:>8}" for cell in week))
        latest = monday
    return "\n".join(lines)


def _day(entry: Data | None) -> str:
    if entry is None:
        return "."
    return short(entry["updates"]) + ("!" if entry["errors"] else "")


def _table(runs: Iterable[Data]) -> str:
    lines = [_row("run", "time (UTC)", "kind", "updates", "errors", "dt", "rate", "host")]
    for run in runs:
        rate = run["updates"] / run["dt"] if run["dt"] else 0
        lines.append(_row(run["run"], iso(run["ts"]), run["kind"], run["updates"], run["errors"], f"{run['dt']:.3f}",
                          f"{rate:.0f}", run["host"]))
    return "\n".join(lines)


def _row(run: Any, when: str, kind: str, updates: Any, errors: Any, dt: str, rate: str, host: str) -> str:
    return f"    {run:>6}  {when:<19}  {kind:<5}  {updates:>9}  {errors:>8}  {dt:>7}  {rate:>9}  {host}"
