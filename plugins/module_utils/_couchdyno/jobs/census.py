# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The census of a verification: its tally, and what else only verdicts on a whole database need."""
from __future__ import annotations

from typing import TypeVar

from ..model.stream import Stream
from ..model.tally import Tally
from ..model.verdicts import Finding
from ..model.view_summary import ViewSummary
from ..model.workload_stream import WorkloadStream
from .kept import Inventory

AnyCensus = TypeVar("AnyCensus", bound="Census")


class Census(Tally):
    """A tally that also counts the documents that are absent, although they may have existed during a span.

    If it is ``for_views``, it also has a summary of what the views of the database must say. ``inventory`` is None for
    classic.
    """

    def __init__(self, stream: Stream, for_views: bool = False) -> None:
        super().__init__(stream)
        self.doubtful = 0
        self.views = ViewSummary() if for_views else None
        self.inventory = Inventory(stream) if isinstance(stream, WorkloadStream) else None

    def add(self, finding: Finding) -> None:
        """Add a finding."""
        super().add(finding)
        if finding.doubtful:
            self.doubtful += finding.count
        if self.views and finding.held is not None and finding.document:
            self.views.add(finding.document)
        if self.inventory:
            self.inventory.add(finding)

    def merge(self: AnyCensus, other: AnyCensus) -> None:
        """Add the tally of other documents."""
        super().merge(other)
        self.doubtful += other.doubtful
        if self.views and other.views:
            self.views.merge(other.views)
        if self.inventory and other.inventory:
            self.inventory.merge(other.inventory)
