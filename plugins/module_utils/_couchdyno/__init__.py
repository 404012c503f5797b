# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""couchdyno: keep a CouchDB database changing in a way that is known in advance.

A module imports only what stands in rows below its own (a test holds them to it)::

    cli                                   the scripts: options, exit codes
    cli_files, settings, progress         what they read, and say meanwhile
     │      (modules/)                    the Ansible modules, outside of this package
    report, textfile, watch               reports as a browser shows them, as Prometheus reads them, live
    text, info_text, compare_text         reports as people read them
    page, charts, tables, metrics         what reports are made of (pure)
    layout, saved, files
    shapes, screen                        what is no report; where reports are written
     │
    setup, info                           the jobs: plain values in, plain data out
    execute, verify, glance, compare
     │
    writer, reader                        writing a window; reading everything
    pace, documents, conflicts            how fast; what is there, and what should not be
     │
    figures                               what run records tell (pure)
    gaps, medians
     │
    outcome, proof                        what became of a cycle; what documents may hold (pure)
    history                               what has been
     │
    ledger                                who writes what
    driver, register                      who that is; a document that many change
     │
    parameters                            what a database is set up with
    stream, client                        the updates as a pure function; CouchDB over HTTP
     │
    session, deadline                     what carries its requests
    address
    errors

Nothing in here knows of Ansible. It runs on Python 3.7 and later with requests alone.
"""
from __future__ import annotations

__version__ = "0.1.0"
