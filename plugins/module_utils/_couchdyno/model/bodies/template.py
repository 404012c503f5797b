# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates of bodies: JSON in which generators stand for values, compiled once, rendered as text. Pure.

A generator is a string such as ``"$name"``, or an object such as ``{"$integer": [1, 100]}``. Everything else is itself.
A template can have one *fill*, a text that makes the document as large as it is to be, and one *growth*, an array that
has one more item with each visit.
"""
from __future__ import annotations

import json
import struct
from hashlib import shake_128
from json.encoder import encode_basestring_ascii
from typing import Any, Callable, NamedTuple, Sequence, Union

from ..limits import pair_of
from .generators import FILLS, PLAIN, VISITS, WITH_VALUE, Leaf, Make, Wrong, choice, decimal

MARK = "$"  # what generators begin with
OWN = ("type", "update", "ts")  # fields of each document that are not of its body
DEEPEST = 80  # levels of a body; documents with more than 100 cannot be verified (couchdb/answers.py)
MOST_NUMBERS = 20000  # random numbers of a body, or of an item of a growth
MOST_ITEMS = 1000  # of an array
MOST_TEXT = 10 ** 5  # characters of a template, generated values apart
LEAST = 5e-324  # the least number above 0, of which CouchDB makes 0.0
MOST_DIGITS = 300  # of a number; CouchDB refuses longer ones
HEAD = 120  # bytes that the fields of its own have in a document, about

Filler = Callable[[bytes, int], str]


class Text(NamedTuple):
    """JSON text with places for generated values."""

    pattern: str
    values: tuple[Make, ...]

    def render(self, numbers: Sequence[int], at: int, visits: int) -> str:
        """The text with values made from random numbers, of which its own begin at a place."""
        return self.pattern % tuple([make(numbers, at, visits) for make in self.values])


class Growth:
    """An array that has one more item with each visit, until it has ``room`` for no more of them."""

    def __init__(self, item: Text, needs: int) -> None:
        self._item = item
        self._needs = needs
        self._place = 0
        self._room = 0
        self._most = 0

    def put(self, place: int, room: int) -> None:
        """Its random numbers begin at a place; all items together have ``room`` bytes."""
        shortest = len(self._item.render((0,) * max(1, self._needs), 0, 0)) + 1
        self._place, self._room, self._most = place, room, max(1, room // shortest)

    def needs(self, visits: int) -> int:
        """How many random numbers it takes."""
        return self._needs * min(1 + visits, self._most)

    def make(self, numbers: Sequence[int], _at: int, visits: int) -> str:
        """The array as JSON text."""
        items, left = [], self._room
        for number in range(min(1 + visits, self._most)):
            items.append(self._item.render(numbers, self._place + number * self._needs, visits))
            left -= len(items[-1]) + 1
            if left < 0 and number:
                items.pop()
                break
        return f"[{','.join(items)}]"


class Template(NamedTuple):
    """A compiled body, which are the members of a document after its own: text, perhaps a fill, and text after it.

    ``needs`` is how many random numbers it takes, without those of its ``growth``; ``counts_visits``: the number of
    earlier updates of the document makes a difference; ``is_kept``: CouchDB gives back all values as they are written.
    """

    head: Text
    tail: Text
    needs: int
    fill: Filler | None = None
    growth: Growth | None = None
    counts_visits: bool = False
    is_kept: bool = True

    @property
    def takes_size(self) -> bool:
        """Whether documents can be as large as they are to be."""
        return self.fill is not None or self.growth is not None

    def numbers(self, source: bytes, visits: int) -> tuple[int, ...]:
        """The random numbers of a document, which its source determines."""
        needs = self.needs + (self.growth.needs(visits) if self.growth else 0)
        return struct.unpack(f"<{needs}I", shake_128(source).digest(4 * needs)) if needs else ()

    def render(self, source: bytes, numbers: Sequence[int], visits: int, length: int) -> str:
        """The members, with a comma before each; with a fill, they have the ``length`` if that is not too small."""
        head, tail = self.parts(numbers, visits)
        return head + self.filling(source, numbers, length - len(head) - len(tail)) + tail

    def parts(self, numbers: Sequence[int], visits: int) -> tuple[str, str]:
        """The members before and after the fill."""
        return self.head.render(numbers, 0, visits), self.tail.render(numbers, 0, visits) if self.fill else ""

    def filling(self, source: bytes, numbers: Sequence[int], length: int) -> str:
        """The fill with a length, which may be negative."""
        if not self.fill:
            return ""
        return self.fill(source + b"/fill" if numbers else source, max(0, length))


def compiled(template: Any, first: int = 0, most: int = 0, as_kept: bool = False) -> Template:
    """Compile a template; raises Wrong with the place of what makes no sense.

    Its random numbers begin at ``first``. A growth ends when the document has about ``most`` bytes. ``as_kept``: the
    text is as Python writes the values that CouchDB gives back, not as these are written to it.
    """
    if not isinstance(template, dict):
        raise Wrong("must be an object")
    compiler = _Compiler(first, as_kept)
    parts: list[Part] = []
    for name, value in template.items():
        if not isinstance(name, str) or name.startswith("_") or name in OWN:
            raise _wrong(str(name), "is not a name that a member of a body can have")
        parts += [f",{_quoted(name, name)}:", *compiler.parts(value, name, 1)]
    text = sum(len(part) for part in parts if isinstance(part, str))
    if text > MOST_TEXT:
        raise Wrong(f"has more than {MOST_TEXT} characters")
    if compiler.growth and not compiler.is_kept:
        raise Wrong("a body with a $growth must not have a $json that CouchDB gives back in other words")
    if compiler.growth:
        compiler.growth.put(compiler.needs, most - HEAD - text)
    where = next((place for place, part in enumerate(parts) if isinstance(part, _Fill)), len(parts))
    return Template(_text(parts[:where]), _text(parts[where + 1:]), compiler.needs, compiler.fill, compiler.growth,
                    compiler.counts_visits, compiler.is_kept)


class _Fill:
    """The place of the fill among the parts of a template."""


Part = Union[str, Make, _Fill]


class _Compiler:
    """Turns the values of a template into parts, and counts the random numbers that they need."""

    def __init__(self, first: int, as_kept: bool, is_item: bool = False) -> None:
        self.needs = first
        self.fill: Filler | None = None
        self.growth: Growth | None = None
        self.counts_visits = False
        self.is_kept = True
        self._as_kept = as_kept
        self._is_item = is_item

    def parts(self, value: Any, where: str, level: int) -> list[Part]:
        """The parts of a value at a place of the template."""
        if level > DEEPEST:
            raise _wrong(where, f"is nested more than {DEEPEST} levels deep")
        if isinstance(value, str) and value.startswith(MARK):
            return self._generated(value, None, {}, where, level)
        if isinstance(value, dict) and any(str(name).startswith(MARK) for name in value):
            name = next(name for name in value if str(name).startswith(MARK))
            others = {other: value[other] for other in value if other != name}
            return self._generated(name, value[name], others, where, level)
        if isinstance(value, dict):
            return _listed("{}", [[f"{_quoted(name, where)}:", *self.parts(each, f"{where}.{name}", level + 1)]
                                  for name, each in value.items()])
        if isinstance(value, (list, tuple)):
            return _listed("[]", [self.parts(each, f"{where}[{place}]", level + 1) for place, each in enumerate(value)])
        return [_literal(value, where)]

    def _generated(self, name: Any, value: Any, others: dict[str, Any], where: str, level: int) -> list[Part]:
        special = {"$choice": self._choice, "$array": self._array, "$growth": self._growing, "$fill": self._filled,
                   "$literal": self._whole, "$json": self._raw}
        known = {"$float": {"decimals"}, "$array": {"length"}}.get(name, set())
        for other in others:
            if other not in known:
                raise _wrong(where, f"{other!s:.40} is unknown here")
        if name in special:
            return special[name](value, where, level, **others)
        try:
            if name == "$float":
                return [self._placed(decimal(value, **others), where)]
            if name in PLAIN and value in (None, True):
                self.counts_visits = self.counts_visits or name == VISITS
                return [self._placed(PLAIN[name](), where)]
            if name in WITH_VALUE:
                return [self._placed(WITH_VALUE[name](value), where)]
        except Wrong as error:
            raise _wrong(f"{where}.{name}", str(error)) from None
        names = (*PLAIN, *WITH_VALUE, "$float", *special)
        raise _wrong(where, f"{name!s:.40} is no generator; known are {', '.join(names)}")

    def _placed(self, leaf: Leaf, where: str) -> Make:
        place = self.needs
        self.needs += leaf.needs
        if self.needs > MOST_NUMBERS:
            raise _wrong(where, f"takes too many random numbers; all values together may take {MOST_NUMBERS}")
        return leaf.make(place)

    def _whole(self, value: Any, where: str, level: int) -> list[Part]:
        """A value that is itself, whatever it looks like."""
        return [_dumped(value, where, level)]

    def _raw(self, value: Any, where: str, level: int) -> list[Part]:
        """JSON text, or two: as it is written, and as CouchDB gives it back."""
        texts = [value, value] if isinstance(value, str) else value
        if not (isinstance(texts, (list, tuple)) and len(texts) == 2 and all(isinstance(text, str) for text in texts)):
            raise _wrong(f"{where}.$json", "must be JSON text, or a list of it as written and as CouchDB gives it back")
        for text in texts:
            try:
                parsed = json.loads(text)
            except (ValueError, RecursionError):
                raise _wrong(f"{where}.$json", f"{text!a:.40} is not JSON") from None
            kept = _dumped(parsed, where, level, is_raw=True)
        self.is_kept = self.is_kept and kept == _escaped(texts[0])
        return [kept if self._as_kept else _escaped(texts[0])]

    def _choice(self, value: Any, where: str, level: int) -> list[Part]:
        if not (isinstance(value, (list, tuple)) and 1 <= len(value) <= MOST_ITEMS):
            raise _wrong(f"{where}.$choice", f"must be a list of 1 to {MOST_ITEMS} values")
        texts = tuple(_dumped(each, f"{where}.$choice[{place}]", level).replace("%%", "%")
                      for place, each in enumerate(value))
        return [self._placed(choice(texts), where)]

    def _array(self, value: Any, where: str, level: int, length: Any = None) -> list[Part]:
        """An array of generated items, the number of which is generated, too."""
        pair = pair_of(length, 0, MOST_ITEMS)
        if pair is None:
            raise _wrong(f"{where}.length", f"must be a whole number, or two in order, from 0 to {MOST_ITEMS}")
        least, most = pair
        item, needs = self._item(value, f"{where}.$array", level)
        span = most - least + 1

        def make(place: int) -> Make:
            def array(numbers: Sequence[int], at: int, visits: int) -> str:
                first = at + place + 1
                count = least + numbers[at + place] % span
                items = [item.render(numbers, first + number * needs, visits) for number in range(count)]
                return f"[{','.join(items)}]"

            return array

        return [self._placed(Leaf(1 + most * needs, make), where)]

    def _growing(self, value: Any, where: str, level: int) -> list[Part]:
        if self.growth or self._is_item:
            raise _wrong(where, "a body has one $growth at most, which is not within an array")
        self.growth = Growth(*self._item(value, f"{where}.$growth", level))
        self.counts_visits = True
        return [self.growth.make]

    def _filled(self, value: Any, where: str, _level: int) -> list[Part]:
        if not (isinstance(value, str) and value in FILLS):
            raise _wrong(f"{where}.$fill", f"must be {' or '.join(FILLS)}, not {value!r:.40}")
        if self.fill or self._is_item:
            raise _wrong(where, "a body has one $fill at most, which is not within an array")
        self.fill = FILLS[value]
        return ['"', _Fill(), '"']

    def _item(self, value: Any, where: str, level: int) -> tuple[Text, int]:
        """What makes an item of an array, and how many random numbers each takes."""
        compiler = _Compiler(0, self._as_kept, is_item=True)
        item = _text(compiler.parts(value, where, level + 1))
        self.counts_visits = self.counts_visits or compiler.counts_visits
        self.is_kept = self.is_kept and compiler.is_kept
        return item, compiler.needs


def _text(parts: list[Part]) -> Text:
    pattern = "".join(part if isinstance(part, str) else "%s" for part in parts)
    return Text(pattern, tuple(part for part in parts if not isinstance(part, (str, _Fill))))


def _listed(brackets: str, items: list[list[Part]]) -> list[Part]:
    """The parts of an object or an array."""
    parts: list[Part] = [brackets[0]]
    for number, item in enumerate(items):
        parts += [",", *item] if number else item
    return [*parts, brackets[1]]


def _literal(value: Any, where: str, is_raw: bool = False) -> str:
    """The text of a value that is neither an object nor an array, for a pattern."""
    if isinstance(value, float) and 0 < abs(value) <= LEAST and not is_raw:
        raise _wrong(where, f"CouchDB makes 0.0 of {value!r}; use $json with both texts")
    if isinstance(value, str):
        return _quoted(value, where)
    if value is None or isinstance(value, (bool, int)) or (isinstance(value, float) and abs(value) < float("inf")):
        text = json.dumps(value + 0.0 if isinstance(value, float) else value)  # CouchDB makes 0.0 of -0.0
        if len(text) <= MOST_DIGITS:
            return text
    raise _wrong(where, f"{value!r:.40} is not a value that CouchDB can store")


def _dumped(value: Any, where: str, level: int, is_raw: bool = False) -> str:
    """The text of a value without generators, for a pattern; ``is_raw``: it is what CouchDB gives back."""
    if level > DEEPEST:
        raise _wrong(where, f"is nested more than {DEEPEST} levels deep")
    if isinstance(value, dict):
        members = (f"{_quoted(name, where)}:{_dumped(each, where, level + 1, is_raw)}" for name, each in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_dumped(each, where, level + 1, is_raw) for each in value) + "]"
    return _literal(value, where, is_raw)


def _quoted(text: Any, where: str) -> str:
    """A string as JSON, for a pattern."""
    if not isinstance(text, str) or any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise _wrong(where, f"{text!a:.40} is not a string that CouchDB can store")
    return _escaped(encode_basestring_ascii(text))


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _wrong(where: str, what: str) -> Wrong:
    return Wrong(f".{where[:80]}: {what}")
