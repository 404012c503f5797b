# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How reports are laid out: parts of ``name : value`` lines, and values as people read them."""
from __future__ import annotations

import time
from typing import Any, Dict, Iterable, Tuple

Data = Dict[str, Any]
Line = Tuple[str, Any]

CONFIG = ("created", "last_dt", "last_errors", "last_ts", "last_updates", "size", "start", "total", "updates",
          "version", "seed", "position", "runs", "claims")
TIMES = frozenset(("created", "last_ts", "first_ts", "ts"))
UNKNOWN = "unknown"
THOUSANDS = ("", "k", "M", "G", "T")
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def wide(title: str, lines: Iterable[Line]) -> str:
    """A part of the reports of setup, info and verify."""
    return "\n".join([f"{title}:", *(f"    {name} : {value}" for name, value in lines)])


def narrow(title: str, lines: Iterable[Line]) -> str:
    """A part of the report of execute."""
    return "\n".join([f"{title}:", *(f"  {name}: {value}" for name, value in lines)])


def config(config: Data) -> list[Line]:
    """The lines of the ledger."""
    values = dict(config, claims=len(config["claims"]))
    return [(name, moment(name, values[name])) for name in CONFIG if name in values]


def moment(name: str, value: Any) -> Any:
    """A value; where its name says that it is a time stamp, with the time that it stands for."""
    return f"{value} ({iso(value)})" if name in TIMES else value


def iso(ts: float) -> str:
    """A time stamp as UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ts))


def known(value: Any) -> Any:
    """A value, or that it is not known."""
    return UNKNOWN if value is None else value


def quoted(document_id: str) -> str:
    """The id of a document; that of a foreign one may hold anything, so it is quoted where it must be."""
    return document_id if document_id.isascii() and document_id.isprintable() else ascii(document_id)


def short(number: float) -> str:
    """A count in at most five characters: 999, 1.2k, 120k, 3.5M."""
    exponent = 0
    while abs(number) >= 999.5 and exponent < len(THOUSANDS) - 1:
        number /= 1000
        exponent += 1
    digits = 1 if exponent and abs(number) < 9.95 else 0
    return f"{number:.{digits}f}{THOUSANDS[exponent]}"


def documents(count: int) -> str:
    """So many documents, in words."""
    return f"{count} document{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """Seconds in the largest two units that they fill: 3 d 4 h."""
    left = round(seconds)
    parts: list[str] = []
    for unit, name in UNITS:
        if left >= unit or (unit == 1 and not parts):
            parts.append(f"{left // unit} {name}")
            left %= unit
        elif parts:
            break
    return " ".join(parts[:2])
