# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of several scripts."""
from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from ..model.limits import CONNECTIONS


def add_pace(parser: ArgumentParser) -> None:
    """The options of the scripts that write documents, except the rate."""
    parser.add_argument("--connections", type=int, metavar="N",
                        help=f"maximum number of requests in flight at once (default: {CONNECTIONS})")
    parser.add_argument("--batch-bytes", type=int, metavar="BYTES",
                        help="maximum size of the documents in a request (default: depends on the size of the "
                             "documents)")


def add_updates_per_run(parser: ArgumentParser, **how: Any) -> None:
    """The option for the number of documents to update, which has several names."""
    parser.add_argument("-u", "--update-per-run", "--updates-per-run", dest="updates_per_run", type=int, metavar="N",
                        **how)


def add_metrics(parser: ArgumentParser) -> None:
    """The option of the scripts that write metrics."""
    parser.add_argument("--metrics", metavar="FILE.prom",
                        help="also write metrics for Prometheus (textfile collector of node_exporter); requires "
                             "prometheus_client")
