# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to talk to a server: the options of a connection, from settings given as text or values."""
from __future__ import annotations

import math
import os
from typing import Any, Mapping, NamedTuple

from ..errors import UsageError, option

WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
MAX_TIMEOUT = 86400.0  # seconds


class Options(NamedTuple):
    """How to talk to the server; ``timeout`` is the seconds within which an answer must be complete."""

    ca_path: str | None = None
    validate_certs: bool = True
    client_cert: str | None = None
    client_key: str | None = None
    timeout: float = 60.0

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Options:
        """The options in settings, with defaults for missing ones; raises UsageError for invalid ones."""
        return cls(
            ca_path=_file("ca_path", settings.get("ca_path")),
            validate_certs=_switch(settings.get("validate_certs", USUAL.validate_certs)),
            client_cert=_file("client_cert", settings.get("client_cert")),
            client_key=_file("client_key", settings.get("client_key")),
            timeout=_seconds("timeout", settings.get("timeout", USUAL.timeout)))


USUAL = Options()


def _seconds(name: str, value: Any, least: float = 0.0) -> float:
    """A number of seconds above ``least``, up to MAX_TIMEOUT."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not least < number <= MAX_TIMEOUT:
        raise UsageError(option(name), f" must be above {least:g} and at most {MAX_TIMEOUT:g} seconds, not {value}")
    return number


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value.strip().lower() not in WORDS:
        raise UsageError(f"validate_certs must be true or false, not {value!r}")
    return WORDS[value.strip().lower()]


def _file(name: str, path: str | None) -> str | None:
    if path and ("\0" in path or not os.path.exists(path)):
        raise UsageError(option(name), f": no such file: {path}")
    return path or None
