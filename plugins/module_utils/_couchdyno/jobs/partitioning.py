# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Partitioned databases on servers that may not have them: some ignore that a new database is to be partitioned."""
from __future__ import annotations

from ..couchdb.client import Client
from ..errors import NoDatabase, UsageError

FEATURE = "partitioned"  # as servers that have partitioned databases report it


def check_known(client: Client) -> None:
    """Raise UsageError, before anything is changed, if the server has no partitioned databases."""
    if FEATURE not in client.server_features():
        raise _unknown(client)


def check_created(client: Client) -> None:
    """Check that a database that was just created is partitioned; deletes it and raises UsageError if it is not.

    NoDatabase if the node of the cluster that was asked does not know the database yet.
    """
    if client.database_info() is None:
        raise NoDatabase(f"there is no database {client.place}, although it was created")
    if not client.is_partitioned():
        client.delete_database()
        raise _unknown(client)


def _unknown(client: Client) -> UsageError:
    return UsageError(f"{client.address.server} has no partitioned databases; use CouchDB 3 or later, or Cloudant, or "
                      "set up a database that is not partitioned")
