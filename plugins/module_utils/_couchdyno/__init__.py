# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""couchdyno: keep a CouchDB database changing in a way that is known in advance.

Arrows run downward only::

    cli, progress, settings           the scripts: options, exit codes
    text, info_text, layout, watch …  reports as people read them
    screen                            where they are written
    metrics, textfile, files          reports as Prometheus reads them
    report, page, charts, tables      reports as a browser shows them
     │      (modules/)                the Ansible modules, outside of this package
    setup, execute, info, verify      the jobs: plain values in, plain data out
    compare, saved                    two infos side by side
     │
    writer, pace, documents, reader   writing a window; reading everything
     │
    figures, gaps, medians            what run records tell (pure)
     │
    proof, outcome, history           what documents may hold; what became of a cycle; what has been
    conflicts                         what should not be
     │
    ledger, driver                    who writes what
     │
    stream, parameters, client        the updates as a pure function; CouchDB over HTTP
     │
    session, deadline, address        what carries its requests
    errors

Nothing in here knows of Ansible. It runs on Python 3.7 and later with requests alone.
"""
from __future__ import annotations

__version__ = "0.1.0"
