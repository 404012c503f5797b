# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages about documents and run records that could not be written."""
from __future__ import annotations

from typing import Iterator

from ..forms import counted, failure
from ..paths import Data

BUSY = "nothing was updated: other drivers are still writing some of the next documents; the next cycle tries again"


def unwritten(errors: int, why: str = "", refused: int = 0, retry: str = "") -> str:
    """One line: how many documents could not be written, why (optional), and what to do.

    ``refused`` is how many of them the server refused for good, ``retry`` what to do about the others; by default, the
    next cycle retries them.
    """
    reason = f": {why}" if why else ""
    advice = retry or f"the next cycle retries {_pronoun(errors, 'it', 'them')}"
    if refused == errors:
        advice = _pronoun(errors, "it is tried again on its next turn", "they are tried again on their next turn")
    elif refused:
        advice += f", except {refused} that the server refused; " + _pronoun(
            refused, "this one is tried again on its next turn", "these are tried again on their next turn")
    return f"{counted(errors, 'document')} could not be written{reason}; {advice}"


def warnings(after: Data) -> Iterator[str]:
    """The messages about what was not done, other than documents that could not be written: no errors of the cycle."""
    if "busy" in after:
        yield BUSY
    for name, message in (("unrecorded", unrecorded), ("undeleted", undeleted)):
        if name in after:
            yield message(after[name])


def unrecorded(reason: str) -> str:
    """One line: why the run record of a cycle was not written, and what follows."""
    return f"the run record was not written: {reason}; this run is missing from the history"


def undeleted(reason: str) -> str:
    """One line: why an earlier state document of the ledger was not deleted, and what follows."""
    return (f"an earlier state of the ledger could not be deleted: {reason}; such documents accumulate and slow cycles "
            "down, so let the validators of the database permit this")


def _pronoun(count: int, one: str, several: str) -> str:
    return one if count == 1 else several


def why(after: Data) -> str:
    """Why documents could not be written, from the ``after`` of a cycle or the ``fill`` of setup."""
    if "reason" in after:
        return str(after["reason"])
    example = failure(after["samples"][0])
    return f"for example {example}" if after["errors"] > 1 else example
