# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The body of the documents of a type: a compiled template, and the law of their sizes. Pure."""
from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from .built_in import BODIES
from .sizes import Sizes
from .template import compiled

SAMPLES = 20  # bodies that tell the size of documents whose template takes none


class Body:
    """Makes the members of documents that are not the stream's own, from a ``source`` of bytes that is theirs alone."""

    def __init__(self, template: Any, least: int, most: int) -> None:
        self.sizes = Sizes(least, most)
        self._written = compiled(template, self.sizes.needs, most)
        self._kept = self._written
        if not self.is_kept:
            self._kept = compiled(template, self.sizes.needs, most, as_kept=True)

    @property
    def takes_size(self) -> bool:
        """Whether documents can be as large as they are to be."""
        return self._written.takes_size

    @property
    def counts_visits(self) -> bool:
        """Whether the number of earlier updates of a document makes a difference."""
        return self._written.counts_visits

    @property
    def is_kept(self) -> bool:
        """Whether CouchDB gives back all values as they were written."""
        return self._written.is_kept

    def written(self, source: bytes, visits: int, used: int) -> str:
        """The members as JSON text, with a comma before each, in a document of which ``used`` bytes are others."""
        numbers = self._written.numbers(source, visits)
        return self._written.render(source, numbers, visits, self.sizes.draw(numbers) - used)

    def kept(self, source: bytes, visits: int, used: int) -> str:
        """The same members as Python writes what CouchDB gives back."""
        if self.is_kept:
            return self.written(source, visits, used)
        numbers = self._written.numbers(source, visits)
        length = self.sizes.draw(numbers) - used - sum(map(len, self._written.parts(numbers, visits)))
        head, tail = self._kept.parts(numbers, visits)
        return head + self._kept.filling(source, numbers, length) + tail


@lru_cache(maxsize=256)  # more than a workload can have, as each reading of a ledger asks for all of them
def body_of(name: str, least: int, most: int) -> Body:
    """A body by its name, or by the JSON text of its template; raises Wrong if that makes no sense."""
    return Body(BODIES[name] if name in BODIES else json.loads(name), least, most)


def usual_size(name: str, own: int) -> int | None:
    """About how many bytes documents have whose template takes no size, None if it takes one.

    ``own`` is how many of them are the stream's own.
    """
    sizes = _without_fill(name)
    return None if body_of(name, 1, 1).takes_size else own + sum(sizes) // len(sizes)


def largest_without_fill(name: str, own: int) -> int:
    """About how many bytes the largest documents have before they are filled up to their size."""
    return own + max(_without_fill(name))


def _without_fill(name: str) -> list[int]:
    body = body_of(name, 1, 1)
    return [len(body.written(b"%d" % number, 0, 1)) for number in range(SAMPLES)]
