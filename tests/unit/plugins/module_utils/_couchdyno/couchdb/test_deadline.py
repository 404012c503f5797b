# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import threading
import time

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.deadline import cut_at

NAME = "couchdyno deadlines"


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    theirs.settimeout(5)
    ours.settimeout(5)
    yield ours, theirs
    ours.close()
    theirs.close()


def test_a_trickling_answer_ends_at_its_deadline(pair):
    ours, theirs = pair
    began = time.monotonic()
    with cut_at(began + 0.2, ours):
        theirs.send(b"x")
        assert ours.recv(1) == b"x"
        assert ours.recv(1) == b""
    assert 0.2 <= time.monotonic() - began < 2


def test_an_earlier_deadline_does_not_wait_for_a_later_one(pair):
    ours, __ = pair
    other, end = socket.socketpair()
    with other, end, cut_at(time.monotonic() + 60, other):
        began = time.monotonic()
        with cut_at(began + 0.2, ours):
            assert ours.recv(1) == b""
        assert time.monotonic() - began < 2
        end.send(b"y")
        assert other.recv(1) == b"y"


def test_a_connection_is_left_alone_once_its_answer_is_complete(pair):
    ours, theirs = pair
    with cut_at(time.monotonic() + 0.1, ours):
        pass
    time.sleep(0.3)
    theirs.send(b"x")
    assert ours.recv(1) == b"x"


def test_a_deadline_that_has_passed_cuts_at_once(pair):
    ours, __ = pair
    with cut_at(time.monotonic() - 1, ours):
        assert ours.recv(1) == b""


def test_an_answer_without_a_connection_is_ignored():
    with cut_at(0, None):
        pass


def test_one_thread_serves_all(pair):
    ours, __ = pair
    for __ in range(20):
        with cut_at(time.monotonic() + 60, ours):
            pass
    assert [thread.name for thread in threading.enumerate()].count(NAME) == 1
