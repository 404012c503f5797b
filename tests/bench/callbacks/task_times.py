# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback that writes the duration of each task on all hosts to the file TASK_TIMES, as JSON {name: seconds}."""
from __future__ import annotations

import json
import os
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: task_times
type: aggregate
short_description: Write the duration of each task
description: Writes to the file in the environment variable TASK_TIMES.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_times"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self._times = {}
        self._current = None

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._end()
        self._current = (task.get_name().strip(), time.monotonic())

    def v2_playbook_on_stats(self, stats):
        self._end()
        with open(os.environ["TASK_TIMES"], "w", encoding="utf-8") as stream:
            json.dump(self._times, stream)

    def _end(self):
        if self._current:
            name, started = self._current
            self._times[name] = time.monotonic() - started
            self._current = None
