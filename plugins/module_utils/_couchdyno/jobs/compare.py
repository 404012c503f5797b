# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare: two infos side by side, for example before and after an upgrade. Pure.

The comparison uses the points of their series, so that consecutive cycles, which may influence each other, count as
one. If both reports are from one database, cycles already in the first are excluded from the second.
"""
from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, Callable, Dict, NamedTuple

from ..errors import NotComparable, UsageError, option, switch
from ..model.limits import MAX_TOLERANCE
from ..model.workload import CLASSIC
from ..statistics.significance import BETTER, FEWEST, SAME, UNKNOWN, WORSE, Middle, change, judge, middle

OF_CONFIG = ("total", "size", "updates")
OF_DATABASE = ("server_version", "q", "n", "connections", "limits")

Data = Dict[str, Any]


class Figure(NamedTuple):
    """A figure to compare; ``read`` returns its value from a point of a series (None: unknown)."""

    name: str
    unit: str
    more_is_better: bool
    read: Callable[[Data], Any]


FIGURES = (
    Figure("rate", "/sec", True, lambda point: (point["rate"] or {}).get("median")),
    Figure("latency_p50", "sec", False, lambda point: (point["latency"] or {}).get("p50")),
    Figure("latency_p95", "sec", False, lambda point: (point["latency"] or {}).get("p95")),
)


def compare(a: Data, b: Data, tolerance: float = 10.0, force: bool = False) -> Data:
    """Compare info ``b`` with info ``a``: a change counts if it exceeds noise and ``tolerance`` (percent).

    Returns::

        {"verdict": WORSE if any figure is, else BETTER if any is, else SAME,
         "tolerance": percent,
         "a", "b": {"name", "url", "server_version", "runs", "since", "until", "errors", "updates"},
         "differs": {name: [of a, of b]}, the differing parameters,
         "figures": [{"figure", "unit", "a", "b", "change", "verdict"}]}

    ``a`` and ``b`` of a figure are ``{"median", "low", "high", "values"}``, as significance.Middle; ``change`` is in
    percent. Raises NotComparable if parameters differ, unless ``force`` is set, or if there are too few cycles.
    """
    if not 0 <= tolerance <= MAX_TOLERANCE:
        raise UsageError(option("tolerance"), f" must be from 0 to {MAX_TOLERANCE:g} percent, not {tolerance:g}")
    differs = _differences(a, b)
    if differs and not force:
        what = "; ".join(f"{name}: {one} and {other}" for name, (one, other) in differs.items())
        raise NotComparable(f"the reports differ ({what}); use ", switch("force"), " to compare them anyway")
    of_a, of_b = a["series"], _own_points(a, b)
    figures = [_compared(figure, of_a, of_b, tolerance / 100) for figure in FIGURES]
    verdicts = {figure["verdict"] for figure in figures}
    if verdicts == {UNKNOWN}:
        raise NotComparable(f"too few points to compare: {len(of_a)} and {len(of_b)}, but {FEWEST} of each are "
                            "required (a point is one or more cycles); cycles already in the first report are "
                            "excluded from the second")
    return {"verdict": next((verdict for verdict in (WORSE, BETTER) if verdict in verdicts), SAME),
            "tolerance": tolerance, "a": _summary(a, of_a), "b": _summary(b, of_b), "differs": differs,
            "figures": figures}


def _differences(a: Data, b: Data) -> dict[str, list[Any]]:
    pairs = [(name, a["dyno_config"].get(name), b["dyno_config"].get(name)) for name in OF_CONFIG]
    pairs.append(("workload", _workload(a["dyno_config"]), _workload(b["dyno_config"])))
    pairs += [(name, a["database"].get(name), b["database"].get(name)) for name in OF_DATABASE]
    return {name: [one, other] for name, one, other in pairs if one != other}


def _workload(config: Data) -> str:
    """A workload in a few words: the names of its types, and what tells it from others with these."""
    workload = config.get("workload")
    if not workload:
        return CLASSIC
    names = ", ".join(each["name"] for each in workload["types"])
    text = json.dumps(workload, sort_keys=True).encode("ascii")
    return f"{names} ({sha256(text).hexdigest()[:6]})"


def _own_points(a: Data, b: Data) -> list[Data]:
    """The points of ``b`` that are not in ``a``."""
    if any(a["dyno_config"].get(name) != b["dyno_config"].get(name) for name in ("seed", "created")) or not a["series"]:
        return list(b["series"])
    end = a["series"][-1]["until"]
    return [point for point in b["series"] if point["ts"] > end]


def _compared(figure: Figure, of_a: list[Data], of_b: list[Data], tolerance: float) -> Data:
    one, other = _middle(figure, of_a), _middle(figure, of_b)
    compared: Data = {"figure": figure.name, "unit": figure.unit, "a": one and one._asdict(),
                      "b": other and other._asdict(), "change": None, "verdict": UNKNOWN}
    if one and other:
        compared.update(change=change(one.median, other.median),
                        verdict=judge(one, other, tolerance, figure.more_is_better))
    return compared


def _middle(figure: Figure, points: list[Data]) -> Middle | None:
    values = [value for value in map(figure.read, points) if value is not None]
    return middle(values) if values else None


def _summary(info: Data, points: list[Data]) -> Data:
    database = info["database"]
    return {"name": database["name"], "url": database.get("url"), "server_version": database["server_version"],
            **{name: sum(point[name] for point in points) for name in ("runs", "updates", "errors")},
            "since": points[0]["ts"] if points else None, "until": points[-1]["until"] if points else None}
