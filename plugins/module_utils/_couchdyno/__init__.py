# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""couchdyno: keep a CouchDB database changing in a way that is known in advance.

=============  =======================================================================================================
errors.py      names everything that can go wrong, as one tree with exit codes
couchdb/       talks to CouchDB over HTTP: requests, revisions, documents that many change. Knows nothing of updates
model/         decides by pure rules what is updated, what documents contain and may hold, and who may write what
storage/       keeps the model's documents in a database: ledger, run records, documents before a write
statistics/    says what run records tell: rates, trends, missed cycles
jobs/          does what was asked for: set up, execute, inform, verify. Plain data in, plain data out
reports/       shows that data by one table of fields/: as text/, as a page in html/, as metrics for prometheus/
cli/           reads options, runs a job, writes to the terminal: a file for each script
=============  =======================================================================================================

A folder may import itself and errors.py, storage also couchdb and model, statistics also model, jobs these four, and
cli all of them (a test holds them to it). Nothing in here knows of Ansible. It runs on Python 3.7 and later with
requests alone.
"""
from __future__ import annotations

__version__ = "0.1.0"
REPORT_FORMAT = 1  # of reports as --json prints them; it changes when those of one version are no use to another
