# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the attachments of a document, from what a server shows of them, and from their bytes."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.source import Source
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.attached_bytes import with_bytes
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.attachments.faults import (
    COUNTS,
    MOST_EARLIER,
    checked,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.expectation import Expectation
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.verdicts import judge
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import resolve
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload_stream import WorkloadStream
from hypothesis import given
from hypothesis import strategies as st

TOTAL = 4
TYPES = {
    "photo": {"attachments": {"every": 2, "count": 3, "size": [20, 400], "renew": 2}},
    "text": {"attachments": {"count": 3, "size": 300, "content_type": "text/plain", "renew": 2}},
}
STREAMS = {name: WorkloadStream(7, resolve({"types": {name: each}}, TOTAL, 200)) for name, each in TYPES.items()}
UPDATE = 7 * TOTAL  # of the first document; it has kept its files since the update before
RENEWED, BEFORE = 6 * TOTAL, 4 * TOTAL


class Copy(Source):
    """A copy with one document; it shows digests, unless it computes them in another way."""

    name = place = "copy"

    def __init__(self, stream, update, shows_digests=True):
        self.stream, self._shows_digests = stream, shows_digests
        self.bytes = {file.name: file.content() for file in stream.content.files.of(update)}
        self.types = {file.name: file.content_type for file in stream.content.files.of(update)}
        self.text = stream.content.render(update, 5, "3-a")
        self.reads = []

    @property
    def document(self):
        shown = {name: self._shown(name, content) for name, content in self.bytes.items()}
        return dict(json.loads(self.text), **({"_attachments": shown} if shown else {}))

    def _shown(self, name, content):
        digest = base64.b64encode(hashlib.md5(content or b"").digest()).decode()
        kind, shown = self.types.get(name, "image/png"), f"md5-{digest}" if self._shows_digests else "sha-1"
        length = 300 if content is None else len(content)
        return {"content_type": kind, "revpos": 1, "stub": True, "length": length, "digest": shown}

    def leaf_documents(self, leaves):
        return {}

    def attachment(self, document_id, name, rev):
        self.reads.append((document_id, name, rev))
        return self.bytes[name]

    now = document_count = get = documents = rows_before = None


def verdict(copy, position=None, reads_all=False):
    """The verdict on the document, and the counts of its attachments."""
    end = UPDATE + 1 if position is None else position
    expectation = Expectation(end, end, reads_files=reads_all)
    finding = judge(copy.stream, expectation, 0, copy.document)
    return with_bytes(copy, copy.stream.content.files, finding)


def replaced(copy, name, content):
    copy.bytes[name] = content


def flip(copy):
    content = copy.bytes["front page"]
    replaced(copy, "front page", content[:9] + bytes([content[9] ^ 1]) + content[10:])
    return "damaged", f"attachment 'front page' differs from that of update {UPDATE} from byte 9 on"


def cut(copy):
    length = len(copy.bytes["cover"])
    replaced(copy, "cover", copy.bytes["cover"][:-1])
    return "damaged", f"attachment 'cover' has {length - 1} bytes instead of {length}"


def drop(copy):
    del copy.bytes["résumé"]
    return "missing", "attachment 'r\\xe9sum\\xe9' is missing"


def drop_all(copy):
    copy.bytes.clear()
    names = ("cover", "front page", "r\\xe9sum\\xe9")
    return "missing", "; ".join(f"attachment '{name}' is missing" for name in names)


def add(copy):
    replaced(copy, "thumbs", b"x")
    return "extra", "attachment 'thumbs' is not in the stream"


def age(copy):
    for file in copy.stream.content.files.of(BEFORE):
        if file.name == "cover":
            replaced(copy, "cover", file.content())
    return "older", f"attachment 'cover' holds the bytes of update {BEFORE}"


def mix_up(copy):
    """Another document has it."""
    for file in copy.stream.content.files.of(UPDATE - 2):
        replaced(copy, "cover", file.content())
        break
    return "damaged", "attachment 'cover' "


def retype(copy):
    copy.types["cover"] = "image/gif"
    return "damaged", f"attachment 'cover' has the content type 'image/gif' instead of {copy.types['front page']}"


CORRUPTIONS = (flip, cut, drop, drop_all, add, age, mix_up, retype)
BY_NAME = {"ids": [each.__name__ for each in CORRUPTIONS]}


@pytest.mark.parametrize("shows_digests", [True, False])
@pytest.mark.parametrize("reads_all", [True, False])
@pytest.mark.parametrize("name", STREAMS)
def test_what_is_right_is_right(name, reads_all, shows_digests):
    for update in (UPDATE, UPDATE + TOTAL, RENEWED, 0):
        copy = Copy(STREAMS[name], update, shows_digests)
        found = verdict(copy, update + 1, reads_all)
        assert (found.kind, found.reason, found.is_fine, found.held) == ("exact", "", True, update)
        read = 0 if shows_digests and not reads_all else 3
        expected = dict(dict.fromkeys(COUNTS, 0), expected=3, checked=3, read=read)
        assert found.attachments.counts == expected
        assert copy.reads == [(f"{name}:000000000000", each, "3-a") for each in list(copy.bytes)[:read]]


@pytest.mark.parametrize("shows_digests", [True, False])
@pytest.mark.parametrize("reads_all", [True, False])
@pytest.mark.parametrize("corrupt", CORRUPTIONS, **BY_NAME)
@pytest.mark.parametrize("name", STREAMS)
def test_what_is_wrong_is_named(name, corrupt, reads_all, shows_digests):
    copy = Copy(STREAMS[name], UPDATE, shows_digests)
    kind, words = corrupt(copy)
    found = verdict(copy, reads_all=reads_all)
    assert (found.kind, found.is_fine, found.held, found.low) == ("damaged", False, UPDATE, UPDATE + TOTAL)
    assert found.reason.startswith(words), found.reason
    counts = found.attachments.counts
    assert {each: counts[each] for each in COUNTS[3:]} == {
        each: (3 if corrupt is drop_all else 1) * (each == kind) for each in COUNTS[3:]
    }
    assert counts["checked"] == counts["expected"] - counts["missing"] == 3 - counts["missing"]


def test_what_cannot_be_read_is_damaged():
    copy = Copy(STREAMS["text"], UPDATE, shows_digests=False)
    replaced(copy, "cover", None)
    found = verdict(copy)
    assert (found.kind, found.reason) == ("damaged", "attachment 'cover' cannot be read")


def test_bytes_are_only_read_if_digests_do_not_suffice():
    copy = Copy(STREAMS["photo"], UPDATE)
    flip(copy)
    assert len(verdict(copy).attachments.faults) == len(copy.reads) == 1
    age(copy)
    assert len(verdict(copy).attachments.faults) == 2 and len(copy.reads) == 2


def test_a_verdict_is_not_final_while_bytes_are_unread():
    stream = STREAMS["photo"]
    copy = Copy(stream, UPDATE, shows_digests=False)
    drop(copy)
    found = judge(stream, Expectation(UPDATE + 1, UPDATE + 1), 0, copy.document)
    assert (found.kind, found.reason, found.is_fine, len(found.attachments.unread)) == ("exact", "", False, 2)


def test_an_older_document_has_the_files_of_its_own_update():
    copy = Copy(STREAMS["photo"], BEFORE)
    found = verdict(copy)
    assert found.kind == "behind" and found.attachments.faults == ()
    drop(copy)
    found = verdict(copy)
    assert found.kind == "behind" and found.reason.endswith("; attachment 'r\\xe9sum\\xe9' is missing")
    assert found.attachments.counts["missing"] == 1


def test_documents_without_attachments_must_have_none():
    stream = STREAMS["photo"]
    document = json.loads(stream.content.render(1, 5, "1-a"))
    expectation = Expectation(TOTAL, TOTAL)
    found = judge(stream, expectation, 1, document)
    assert (found.kind, found.attachments) == ("exact", None)
    extra = {"x": {"content_type": "a/b", "length": 1, "digest": "md5-x", "stub": True}}
    found = judge(stream, expectation, 1, dict(document, _attachments=extra))
    assert (found.kind, found.reason) == ("damaged", "attachment 'x' is not in the stream")
    plain = WorkloadStream(7, resolve({"types": {"note": {}}}, TOTAL, 200))
    document = dict(json.loads(plain.content.render(1, 5, "1-a")), _attachments=extra)
    assert judge(plain, expectation, 1, document).reason.startswith("has an unexpected '_attachments'")


def test_only_some_earlier_renewals_are_tried():
    stream = WorkloadStream(7, resolve({"types": {"photo": {"attachments": {"size": 300}}}}, 1, 200))
    update = MOST_EARLIER + 5
    for back, is_named in ((MOST_EARLIER, True), (MOST_EARLIER + 1, False)):
        copy = Copy(stream, update)
        replaced(copy, "cover", stream.content.files.of(update - back)[0].content())
        assert ("holds the bytes" in verdict(copy, update + 1).reason) == is_named


def test_many_faults_are_not_all_named():
    copy = Copy(STREAMS["photo"], UPDATE)
    for number in range(5):
        replaced(copy, f"x{number}", b"")
    assert verdict(copy).reason.endswith("attachment 'x2' is not in the stream; and 2 more")


SHOWN = st.dictionaries(
    st.sampled_from(["content_type", "length", "digest"]), st.none() | st.integers() | st.text() | st.booleans()
)


@given(st.dictionaries(st.sampled_from(["cover", "front page", "x"]), SHOWN))
def test_anything_that_a_server_shows_leads_to_a_verdict(shown):
    found = checked(STREAMS["photo"].content.files, {"_attachments": shown}, UPDATE, False)
    assert len(found.faults) + len(found.unread) >= 1 and found.words is not None
