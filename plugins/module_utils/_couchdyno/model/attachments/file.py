# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that is attached to a document: its bytes, its digest, and how it is written. Pure.

CouchDB keeps the MD5 sum of an attachment as its digest, and shows it without being asked for the bytes. Files of types
that it compresses are an exception: their digest is that of the compressed bytes, which depends on the library.
"""
from __future__ import annotations

import hashlib
import re
import zlib
from base64 import b64encode
from binascii import b2a_base64
from json.encoder import encode_basestring_ascii
from typing import Any, Iterable, Iterator, NamedTuple

from ..bodies.generators import text_fill

PIECE = 3 * 2 ** 16  # bytes that become base64 at a time, without padding in between
COMPRESSIBLE = re.compile("text/.*|application/(javascript|json|xml)", re.IGNORECASE)  # by CouchDB, by default
LEVEL = 8  # at which CouchDB compresses
MOST_COMPRESSED = 10 ** 5  # bytes; to compress larger files costs more than to read them
NOT_FOR_SECURITY: Any = {"usedforsecurity": False}
WITH_HEADER = 16 + zlib.MAX_WBITS  # makes zlib write the format of gzip
STUB = b'{"stub":true}'  # never with revpos: a wrong one makes CouchDB refuse the whole request


class File(NamedTuple):
    """A file; its bytes follow from the ``source``."""

    name: str
    content_type: str
    length: int
    source: bytes

    @property
    def is_compressible(self) -> bool:
        """Whether CouchDB compresses it; then it consists of words, otherwise of random bytes."""
        return COMPRESSIBLE.fullmatch(self.content_type) is not None

    @property
    def encoded_length(self) -> int:
        """How many characters its bytes have in a request."""
        return (self.length + 2) // 3 * 4

    def content(self) -> bytes:
        """Its bytes."""
        if self.is_compressible:
            return text_fill(self.source, self.length).encode("ascii")
        return hashlib.shake_128(self.source).digest(self.length)

    def has_digest(self, digest: Any) -> bool:
        """Whether a digest shows that these are its bytes; if not, they may be all the same."""
        if not isinstance(digest, str):
            return False
        content = self.content()
        is_compressed = self.is_compressible and self.length <= MOST_COMPRESSED
        return digest == _digest(content) or (is_compressed and digest == _digest(_compressed(content)))

    def inline(self) -> Iterator[bytes]:
        """The file as JSON, piece by piece."""
        yield b'{"content_type":%b,"data":"' % encode_basestring_ascii(self.content_type).encode("ascii")
        content = memoryview(self.content())
        for start in range(0, self.length, PIECE):
            yield b2a_base64(content[start:start + PIECE], newline=False)
        yield b'"}'


def attached(document: str, files: Iterable[File], is_whole: bool) -> Iterator[bytes]:
    """A document, which is JSON text, with files: ``is_whole``, or as references to those that it has already."""
    yield document[:-1].encode("ascii")
    separator = b',"_attachments":{'
    for file in files:
        yield b"%b%b:" % (separator, encode_basestring_ascii(file.name).encode("ascii"))
        if is_whole:
            yield from file.inline()
        else:
            yield STUB
        separator = b","
    yield b"}}"


def _digest(content: bytes) -> str | None:
    """The digest of some bytes as CouchDB shows it, None where Python must not compute MD5 sums."""
    try:
        return "md5-" + b64encode(_md5(content).digest()).decode("ascii")
    except (AttributeError, ValueError):
        return None


def _md5(content: bytes) -> Any:
    """The MD5 sum of some bytes; where FIPS is enforced, Python 3.9 and later compute it if told what it is not for."""
    try:
        return hashlib.md5(content, **NOT_FOR_SECURITY)
    except TypeError:
        return hashlib.md5(content)


def _compressed(content: bytes) -> bytes:
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, WITH_HEADER, LEVEL)
    return compressor.compress(content) + compressor.flush()
