# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file: its bytes, how they are written, and by which digests a server may show them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.attachments.file import (
    PIECE,
    File,
    attached,
)
from hypothesis import given
from hypothesis import strategies as st

COMPRESSIBLE = ["text/plain", "Text/HTML", "application/json", "application/xml", "application/javascript"]
OTHERS = ["image/png", "application/pdf", "application/jsonp", "x-text/plain"]
FILES = st.builds(File, st.text(min_size=1), st.sampled_from(COMPRESSIBLE + OTHERS), st.integers(0, 3000), st.binary())


@given(FILES)
def test_a_file_is_as_long_as_it_says(file):
    assert len(file.content()) == file.length
    assert file.is_compressible == (file.content_type in COMPRESSIBLE)


@given(st.lists(FILES, max_size=4, unique_by=lambda file: file.name))
def test_what_is_sent_is_json_with_the_bytes(files):
    document = json.loads(b"".join(attached('{"_id":"a","b":[1]}', files, is_whole=True)) if files else '{"b":[1]}')
    sent = document.get("_attachments", {})
    assert document["b"] == [1] and list(sent) == [file.name for file in files]
    for file in files:
        assert base64.b64decode(sent[file.name]["data"]) == file.content()
        assert sent[file.name] == {"content_type": file.content_type, "data": sent[file.name]["data"]}
        assert len(sent[file.name]["data"]) == file.encoded_length


@pytest.mark.parametrize("length", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 2])
def test_large_files_are_sent_piece_by_piece(length):
    file = File("a", "image/png", length, b"source")
    pieces = list(file.inline())
    assert max(map(len, pieces)) <= PIECE // 3 * 4
    assert base64.b64decode(json.loads(b"".join(pieces))["data"]) == file.content()


def test_files_that_are_kept_are_only_named():
    files = [File(name, "image/png", 5, b"") for name in ("é", "b")]
    kept = json.loads(b"".join(attached('{"_id":"a"}', files, is_whole=False)))
    assert kept == {"_id": "a", "_attachments": {"é": {"stub": True}, "b": {"stub": True}}}


def digest_of(content):
    return "md5-" + base64.b64encode(hashlib.md5(content).digest()).decode()


@given(FILES)
def test_a_file_has_the_digest_of_its_bytes(file):
    assert file.has_digest(digest_of(file.content()))
    assert not file.has_digest(digest_of(file.content() + b"x"))
    assert not any(map(file.has_digest, (None, "", 5, ["md5"])))


@pytest.mark.skipif("ng" in zlib.ZLIB_RUNTIME_VERSION, reason="this library compresses in another way than CouchDB's")
def test_compressible_files_also_have_that_of_the_compressed_bytes():
    """This one is CouchDB's own, of the same words."""
    text = File("a", "text/plain", 5000, b"words")
    assert gzip.decompress(gzip.compress(text.content())) == text.content()
    assert text.has_digest("md5-iu4F7tNJqgqjAZAfaX8VWQ==")
    assert not text._replace(content_type="image/png").has_digest("md5-iu4F7tNJqgqjAZAfaX8VWQ==")


def refuse(*__, **___):
    raise ValueError("disabled for FIPS")


@pytest.mark.parametrize("how", ["refused", "missing", "before 3.9"])
def test_without_md5_no_digest_shows_anything(monkeypatch, how):
    file = File("a", "text/plain", 5, b"")
    digest = digest_of(file.content())
    if how == "missing":
        monkeypatch.delattr(hashlib, "md5")
    elif how == "refused":
        monkeypatch.setattr(hashlib, "md5", refuse)
    else:  # it does not know the argument
        original = hashlib.md5

        def before_3_9(content):
            return original(content)

        monkeypatch.setattr(hashlib, "md5", before_3_9)
    assert file.has_digest(digest) == (how == "before 3.9") and not file.has_digest(None)


def test_bytes_never_change():
    image, text = (File("a", kind, 1000, b"5/7/file/a") for kind in ("image/png", "text/plain"))
    assert hashlib.sha256(image.content()).hexdigest()[:16] == "7a63a4223faadd10"
    assert hashlib.sha256(text.content()).hexdigest()[:16] == "6a2bded9fc15af47"
    assert text.content().startswith(b"before cash back answer back clear camer")
