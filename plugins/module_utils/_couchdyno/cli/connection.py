# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the scripts take the connection from: the command line, the environment, a configuration file.

A setting on the command line wins over one in the environment (``COUCHDYNO_URL``, ``COUCHDYNO_USERNAME``, …), that one
over the file's; credentials inside the URL win over those beside it. The file is an INI file with a section
``[couchdyno]`` and the same names in lower case; nobody but its owner may have access to it.
"""
from __future__ import annotations

import os
from typing import Any, Mapping

from ..couchdb.address import Address, parse
from ..couchdb.options import Options
from ..errors import UsageError

NAMES = ("url", "username", "password", "ca_path", "validate_certs", "client_cert", "client_key", "timeout")
OF_DATABASE = ("url", "username", "password")  # the others may be shared by several databases
SECTION = "couchdyno"


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
    return address, Options.of(settings)


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
