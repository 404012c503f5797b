# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching cycles, with and without a terminal."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time

from support import BIN, environment, run, start


def test_cycles_as_lines(database):
    run("couchdyno-setup", "-t", 10, "-u", 4, database.url)
    out = run("couchdyno-execute", "-c", 0, "--cycles", 3, "--watch", database.url)
    lines = out.splitlines()
    assert len(lines) == 3
    for number, line in enumerate(lines, 1):
        runs = "1 run" if number == 1 else f"{number} runs"
        assert f" {database.name}: {runs}, latest: 4 documents in " in line and ", 0 errors, lap " in line


def test_info_watches_until_it_is_interrupted(database):
    run("couchdyno-setup", "-t", 10, "-u", 4, database.url)
    process = start("couchdyno-info", "--watch", database.url)
    assert ": 0 runs, lap 0: 0 of 10" in process.stdout.readline()
    run("couchdyno-execute", database.url)
    assert ": 1 run, latest: 4 documents in " in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_terminal_gets_a_picture(database):
    run("couchdyno-setup", "-t", 10, "-u", 4, database.url)
    ours, theirs = pty.openpty()
    command = [str(BIN / "couchdyno-execute"), "-c", "0", "--cycles", "3", "--watch", database.url]
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment(TERM="xterm", COLUMNS="100"))
    os.close(theirs)
    drawn = b""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        drawn += piece
    os.close(ours)
    assert process.wait(timeout=30) == 0
    text = drawn.decode()
    assert "3 runs, 0 open claims" in text and "documents/s" in text and "lap 1: 2 of 10" in text
    assert database.server.password not in text
