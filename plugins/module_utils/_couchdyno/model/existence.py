# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which documents exist, according to a ledger. Pure."""
from __future__ import annotations

from . import ranges
from .ledger import Ledger
from .ranges import Ranges


def existing(ledger: Ledger) -> int:
    """How many documents exist: all that were handed out, except those of which no update has been written so far.

    Updates of open claims do not count as written, although drivers may have written some of them. If entries of missed
    updates were merged, their counts decide, and it is assumed that each of these documents has missed as many updates
    as any of them. The ledger of the original tool does not say whether documents from its ``start`` on exist, so these
    do not count until cycles write them.
    """
    if ledger.seed is None:  # of the original tool
        return min(ledger.position, ledger.total)
    return sum(existing_by_type(ledger))


def existing_by_type(ledger: Ledger) -> list[int]:
    """The same for each type of documents; classic has one type."""
    unwritten = [(claim.updates, 1, claim.count) for claim in ledger.claims]
    unwritten += [(((entry.first, entry.stop),), entry.visits, entry.count) for entry in ledger.missed]
    counts = []
    for count, places in zip(ledger.stream.existing_by_type(ledger.position), ledger.stream.places_by_type()):
        of_type = [(ranges.both(updates, (places,)), visits, most) for updates, visits, most in unwritten]
        counts.append(_existing(ledger, count, [each for each in of_type if each[0]]))
    return counts


def _existing(ledger: Ledger, count: int, unwritten: list[tuple[Ranges, int, int]]) -> int:
    """Of ``count`` documents of a type that were handed out, how many exist.

    ``unwritten`` are updates of the type, how many updates each of their documents may have missed, and how many of
    the updates count at most.
    """
    stream = ledger.stream
    undeleted = [(stream.deletions(updates), most) for updates, __, most in unwritten]
    count += sum(min(most, ranges.size(updates)) for updates, most in undeleted)
    # One update of each document that exists or may exist.
    latest = ranges.union(stream.latest(ledger.position), *(updates for updates, __ in undeleted)) if unwritten else ()
    while latest:
        before = []
        for updates, visits, most in unwritten:
            lacking = written = ranges.both(latest, updates)
            for __ in range(visits):
                written = stream.previous_of(written)
            count -= min(most, ranges.size(lacking) - ranges.size(written))
            before.append(written)
        latest = ranges.union(*before)
    return max(0, count)
