# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""couchdyno: keeps a CouchDB database changing predictably, so that every document of a copy can be checked.

=============  =======================================================================================================
errors.py      names everything that can go wrong, as one tree with exit codes
couchdb/       talks to CouchDB over HTTP: requests, revisions, shared documents. Knows nothing about updates
model/         decides by pure rules what is updated, what documents contain and may hold, and who may write what;
               bodies/ makes contents from templates, attachments/ makes files and finds what is wrong with them

storage/       keeps the model's documents in a database: ledger, run records, documents before a write
statistics/    computes rates, trends and missed cycles from run records
jobs/          does what was requested: set up, execute, inform, verify. Plain data in, plain data out
reports/       shows that data by one table in fields/: as text/, as a page in html/, as metrics in prometheus/
cli/           reads options, runs a job, writes to the terminal: a file for each script
=============  =======================================================================================================

A folder may import itself and errors.py; storage also couchdb and model; statistics also model; jobs these four; cli
all of them (a test enforces it). Nothing in here knows Ansible. It runs on Python 3.7 or later and needs only requests.
"""
from __future__ import annotations

__version__ = "0.1.0"
REPORT_FORMAT = 1  # of reports that --json prints; raise it when another version could no longer read them
