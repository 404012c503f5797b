# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the views must say of documents, against what a naive view says of them."""

from __future__ import annotations

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.design_documents import nested_row
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.view_summary import ViewSummary, rows_of
from hypothesis import given
from hypothesis import strategies as st

DOCUMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "_id": st.text(min_size=1),
            "type": st.sampled_from(["order", "person", "é"]),
            "update": st.integers(0, 2**53),
            "ts": st.integers(0, 2**33),
        }
    )
)


def summary_of(documents):
    summary = ViewSummary()
    for document in documents:
        summary.add(document)
    return summary


@given(DOCUMENTS, DOCUMENTS)
def test_the_summary_is_that_of_all_documents_in_any_order(some, others):
    summary = summary_of(some)
    summary.merge(summary_of(others))
    documents = others + some
    assert summary.counts == {kind: len(found) for kind, found in by_type(documents).items()}
    assert summary.statistics == {
        kind: {
            "sum": sum(found),
            "count": len(found),
            "min": min(found),
            "max": max(found),
            "sumsqr": sum(update * update for update in found),
        }
        for kind, found in by_type(documents).items()
    }
    rows = [nested_row(*(document[name] for name in ("_id", "type", "update", "ts"))) for document in documents]
    assert summary.nested.are_same(rows_of(rows))
    assert summary.index.are_same(rows_of([document["type"], document["update"]] for document in documents))


def by_type(documents):
    found = {}
    for document in documents:
        found.setdefault(document["type"], []).append(document["update"])
    return found


@given(DOCUMENTS.filter(len), st.data())
def test_one_other_document_makes_a_difference(documents, data):
    place = data.draw(st.integers(0, len(documents) - 1))
    changed = dict(documents[place], update=documents[place]["update"] + 1)
    one, other = summary_of(documents), summary_of([*documents[:place], changed, *documents[place + 1 :]])
    assert not one.nested.are_same(other.nested) and not one.index.are_same(other.index)
    assert one.statistics != other.statistics
    assert not one.nested.are_same(summary_of(documents[1:]).nested)
