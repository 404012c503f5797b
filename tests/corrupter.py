# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The corrupter: damages a database as a broken backup system would, to test that verification finds it.

A corruption is a function of a store and the stream. The store has ``get(id)``, ``ledger()``, ``put(document)`` under
any revision, ``drop(id)`` and ``fork(document)``, which creates a conflict. The corruption returns exactly what must be
found: ``{(kind, id): words of the reason}``, and for the ledger ``{("ledger", None): words}``.
"""

from __future__ import annotations

import base64
import json

OTHER = {"0": "1"}  # a byte that is flipped to another one; all others become "0"


def flip_a_byte(store, stream):
    document = store.get(stream.document_id(3))
    data = document["data"]
    store.put(dict(document, data=data[:40] + OTHER.get(data[40], "0") + data[41:]))
    return {("damaged", document["_id"]): "in 1 place, first at character 40"}


def swap_two_bodies(store, stream):
    one, other = (store.get(stream.document_id(index)) for index in (4, 11))
    store.put(dict(other, _id=one["_id"], _rev=one["_rev"]))
    store.put(dict(one, _id=other["_id"], _rev=other["_rev"]))
    return {
        ("damaged", one["_id"]): f"holds update {other['update']}, which belongs to {other['_id']}",
        ("damaged", other["_id"]): f"holds update {one['update']}, which belongs to {one['_id']}",
    }


def drop_a_document(store, stream):
    document = store.get(stream.document_id(0))
    store.drop(document["_id"])
    return {("missing", document["_id"]): f"is missing; it should hold update {document['update']}"}


def drop_the_last_document(store, stream):
    document = store.get(stream.document_id(stream.total - 1))
    store.drop(document["_id"])
    return {("missing", document["_id"]): f"is missing; it should hold update {document['update']}"}


def roll_one_back_a_lap(store, stream):
    document = store.get(stream.document_id(7))
    older = json.loads(stream.content.render(document["update"] - stream.total, document["ts"] - 60))
    store.put(dict(older, _rev=document["_rev"]))
    return {("behind", document["_id"]): f"holds update {older['update']}; it should hold update {document['update']}"}


def add_one_among_the_others(store, stream):
    added = dict(store.get(stream.document_id(5)), _id=stream.document_id(5) + "x")
    del added["_rev"]
    store.put(added)
    return {("extra", added["_id"]): "is not in the stream"}


def add_one_beyond_the_total(store, stream):
    added = f"cdyno_{stream.total:012d}"
    store.put({"_id": added, "ts": 1, "update": stream.total, "data": ""})
    return {("extra", added): "is not in the stream"}


def add_some_elsewhere(store, stream):
    names = ["0", "Zebra", "cdyno_", "cdyno_0", "cdyno_00000000000a", "couchdyno_metb", "couchdyno_run_1", "ähre"]
    for name in names:
        store.put({"_id": name})
    return {("extra", name): "is not in the stream" for name in names}


def make_a_conflict(store, stream):
    document = store.get(stream.document_id(9))
    rev = store.fork(document)
    return {("conflicted", document["_id"]): f"has a losing revision, {rev}"}


def truncate_data(store, stream):
    document = store.get(stream.document_id(12))
    store.put(dict(document, data=document["data"][:-7]))
    return {("damaged", document["_id"]): f"has {len(document['data']) - 7} characters of data"}


def change_ts(store, stream):
    document = store.get(stream.document_id(13))
    store.put(dict(document, ts=document["ts"] + 1))
    return {("damaged", document["_id"]): "has data that does not match update"}


def change_update(store, stream):
    document = store.get(stream.document_id(14))
    store.put(dict(document, update=document["update"] - stream.total))
    return {("damaged", document["_id"]): "has data that does not match update"}


def take_a_field(store, stream):
    document = store.get(stream.document_id(15))
    del document["update"]
    store.put(document)
    return {("damaged", document["_id"]): "has no field update"}


def add_a_field(store, stream):
    document = store.get(stream.document_id(16))
    store.put(dict(document, more=1))
    return {("damaged", document["_id"]): "has an unexpected field: 'more'"}


def change_a_type(store, stream):
    document = store.get(stream.document_id(17))
    store.put(dict(document, update=str(document["update"])))
    return {("damaged", document["_id"]): "has an invalid field update: '"}


def change_ts_to_a_negative_one(store, stream):
    document = store.get(stream.document_id(13))
    store.put(dict(document, ts=-1))
    return {("damaged", document["_id"]): "has an invalid field ts: -1"}


def change_data_to_a_number(store, stream):
    document = store.get(stream.document_id(17))
    store.put(dict(document, data=5))
    return {("damaged", document["_id"]): "has an invalid field data: 5"}


def empty_a_document(store, stream):
    document = store.get(stream.document_id(18))
    store.put({"_id": document["_id"], "_rev": document["_rev"]})
    return {("damaged", document["_id"]): "has no field data; has no field ts; has no field update"}


def rewind_the_ledger(store, stream):
    ledger = store.ledger()
    store.put(dict(ledger, position=ledger["position"] - 5, start=(ledger["position"] - 5) % stream.total))
    return {("ledger", None): f" update {ledger['position'] - 5}"}


CORRUPTIONS = (
    flip_a_byte,
    swap_two_bodies,
    drop_a_document,
    drop_the_last_document,
    roll_one_back_a_lap,
    add_one_among_the_others,
    add_one_beyond_the_total,
    add_some_elsewhere,
    make_a_conflict,
    truncate_data,
    change_ts,
    change_update,
    take_a_field,
    add_a_field,
    change_a_type,
    change_ts_to_a_negative_one,
    change_data_to_a_number,
    empty_a_document,
    rewind_the_ledger,
)


# -- databases with a workload; the types are called order (creates and deletes), event (creates), customer and counter

FOUR_TYPES = {
    "order": {"documents": 5, "updates": 5, "create": 20, "delete": 20},
    "customer": {"documents": 3, "updates": 2, "body": "person", "size": [300, 900]},
    "event": {"documents": 3, "updates": 3, "create": 30, "tombstone": "fields", "ids": "hashed"},
    "counter": {"documents": 1, "updates": 1, "hot": True, "body": "state"},
}
MARGIN = 10  # updates: documents that were created or deleted this close to the position are left alone


class Documents:
    """The documents of a type that exist at a position, oldest first, and the ones that were deleted."""

    def __init__(self, stream, position, name):
        kind = [each.name for each in stream.workload.types].index(name)
        count = position  # no type can have more
        numbers = [kind * 10**12 + index for index in range(count)]
        early, late = position - MARGIN, position + MARGIN
        exist = [number for number in numbers if stream.state_at(number, early).exists
                 and stream.state_at(number, late).exists]  # fmt: skip
        gone = [number for number in numbers if stream.state_at(number, early).case == "deleted"]
        self.ids, self.gone = list(map(stream.id_of, exist)), list(map(stream.id_of, gone))
        self.next_id = stream.id_of(next(each for each in numbers if not stream.state_at(each, late).exists
                                         and stream.state_at(each, late).case != "deleted"))  # fmt: skip


def lose_an_insert(store, stream, position):
    document = store.get(Documents(stream, position, "order").ids[-1])
    store.drop(document["_id"])
    return {("missing", document["_id"]): f"is missing; it should hold update {document['update']}"}


def resurrect_a_deletion(store, stream, position):
    document_id = Documents(stream, position, "order").gone[-1]
    return resurrected(store, stream, position, document_id)


def lose_all_deletions(store, stream, position):
    found = {}
    for document_id in Documents(stream, position, "order").gone:
        found.update(resurrected(store, stream, position, document_id))
    return found


def resurrected(store, stream, position, document_id):
    deletion = stream.state_at(stream.number_of(document_id), position).update
    held = stream.previous(deletion)
    store.put(json.loads(stream.content.render(held, 1_700_000_000)))
    return {("revived", document_id): f"holds update {held}, but update {deletion} has deleted it"}


def damage_a_resurrected_one(store, stream, position):
    document_id = Documents(stream, position, "order").gone[0]
    store.put({"_id": document_id, "type": "order"})
    return {("damaged", document_id): "has no field update"}


def write_an_old_body_with_a_new_number(store, stream, position):
    documents = map(store.get, Documents(stream, position, "customer").ids)
    document = next(each for each in documents
                    if len(str(each["update"])) == len(str(stream.previous(each["update"]))))  # fmt: skip
    older = json.loads(stream.content.render(stream.previous(document["update"]), document["ts"]))
    store.put(dict(older, update=document["update"], _rev=document["_rev"]))
    return {("damaged", document["_id"]): f"; compared with update {document['update']}"}


def change_a_nested_value(store, stream, position):
    document = store.get(Documents(stream, position, "customer").ids[1])
    store.put(dict(document, address=dict(document["address"], number=document["address"]["number"] + 1)))
    return {("damaged", document["_id"]): "at 'address.number' instead of "}


def leave_out_what_is_null(store, stream, position):
    document = store.get(Documents(stream, position, "customer").ids[2])
    store.put({name: value for name, value in document.items() if value is not None})
    return {("damaged", document["_id"]): "lacks 'partner'"}


def add_a_member(store, stream, position):
    document = store.get(Documents(stream, position, "customer").ids[1])
    store.put(dict(document, more=1))
    return {("damaged", document["_id"]): "has an unexpected 'more'"}


def swap_two_of_a_type(store, stream, position):
    return swapped(store, *Documents(stream, position, "order").ids[1:3])


def swap_two_of_different_types(store, stream, position):
    ids = (Documents(stream, position, name).ids[0] for name in ("customer", "event"))
    return swapped(store, *ids)


def swapped(store, *ids):
    one, other = map(store.get, ids)
    store.put(dict(other, _id=one["_id"], _rev=one["_rev"]))
    store.put(dict(one, _id=other["_id"], _rev=other["_rev"]))
    return {
        ("damaged", one["_id"]): f"holds update {other['update']}, which belongs to '{other['_id']}'",
        ("damaged", other["_id"]): f"holds update {one['update']}, which belongs to '{one['_id']}'",
    }


def leave_out_a_type(store, stream, position):
    found = {}
    for document_id in Documents(stream, position, "customer").ids:
        store.drop(document_id)
        found["missing", document_id] = "is missing; it should hold update"
    return found


def roll_one_back_a_visit(store, stream, position):
    document = store.get(Documents(stream, position, "event").ids[2])
    previous = stream.previous(stream.previous(document["update"]))  # as a span may allow the one before
    older = json.loads(stream.content.render(previous, document["ts"] - 60))
    store.put(dict(older, _rev=document["_rev"]))
    return {("behind", document["_id"]): f"holds update {previous}; it should hold update"}


def add_one_that_is_not_created_yet(store, stream, position):
    document_id = Documents(stream, position, "order").next_id
    store.put({"_id": document_id, "type": "order", "update": position, "ts": 1, "data": ""})
    return {("extra", document_id): "is not in the stream"}


def add_one_that_is_never_created(store, stream, position):
    ids = Documents(stream, position, "customer").ids
    document_id = stream.id_of(stream.number_of(ids[-1]) + 1)
    store.put(dict(store.get(ids[-1]), _id=document_id, _rev=None))
    return {("extra", document_id): "is not in the stream"}


def add_one_of_another_type(store, stream, position):
    store.put({"_id": "invoice:000000000000", "type": "invoice"})
    return {("extra", "invoice:000000000000"): "is not in the stream"}


def change_the_name_of_the_type(store, stream, position):
    document = store.get(Documents(stream, position, "customer").ids[0])
    store.put(dict(document, type="order"))
    return {("damaged", document["_id"]): "has an invalid field type: 'order'"}


def take_the_name_of_the_type(store, stream, position):
    document = store.get(Documents(stream, position, "event").ids[0])
    del document["type"]
    store.put(document)
    return {("damaged", document["_id"]): "has no field type"}


def flip_a_byte_of_the_youngest(store, stream, position):
    document = store.get(Documents(stream, position, "event").ids[-1])
    data = document["data"]
    store.put(dict(document, data=data[:40] + OTHER.get(data[40], "0") + data[41:]))
    return {("damaged", document["_id"]): "in 1 place, first at character 40"}


def make_a_conflict_in_a_type(store, stream, position):
    document = store.get(Documents(stream, position, "order").ids[0])
    rev = store.fork(document)
    return {("conflicted", document["_id"]): f"has a losing revision, {rev}"}


WORKLOAD_CORRUPTIONS = (
    lose_an_insert,
    resurrect_a_deletion,
    lose_all_deletions,
    damage_a_resurrected_one,
    write_an_old_body_with_a_new_number,
    change_a_nested_value,
    leave_out_what_is_null,
    add_a_member,
    swap_two_of_a_type,
    swap_two_of_different_types,
    leave_out_a_type,
    roll_one_back_a_visit,
    add_one_that_is_not_created_yet,
    add_one_that_is_never_created,
    add_one_of_another_type,
    change_the_name_of_the_type,
    take_the_name_of_the_type,
    flip_a_byte_of_the_youngest,
    make_a_conflict_in_a_type,
)


# -- databases with attachments: every second photo has two, renewed by every second update, and every page one, of text

WITH_ATTACHMENTS = {
    "photo": {"documents": 3, "updates": 3, "create": 20, "delete": 20, "size": 200,
              "attachments": {"every": 2, "count": 4, "size": [50, 9000], "renew": 2}},
    "page": {"documents": 2, "updates": 2, "size": 200, "ids": "hashed",
             "attachments": {"size": [50, 9000], "content_type": "text/plain", "renew": 2}},
    "note": {"documents": 1, "updates": 1},
}  # fmt: skip


def with_attachments(store, stream, position, name, renewals=2):
    """A document whose attachments have been renewed some times, and the update that it holds."""
    for document_id in Documents(stream, position, name).ids:
        document = store.get(document_id)
        if len(list(stream.content.files.renewals(document["update"]))) >= renewals:
            return document
    raise AssertionError("no document is as old as that")


def contents(stream, update):
    """The bytes of the attachments after an update, by name."""
    return {file.name: file.content() for file in stream.content.files.of(update)}


def sent(content, content_type="image/png"):
    return {"content_type": content_type, "data": base64.b64encode(content).decode()}


def put_attachment(store, document, name, attachment):
    """Replace an attachment of a document, add it, or drop it (None)."""
    others = {other: each for other, each in document["_attachments"].items() if other != name}
    store.put(dict(document, _attachments={**others, name: attachment} if attachment else others))


def change_a_file_of_the_same_length(store, stream, position):
    document = with_attachments(store, stream, position, "photo")
    content = contents(stream, document["update"])["front page"]
    changed = content[:30] + bytes([content[30] ^ 1]) + content[31:]
    put_attachment(store, document, "front page", sent(changed))
    words = f"attachment 'front page' differs from that of update {document['update']} from byte 30 on"
    return {("damaged", document["_id"]): words}


def change_a_word_of_a_text(store, stream, position):
    document = with_attachments(store, stream, position, "page")
    content = contents(stream, document["update"])["cover"]
    put_attachment(store, document, "cover", sent(content[:-1] + b"#", "text/plain"))
    words = f"differs from that of update {document['update']} from byte {len(content) - 1} on"
    return {("damaged", document["_id"]): words}


def cut_a_file(store, stream, position):
    document = with_attachments(store, stream, position, "photo")
    content = contents(stream, document["update"])["cover"]
    put_attachment(store, document, "cover", sent(content[:-1]))
    words = f"attachment 'cover' has {len(content) - 1} bytes instead of {len(content)}"
    return {("damaged", document["_id"]): words}


def drop_a_file(store, stream, position):
    document = with_attachments(store, stream, position, "photo")
    put_attachment(store, document, "scans/back", None)
    return {("damaged", document["_id"]): "attachment 'scans/back' is missing"}


def drop_all_files(store, stream, position):
    document = with_attachments(store, stream, position, "page")
    put_attachment(store, document, "cover", None)
    return {("damaged", document["_id"]): "attachment 'cover' is missing"}


def add_a_file(store, stream, position):
    document = with_attachments(store, stream, position, "photo")
    put_attachment(store, document, "Thumbs.db", sent(b"x"))
    return {("damaged", document["_id"]): "attachment 'Thumbs.db' is not in the stream"}


def add_a_file_where_none_should_be(store, stream, position):
    document = store.get(Documents(stream, position, "note").ids[0])
    store.put(dict(document, _attachments={"x": sent(b"x")}))
    return {("damaged", document["_id"]): "attachment 'x' is not in the stream"}


def put_an_older_file_back(store, stream, position):
    document = with_attachments(store, stream, position, "photo")
    before = list(stream.content.files.renewals(document["update"]))[1].update
    put_attachment(store, document, "cover", sent(contents(stream, before)["cover"]))
    return {("damaged", document["_id"]): f"attachment 'cover' holds the bytes of update {before}"}


def put_an_older_text_back(store, stream, position):
    document = with_attachments(store, stream, position, "page")
    before = list(stream.content.files.renewals(document["update"]))[1].update
    put_attachment(store, document, "cover", sent(contents(stream, before)["cover"], "text/plain"))
    return {("damaged", document["_id"]): f"attachment 'cover' holds the bytes of update {before}"}


def rename_a_file(store, stream, position):
    document = with_attachments(store, stream, position, "photo")
    others = {name: each for name, each in document["_attachments"].items() if name != "résumé"}
    renamed = sent(contents(stream, document["update"])["résumé"])
    store.put(dict(document, _attachments={**others, "re\u0301sume\u0301": renamed}))
    words = "attachment 're\\u0301sume\\u0301' is not in the stream; attachment 'r\\xe9sum\\xe9' is missing"
    return {("damaged", document["_id"]): words}


def change_a_content_type(store, stream, position):
    document = with_attachments(store, stream, position, "photo")
    content = contents(stream, document["update"])["cover"]
    put_attachment(store, document, "cover", sent(content, "application/octet-stream"))
    words = "attachment 'cover' has the content type 'application/octet-stream' instead of image/png"
    return {("damaged", document["_id"]): words}


def give_it_the_file_of_another_document(store, stream, position):
    document = with_attachments(store, stream, position, "photo")
    others = map(store.get, Documents(stream, position, "photo").ids)
    other = next(each for each in others if each["_id"] != document["_id"] and "_attachments" in each)
    put_attachment(store, document, "cover", sent(contents(stream, other["update"])["cover"]))
    return {("damaged", document["_id"]): "attachment 'cover' "}


ATTACHMENT_CORRUPTIONS = {
    change_a_file_of_the_same_length: {"damaged": 1},
    change_a_word_of_a_text: {"damaged": 1},
    cut_a_file: {"damaged": 1},
    drop_a_file: {"missing": 1},
    drop_all_files: {"missing": 1},
    add_a_file: {"extra": 1},
    add_a_file_where_none_should_be: {"extra": 1},
    put_an_older_file_back: {"older": 1},
    put_an_older_text_back: {"older": 1},
    rename_a_file: {"missing": 1, "extra": 1},
    change_a_content_type: {"damaged": 1},
    give_it_the_file_of_another_document: {"damaged": 1},
}


def assert_found(report, expected):
    """A report names exactly what a corruption has done, with the right kind."""
    found = {(kind, each["id"]): each["reason"] for kind, samples in report["samples"].items() for each in samples}
    documents = {key: words for key, words in expected.items() if key[0] != "ledger"}
    assert report["verdict"] == "wrong" if documents or report["span"] else "undecided"
    counts = {kind: sum(key[0] == kind for key in documents) for kind in report["counts"]}
    fine = ("exact", "absent", "earlier", "deleted")
    wrong = {kind: count for kind, count in report["counts"].items() if kind not in fine}
    assert wrong == {kind: counts[kind] for kind in wrong}
    assert set(found) <= set(documents) and len(found) >= min(5, len(documents))
    for key, reason in found.items():
        assert documents[key] in reason, (key, reason)
    assert len(report["reasons"]) == 1
    if not documents:
        assert expected["ledger", None] in report["reasons"][0]
