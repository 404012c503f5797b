# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bytes of attachments, for those about which a document does not say enough."""
from __future__ import annotations

from ..couchdb.source import Source
from ..model.attachments.files import Files
from ..model.verdicts import Finding, concluded


def with_bytes(source: Source, files: Files | None, finding: Finding) -> Finding:
    """The verdict on a document after the bytes of its attachments were read, as far as that is needed."""
    checked, document = finding.attachments, finding.document
    if not (files and checked and checked.unread and document):
        return finding
    contents = {file.name: source.attachment(document["_id"], file.name, document["_rev"]) for file in checked.unread}
    return concluded(finding._replace(attachments=checked.with_bytes(files, contents)))
