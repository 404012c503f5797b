# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ids CouchDB accepts in a partitioned database."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import UsageError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.names import PARTITIONED
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.partitions import (
    check_partitions,
    has_partition,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import resolve
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workloads import BUILT_IN
from hypothesis import given
from hypothesis import strategies as st


def is_accepted(document_id):
    """As couch_partition:validate_docid does it: split at the first colon, then look at both parts."""
    parts = document_id.split(":", 1)
    return len(parts) == 2 and all(part != "" and part[0] != "_" for part in parts)


@given(st.text("ab:_/", min_size=1, max_size=6), st.integers(0, 10**12 - 1))
def test_prefixes_and_ids(prefix, digits):
    assert has_partition(prefix) == is_accepted(f"{prefix}{digits:012d}")


def test_the_ids_of_couchdyno():
    assert all(is_accepted(PARTITIONED.run_id(7)) and has_partition(name) for name in PARTITIONED)


@pytest.mark.parametrize("prefix", ["order", "order-", ":order", "order:_"])
def test_a_prefix_that_does_not_fit_is_named_with_its_place(prefix):
    workload = resolve({"types": {"a": {}, "order": {"prefix": prefix}}}, 10, 100)
    with pytest.raises(UsageError, match=r"^types\.order\.prefix: must have the form partition:rest .*") as caught:
        check_partitions(workload)
    assert str(caught.value).endswith(f"not {prefix!r}")
    assert caught.value.for_module().startswith("workload.types.order.prefix: ")


@pytest.mark.parametrize("name", [name for name, each in BUILT_IN.items() if each.written])
def test_the_built_in_workloads_fit(name):
    check_partitions(resolve(BUILT_IN[name].written, 100, 100))
    check_partitions(None)  # classic
