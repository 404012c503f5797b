# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generators that a template can have in place of a value. Pure.

Each makes JSON text from random numbers of 32 bits, of which it ``needs`` a fixed number, so that every leaf of a body
finds its own without counting. None makes a number that does not survive JavaScript, through which many backup tools
pass documents: integers are below 2^53, and floating point numbers are not whole.
"""
from __future__ import annotations

from codecs import charmap_decode
from datetime import date
from hashlib import shake_128
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, Callable, NamedTuple, Sequence

from ..limits import EXACT, is_integer, pair_of
from .words import FAMILY_NAMES, FIRST_NAMES, PLACES, WORDS

# Makes JSON text from the random numbers of a document, the place of its own among them, and the number of visits.
Make = Callable[[Sequence[int], int, int], str]

MOST_WORDS = 1000  # of a text
MOST_DIGITS = 10000  # of hexadecimal numbers
MOST_DECIMALS = 6
YEARS = (1, 9999)
IN_TEXT = 64  # so many different words that gzip shortens a text to about a quarter
OF_BYTE = {byte: WORDS[byte % IN_TEXT] + " " for byte in range(256)}  # the word of a random byte


class Wrong(Exception):
    """Why the value of a generator makes no sense."""


class Leaf(NamedTuple):
    """A generated value: how many random numbers it ``needs``, and what makes it, if these begin at a ``place``."""

    needs: int
    make: Callable[[int], Make]


def integer(value: Any) -> Leaf:
    """A whole number between two, including these."""
    least, most = _two_integers(value, 1 - EXACT, EXACT - 1)
    span = most - least + 1
    if span <= 2 ** 32:
        return Leaf(1, lambda place: lambda numbers, at, visits: str(least + numbers[at + place] % span))
    return Leaf(2, lambda place: lambda numbers, at, visits: str(
        least + (numbers[at + place] << 32 | numbers[at + place + 1]) % span))


def decimal(value: Any, decimals: Any = 2) -> Leaf:
    """A number between two whole ones, with some decimals, which is never whole itself."""
    if not (is_integer(decimals) and 1 <= decimals <= MOST_DECIMALS):
        raise Wrong(f"decimals must be a whole number from 1 to {MOST_DECIMALS}, not {decimals!r:.40}")
    unit = 10 ** decimals
    least, most = _two_integers(value, -10 ** 9, 10 ** 9)
    if least == most:
        raise Wrong("the two numbers must differ")
    wholes, parts = most - least, unit - 1

    def make(place: int) -> Make:
        def text(numbers: Sequence[int], at: int, visits: int) -> str:
            whole, part = divmod((numbers[at + place] << 32 | numbers[at + place + 1]) % (wholes * parts), parts)
            return repr(((least + whole) * unit + part + 1) / unit)

        return text

    return Leaf(2, make)


def choice(value: Any) -> Leaf:
    """One of some texts, all equally likely; they are JSON already."""
    texts, count = tuple(value), len(value)
    return Leaf(1, lambda place: lambda numbers, at, visits: texts[numbers[at + place] % count])


def boolean() -> Leaf:
    """True or false."""
    return choice(("false", "true"))


def word() -> Leaf:
    """A word."""
    return choice(tuple(map(quoted, WORDS)))


def place_name() -> Leaf:
    """The name of a city."""
    return choice(tuple(map(quoted, PLACES)))


def name() -> Leaf:
    """A first name and a family name."""
    first, family = (tuple(quoted(each)[1:-1] for each in names) for names in (FIRST_NAMES, FAMILY_NAMES))
    return Leaf(1, lambda place: lambda numbers, at, visits:
                f'"{first[numbers[at + place] % 64]} {family[numbers[at + place] // 64 % 64]}"')


def text(value: Any) -> Leaf:
    """A text of some words, between two numbers of them."""
    least, most = _two_integers(value, 1, MOST_WORDS)
    span = most - least + 1

    def make(place: int) -> Make:
        def words(numbers: Sequence[int], at: int, visits: int) -> str:
            first = at + place + 1
            count = least + numbers[at + place] % span
            return '"' + " ".join([WORDS[number % IN_TEXT] for number in numbers[first:first + count]]) + '"'

        return words

    return Leaf(most + 1, make)


def day(value: Any) -> Leaf:
    """A date between two years, such as 2026-05-26."""
    least, most = _two_integers(value, *YEARS)
    first, span = date(least, 1, 1).toordinal(), date(most, 12, 31).toordinal() - date(least, 1, 1).toordinal() + 1
    return Leaf(1, lambda place: lambda numbers, at, visits:
                f'"{date.fromordinal(first + numbers[at + place] % span).isoformat()}"')


def hexadecimal(value: Any) -> Leaf:
    """A text of this number of hexadecimal digits."""
    if not (is_integer(value) and 1 <= value <= MOST_DIGITS):
        raise Wrong(f"must be a whole number from 1 to {MOST_DIGITS}, not {value!r:.40}")
    count = -(-value // 8)
    pattern = count * "%08x"

    def make(place: int) -> Make:
        def digits(numbers: Sequence[int], at: int, visits: int) -> str:
            first = at + place
            return f'"{(pattern % tuple(numbers[first:first + count]))[:value]}"'

        return digits

    return Leaf(count, make)


def visits_so_far() -> Leaf:
    """How many updates of the document there were before."""
    return Leaf(0, lambda place: lambda numbers, at, visits: str(visits))


def hex_fill(source: bytes, length: int) -> str:
    """Hexadecimal digits, which gzip shortens to no less than half."""
    return shake_128(source).hexdigest((length + 1) // 2)[:length]


def text_fill(source: bytes, length: int) -> str:
    """Words, which gzip shortens to about a quarter."""
    source_of_words = shake_128(source)
    for count in (length // 5 + 10, length // 3 + 1):  # usually enough; always, as the shortest words have two letters
        text, __ = charmap_decode(source_of_words.digest(count), "strict", OF_BYTE)  # twice as fast as joining words
        if len(text) >= length:
            break
    return text[:length]


VISITS = "$visits"
PLAIN = {"$boolean": boolean, "$word": word, "$name": name, "$place": place_name, VISITS: visits_so_far}
WITH_VALUE = {"$integer": integer, "$text": text, "$date": day, "$hex": hexadecimal}
FILLS = {"hex": hex_fill, "text": text_fill}


def _two_integers(value: Any, least: int, most: int) -> tuple[int, int]:
    """Two whole numbers in order, or one for both; Wrong if they are not."""
    pair = pair_of(value, least, most)
    if pair is None:
        raise Wrong(f"must be a whole number, or two in order, from {least} to {most}, not {value!r:.40}")
    return pair
