# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sizes of documents: one number, or a law between two. Pure.

The law is log-uniform, as the sizes of real documents roughly are: as many are between 1 KB and 2 KB as between 2 KB
and 4 KB. It only uses integers, so that it is the same on every machine.
"""
from __future__ import annotations

from typing import Any, Sequence, Tuple, Union

STEPS = 256  # parts of the range between which sizes are uniform
NEEDS = 2  # random numbers of 32 bits


Size = Union[int, Tuple[int, int]]  # in bytes: one, or the least and the most


def bounds_of(size: Size) -> tuple[int, int]:
    """The least and the most bytes of a size."""
    return (size, size) if isinstance(size, int) else size


def size_of(bounds: tuple[int, int]) -> Size:
    """The size with these bounds; one number if they are the same."""
    return bounds[0] if bounds[0] == bounds[1] else bounds


def dump(size: Size) -> Any:
    """A size as the ledger keeps it and reports show it."""
    return size if isinstance(size, int) else list(size)


class Sizes:
    """The sizes between ``least`` and ``most`` bytes; ``needs`` is how many random numbers a draw takes."""

    def __init__(self, least: int, most: int) -> None:
        self.least = least
        self.most = most
        self.needs = 0 if least == most else NEEDS
        self._bounds = _bounds(least, most) if self.needs else [least]

    @property
    def mean(self) -> int:
        """The average size, rounded."""
        return (sum(self._bounds) + len(self._bounds) // 2) // len(self._bounds)

    def draw(self, numbers: Sequence[int]) -> int:
        """A size, from the first of some random numbers."""
        if not self.needs:
            return self.least
        step = numbers[0] % STEPS
        least = self._bounds[step]
        return least + numbers[1] % (self._bounds[step + 1] - least + 1)


def _bounds(least: int, most: int) -> list[int]:
    """The bounds of all steps: each is the geometric mean of the ones at equal distances from it."""
    bounds = [least] + (STEPS - 1) * [0] + [most]
    width = STEPS
    while width > 1:
        for first in range(0, STEPS, width):
            bounds[first + width // 2] = _root(bounds[first] * bounds[first + width])
        width //= 2
    return bounds


def _root(square: int) -> int:
    """The integer square root; Python 3.7 has none."""
    root = 1 << (square.bit_length() + 1) // 2
    while root * root > square:
        root = (root + square // root) // 2
    return root
