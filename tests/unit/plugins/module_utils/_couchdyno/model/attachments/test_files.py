# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which documents have which files after which update, against a simulation that does one update after the other."""

from __future__ import annotations

import hashlib
import json

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import attaching
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.attachments.attachments import Attachments
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.attachments.files import NAMES
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.laps import CREATES, DELETES
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import (
    DocumentType,
    Workload,
    resolve,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload_stream import WorkloadStream
from hypothesis import given
from hypothesis import strategies as st

UPDATES = 150  # of a simulation
SEED = 7

SIZE = st.integers(0, 60)
ATTACHMENTS = st.builds(
    Attachments,
    st.integers(1, 3),
    st.integers(1, 12),
    SIZE | st.tuples(SIZE, SIZE).map(sorted).map(tuple).filter(lambda pair: pair[0] < pair[1]),
    st.sampled_from(["image/png", "text/plain"]),
    st.integers(1, 5),
)


@st.composite
def workloads(draw):
    types = []
    for number in range(draw(st.integers(1, 3))):
        total = draw(st.integers(1, 8))
        create = draw(st.integers(0, total))
        delete = draw(st.integers(0, create))
        attachments = draw(ATTACHMENTS | st.none())
        updates = draw(st.integers(1, 5))
        types.append(DocumentType(f"t{number}", total, updates, create, delete, f"{number}:", 200,
                                  attachments=attachments))  # fmt: skip
    return Workload(tuple(types))


def random_bytes(update, name, length):
    """The bytes of a file that does not compress."""
    return hashlib.shake_128(f"{SEED}/{update}/file/{name}".encode()).digest(length)


@given(workloads())
def test_documents_have_the_files_of_the_simulation_at_any_time(workload):
    stream = WorkloadStream(SEED, workload)
    files = stream.content.files
    visits, renewed = {}, {}
    for update in range(UPDATES):
        kind, index, operation = stream.step(update)
        attachments = workload.types[kind].attachments
        document = stream.number(update)
        visits[document] = 0 if operation == CREATES else visits[document] + 1
        if not attachments or index % attachments.every or operation == DELETES:
            assert files is None or (files.of(update) == () and not files.are_renewed(update))
            assert files is not None or not any(each.attachments for each in workload.types)
            continue
        renews = visits[document] % attachments.renew == 0
        renewed.setdefault(document, [])
        renewed[document] += [update] if renews else []
        assert files.are_renewed(update) == renews
        assert [each.update for each in files.renewals(update)] == renewed[document][::-1]
        found = files.of(update)
        assert found == next(files.renewals(renewed[document][-1])).files
        assert [file.name for file in found] == list(NAMES[: attachments.count])
        least, most = attachments.bounds
        for file in found:
            assert least <= file.length <= most and file.content_type == attachments.content_type
            if not file.is_compressible:
                assert file.content() == random_bytes(renewed[document][-1], file.name, file.length)


def test_names_are_readable_and_some_have_broken_tools():
    assert len(set(NAMES)) == len(NAMES) == 100
    assert not any(name.startswith("_") for name in NAMES)
    assert all(any(character in name for name in NAMES[:5]) for character in " é/+")
    assert NAMES[:9] == ("cover", "front page", "résumé", "scans/back", "a+b", "notes", "photo", "plan", "cover 2")


@given(workloads(), st.integers(1, 400), st.data())
def test_requests_are_bounded(workload, most, data):
    """Nothing is lost or reordered, no part is larger than allowed unless it is one document, and parts are few."""
    stream = WorkloadStream(SEED, workload)
    files = stream.content.files
    kept = data.draw(st.sets(st.integers(0, UPDATES)))
    updates = list(range(data.draw(st.integers(0, 40)), UPDATES))
    parts = list(attaching.parts(files, updates, kept.__contains__, most))
    assert [update for part in parts for update in part] == updates
    if files is None:
        assert parts == [updates]
        return

    def size(part):
        return sum(
            attaching.OF_STUB + (0 if update in kept else file.encoded_length)
            for update in part
            for file in files.of(update)
        )

    assert all(size(part) <= most or len(part) == 1 for part in parts)
    assert all(size([*one, other[0]]) > most for one, other in zip(parts, parts[1:]))


def test_what_is_rendered_is_the_document_and_its_files():
    types = {"photo": {"attachments": {"every": 2, "size": 4, "renew": 2}}, "note": {}}
    content = WorkloadStream(SEED, resolve({"types": types}, 6, 200)).content
    texts = [
        attaching.with_files(content.files, update, content.render(update, 9, rev), keeps=rev is not None)
        for update, rev in ((0, None), (1, None), (3, None), (6, "1-a"))
    ]
    assert isinstance(texts[1], str) and isinstance(texts[2], str)
    documents = [json.loads(text if isinstance(text, str) else b"".join(text)) for text in texts]
    for document, update in zip(documents, (0, 1, 3, 6)):
        attachments = document.pop("_attachments", {})
        assert document == json.loads(content.render(update, 9, "1-a" if update == 6 else None))
        assert list(attachments) == (["cover"] if update in (0, 6) else [])
        assert update != 6 or attachments == {"cover": {"stub": True}}
