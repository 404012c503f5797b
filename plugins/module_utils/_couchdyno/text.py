# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports as people read them."""
from __future__ import annotations

import time
from typing import Any, Dict, Iterable, Tuple

Data = Dict[str, Any]
Line = Tuple[str, Any]

CONFIG = ("created", "last_dt", "last_errors", "last_ts", "last_updates", "size", "start", "total", "updates",
          "version", "seed", "position", "runs", "claims")
TIMES = frozenset(("created", "last_ts", "first_ts", "ts"))
UNKNOWN = "unknown"
AFTER = {"dt": "dt (sec)", "rate": "rate (/sec)"}


def setup(report: Data) -> str:
    """What couchdyno-setup prints."""
    text = _wide("dyno_config", _config(report["dyno_config"]))
    if "fill" in report:
        text += "\n\n" + _wide("fill", _after(report["fill"]))
    return text


def execute(report: Data) -> str:
    """What couchdyno-execute prints of a cycle."""
    return "\n\n".join((_narrow("before", report["before"].items()), _narrow("after", _after(report["after"])),
                        _narrow("new_state", _config(report["new_state"]))))


def unwritten(after: Data) -> str:
    """What couchdyno-setup and couchdyno-execute complain of when documents could not be written."""
    reason = after.get("reason") or _failed(after["samples"][0])
    return f"{after['errors']} documents could not be written: {reason}; the next cycle tries them again"


def info(report: Data) -> str:
    """What couchdyno-info prints."""
    parts = [_wide("dyno_config", _config(report["dyno_config"])),
             _wide("database", _database(report["database"])),
             _wide("progress", _progress(report["progress"]))]
    parts += [_wide(kind + "_statistics", _statistics(figures))
              for kind, figures in report["statistics"].items() if figures["runs"]]
    if report.get("earlier"):
        parts.append(_wide("earlier_history", [("entries", len(report["earlier"]))]))
    if report["runs"]:
        parts.append("latest runs:\n" + _table(report["runs"]))
    return "\n\n".join(parts)


def verify(report: Data) -> str:
    """What couchdyno-verify prints."""
    verdict = [("verdict", report["verdict"]), *(("because", reason) for reason in report["reasons"]),
               ("dt (sec)", report["dt"]), ("rate (/sec)", f"{report['rate']:.0f}")]
    return "\n\n".join((_wide("verify", verdict), _wide("documents", _proved(report)),
                        _wide("position", _standing(report))))


def _proved(report: Data) -> list[Line]:
    lines: list[Line] = [("checked", f"{report['checked']} of {report['stream']['total']}")]
    for kind, count in report["counts"].items():
        if count or kind == "exact":
            lines.append((kind, count))
        samples = report["samples"].get(kind, ())
        lines += [(kind, f"{_name(sample['id'])} {sample['reason']}") for sample in samples]
        if samples and count > len(samples):
            lines.append((kind, f"and {count - len(samples)} more"))
    return lines


def _standing(report: Data) -> list[Line]:
    lines: list[Line] = [(name, _position(report[name], report[name + "_ts"])) for name in ("low", "high")]
    ledger, span = report["ledger"], report["span"]
    if ledger:
        lines.append(("ledger", f"{ledger['position']}, {ledger['claims']} open claims, "
                                f"{'agrees' if ledger['agrees'] else 'does not agree'}"))
    if span:
        lines.append(("span", f"{span['from_position']} to {span['to_position']}"))
    if "source" in report:
        source, lag = report["source"], report["lag"]
        lines += [("source", _position(source["position"], source["ts"])),
                  ("lag (updates)", _known(lag["updates"])), ("lag (sec)", _known(lag["seconds"]))]
    return lines


def _position(position: int | None, ts: int | None) -> str:
    return str(_known(position)) if ts is None else f"{position} (after {iso(ts)})"


def _known(value: Any) -> Any:
    return UNKNOWN if value is None else value


def _name(document_id: str) -> str:
    """The id of a document; that of a foreign one may hold anything, so it is quoted where it must be."""
    return document_id if document_id.isascii() and document_id.isprintable() else ascii(document_id)


def _config(config: Data) -> list[Line]:
    values = dict(config, claims=len(config["claims"]))
    return [(name, _moment(name, values[name])) for name in CONFIG if name in values]


def _after(after: Data) -> list[Line]:
    lines = [(AFTER.get(name, name), value) for name, value in after.items() if name not in ("samples", "first")]
    lines += [("failed", _failed(sample)) for sample in after.get("samples", ())]
    return [(name, f"{value:.0f}" if name == "rate (/sec)" else value) for name, value in lines]


def _failed(sample: Data) -> str:
    return f"{sample['id']} (update {sample['update']}): {sample['reason']}"


def _database(database: Data) -> list[Line]:
    sizes = database["sizes"] or {}
    lines = [("name", database["name"]), ("server_version", database["server_version"]),
             ("doc_count", database["doc_count"])]
    lines += [("size_" + name, sizes[name]) for name in ("active", "external", "file") if name in sizes]
    return lines + [(name, database[name]) for name in ("q", "n") if database[name] is not None]


def _progress(progress: Data) -> list[Line]:
    present, total = progress["present"], progress["total"]
    return [("documents", f"{present} of {total} ({100 * present // total} %)"),
            ("laps", progress["laps"]), ("open_claims", progress["open_claims"]), ("settled", progress["settled"]),
            ("server_time", _moment("ts", progress["ts"]))]


def _statistics(figures: Data) -> list[Line]:
    lines = [(name, _moment(name, figures[name])) for name in ("runs", "updates", "errors", "first_ts", "last_ts")]
    for name, title in (("rate", "rate (/sec)"), ("dt", "dt (sec)")):
        spread = figures[name]
        if spread:
            lines.append((title, f"min {spread['min']:g}, median {spread['median']:g}, max {spread['max']:g}"))
    latency = figures["latency"]
    if latency:
        lines.append(("bulk_latency (sec)", f"p50 {latency['p50']:g}, p99 {latency['p99']:g}"))
    return lines


def _table(runs: Iterable[Data]) -> str:
    lines = [_row("run", "time (UTC)", "kind", "updates", "errors", "dt", "rate", "host")]
    for run in runs:
        rate = run["updates"] / run["dt"] if run["dt"] else 0
        lines.append(_row(run["run"], iso(run["ts"]), run["kind"], run["updates"], run["errors"], f"{run['dt']:.3f}",
                          f"{rate:.0f}", run["host"]))
    return "\n".join(lines)


def _row(run: Any, when: str, kind: str, updates: Any, errors: Any, dt: str, rate: str, host: str) -> str:
    return f"    {run:>6}  {when:<19}  {kind:<5}  {updates:>9}  {errors:>8}  {dt:>7}  {rate:>9}  {host}"


def _wide(title: str, lines: Iterable[Line]) -> str:
    return "\n".join([f"{title}:", *(f"    {name} : {value}" for name, value in lines)])


def _narrow(title: str, lines: Iterable[Line]) -> str:
    return "\n".join([f"{title}:", *(f"  {name}: {value}" for name, value in lines)])


def _moment(name: str, value: Any) -> Any:
    return f"{value} ({iso(value)})" if name in TIMES else value


def iso(ts: float) -> str:
    """A time stamp as UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ts))
