# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports of setup, execute and verify as people read them."""
from __future__ import annotations

from .layout import Data, Line, config, documents, iso, known, narrow, quoted, wide

AFTER = {"dt": "dt (sec)", "rate": "rate (/sec)"}


def setup(report: Data) -> str:
    """What couchdyno-setup prints."""
    text = wide("dyno_config", config(report["dyno_config"]))
    if "fill" in report:
        text += "\n\n" + wide("fill", _after(report["fill"]))
    return text


def execute(report: Data) -> str:
    """What couchdyno-execute prints of a cycle."""
    return "\n\n".join((narrow("before", report["before"].items()), narrow("after", _after(report["after"])),
                        narrow("new_state", config(report["new_state"]))))


def unwritten(after: Data) -> str:
    """What couchdyno-setup and couchdyno-execute complain of when documents could not be written."""
    reason = after.get("reason") or _failed(after["samples"][0])
    return f"{documents(after['errors'])} could not be written: {reason}; the next cycle tries them again"


def verify(report: Data) -> str:
    """What couchdyno-verify prints."""
    verdict = [("verdict", report["verdict"]), *(("because", reason) for reason in report["reasons"]),
               ("dt (sec)", report["dt"]), ("rate (/sec)", f"{report['rate']:.0f}")]
    return "\n\n".join((wide("verify", verdict), wide("documents", _proved(report)),
                        wide("position", _standing(report))))


def _proved(report: Data) -> list[Line]:
    lines: list[Line] = [("checked", f"{report['checked']} of {report['stream']['total']}")]
    for kind, count in report["counts"].items():
        if count or kind == "exact":
            lines.append((kind, count))
        samples = report["samples"].get(kind, ())
        lines += [(kind, f"{quoted(sample['id'])} {sample['reason']}") for sample in samples]
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
                  ("lag (updates)", known(lag["updates"])), ("lag (sec)", known(lag["seconds"]))]
    return lines


def _position(position: int | None, ts: int | None) -> str:
    return str(known(position)) if ts is None else f"{position} (after {iso(ts)})"


def _after(after: Data) -> list[Line]:
    lines = [(AFTER.get(name, name), value) for name, value in after.items() if name not in ("samples", "first")]
    lines += [("failed", _failed(sample)) for sample in after.get("samples", ())]
    return [(name, f"{value:.0f}" if name == "rate (/sec)" else value) for name, value in lines]


def _failed(sample: Data) -> str:
    return f"{sample['id']} (update {sample['update']}): {sample['reason']}"
