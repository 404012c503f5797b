# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules share: connection options, and the one place that turns errors into ``fail_json``."""
from __future__ import annotations

import atexit
import gc
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib

from ._couchdyno.couchdb.address import parse, redact
from ._couchdyno.couchdb.client import Client
from ._couchdyno.couchdb.options import USUAL, Options
from ._couchdyno.errors import CouchdynoError, MissingLibrary, Unforeseen


def _option(name: str, **spec: Any) -> dict[str, Any]:
    return dict(spec, fallback=(env_fallback, [f"COUCHDYNO_{name.upper()}"]))


CONNECTION = {
    "url": _option("url", type="str", required=True),
    "username": _option("username", type="str"),
    "password": _option("password", type="str", no_log=True),
    "ca_path": _option("ca_path", type="path"),
    "validate_certs": _option("validate_certs", type="bool", default=True),
    "client_cert": _option("client_cert", type="path"),
    "client_key": _option("client_key", type="path", no_log=False),
    "timeout": _option("timeout", type="float", default=USUAL.timeout),
}

PACE: dict[str, dict[str, Any]] = {  # how documents are written
    "connections": {"type": "int"},
    "batch_bytes": {"type": "int"},
}

SOURCE = {  # the source of a copy
    "source_url": _option("source_url", type="str"),
    "source_username": _option("source_username", type="str"),
    "source_password": _option("source_password", type="str", no_log=True),
}

Job = Callable[..., "dict[str, Any]"]


def run(argument_spec: dict[str, Any], job: Job) -> None:
    """Run a job as a module with these options, and end the process with its result.

    The job is called with the module and a client of the database; if the options include SOURCE, also with a client of
    the source, or None. A result with ``failed`` is returned as a failure.
    """
    module = AnsibleModule(argument_spec=dict(CONNECTION, **argument_spec), supports_check_mode=True)
    prefixes = ["", "source_"] if "source_url" in argument_spec else [""]
    urls = [module.params[f"{prefix}url"] for prefix in prefixes]
    for prefix, url in zip(prefixes, urls):
        module.params[f"{prefix}url"] = url and redact(url)  # Ansible returns the parameters as the invocation
    _end(module, lambda: job(module, *(_client(module, url, prefix) for prefix, url in zip(prefixes, urls))))


def run_without_database(argument_spec: dict[str, Any], job: Job) -> None:
    """The same for a job that needs no database: it is called with the module alone."""
    module = AnsibleModule(argument_spec=argument_spec, supports_check_mode=True)
    _end(module, lambda: job(module))


def _end(module: AnsibleModule, job: Callable[[], dict[str, Any]]) -> None:
    """End the process with the result of a job, or with its error in the words of the modules."""
    atexit.register(gc.freeze)  # collecting everything at exit would last longer than a small cycle
    unforeseen = None
    try:
        result = job()
    except MissingLibrary as error:
        module.fail_json(msg=missing_required_lib(error.name))
    except CouchdynoError as error:
        module.fail_json(msg=error.for_module())
    except Exception as error:
        unforeseen = Unforeseen(error)
    if unforeseen:  # outside of the handler, as Ansible would add the words of the exception, which may be secret
        module.fail_json(msg=unforeseen.for_module(), exception="\n".join(unforeseen.trace))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


def _client(module: AnsibleModule, url: str | None, prefix: str) -> Client | None:
    """A client of the database with this URL (None: no client); ``prefix`` selects the credentials."""
    if url is None:
        return None
    address = parse(url, module.params[f"{prefix}username"], module.params[f"{prefix}password"])
    return Client(address, Options.of(module.params), tell=module.warn)
