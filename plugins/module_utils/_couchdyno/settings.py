# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the scripts take the connection from: the command line, the environment, a configuration file.

A setting on the command line wins over one in the environment (``COUCHDYNO_URL``, ``COUCHDYNO_USERNAME``, …), that one
over the file's; credentials inside the URL win over those beside it. The file is an INI file with a section
``[couchdyno]`` and the same names in lower case; nobody but its owner may have access to it.
"""
from __future__ import annotations

import math
import os
from typing import Any, Mapping

from .address import Address, parse
from .errors import UsageError
from .session import Options

NAMES = ("url", "username", "password", "ca_path", "validate_certs", "client_cert", "client_key", "timeout")
OF_DATABASE = ("url", "username", "password")  # the others may be shared by several databases
SECTION = "couchdyno"
WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
MAX_TIMEOUT = 86400.0


def connection(given: Mapping[str, Any], environ: Mapping[str, str], path: str | None) -> tuple[Address, Options]:
    """Where the database is and how to talk to it; raises UsageError when that cannot be told.

    ``given`` are the settings of the command line (None: not given), ``path`` names the configuration file.
    """
    settings: dict[str, Any] = read_file(path) if path else {}
    settings.update((name, environ["COUCHDYNO_" + name.upper()]) for name in NAMES
                    if environ.get("COUCHDYNO_" + name.upper()))
    settings.update((name, value) for name, value in given.items() if value is not None)
    if not settings.get("url"):
        raise UsageError("no database given; name its URL as the argument DB, in COUCHDYNO_URL or in a --config file")
    address = parse(settings["url"], settings.get("username"), settings.get("password"))
    return address, options(settings)


def source(url: str | None, given: Mapping[str, Any], environ: Mapping[str, str],
           path: str | None) -> tuple[Address, Options] | None:
    """The same of the database that another is a copy of, None when none is named.

    Its URL and credentials are its own (``COUCHDYNO_SOURCE_URL`` …); the rest is shared with the copy.
    """
    own = dict(environ)
    for name in OF_DATABASE:
        own[f"COUCHDYNO_{name.upper()}"] = environ.get(f"COUCHDYNO_SOURCE_{name.upper()}", "")
    if not (url or path or own["COUCHDYNO_URL"]):
        return None
    shared = {name: given.get(name) for name in NAMES if name not in OF_DATABASE}
    return connection(dict(shared, url=url), own, path)


def options(settings: Mapping[str, Any]) -> Options:
    """The options of a connection from settings, with the ones that are missing at their defaults."""
    default = Options()
    return Options(
        ca_path=_file("ca_path", settings.get("ca_path")),
        validate_certs=_switch(settings.get("validate_certs", default.validate_certs)),
        client_cert=_file("client_cert", settings.get("client_cert")),
        client_key=_file("client_key", settings.get("client_key")),
        timeout=seconds("timeout", settings.get("timeout", default.timeout)))


def read_file(path: str) -> dict[str, str]:
    """The settings in a configuration file; refused when others than its owner have access to it."""
    import configparser  # costs start-up time that only those pay who use it

    parser = configparser.ConfigParser(interpolation=None)
    try:
        with open(path, encoding="utf-8") as stream:
            if os.fstat(stream.fileno()).st_mode & 0o077:
                raise UsageError(f"{path} may hold a password, and others have access to it; run: chmod 600 {path}")
            parser.read_file(stream)
        settings = dict(parser.items(SECTION))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except configparser.NoSectionError:
        raise UsageError(f"{path} has no section [{SECTION}]") from None
    except (configparser.Error, UnicodeDecodeError):  # their texts quote the file, and so perhaps a password
        raise UsageError(f"{path} is not an INI file") from None
    unknown = sorted(set(settings) - set(NAMES))
    if unknown:
        raise UsageError(f"{path} has settings that are not known: {', '.join(unknown)}; known are {', '.join(NAMES)}")
    return settings


def seconds(name: str, value: Any, least: float = 0.0) -> float:
    """A number of seconds above ``least``, and not absurd."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not least < number <= MAX_TIMEOUT:
        raise UsageError(f"{name} must be a number of seconds above {least:g}, at most {MAX_TIMEOUT:g}, not {value}")
    return number


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value.strip().lower() not in WORDS:
        raise UsageError(f"validate_certs must be true or false, not {value!r}")
    return WORDS[value.strip().lower()]


def _file(name: str, path: str | None) -> str | None:
    if path and not os.path.exists(path):
        raise UsageError(f"{name}: there is no file {path}")
    return path or None
