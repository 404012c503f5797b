# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other programs: installed from npm, with input files of the documents that couchdyno writes."""
from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from itertools import islice
from pathlib import Path
from typing import Iterator

import embedded
from bench import HERE, ROOT, say
from processes import Failed

ARRAY = 500  # documents in a line of a backup
SEED, TS = 1, 1_700_000_000


def install() -> tuple[list[str], Path]:
    """Install the packages of package-lock.json if needed; returns the command of node and their directory."""
    __, node, npm = embedded.install()
    files = [HERE / "package.json", HERE / "package-lock.json"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
    home = ROOT / ".test" / f"bench-{digest}"
    if not home.exists():
        say("peers: installing from npm")
        building = home.with_suffix(".new")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        for path in files:
            shutil.copy(path, building)
        search = os.pathsep.join([str(Path(node[0]).parent), os.environ.get("PATH", "")])
        done = subprocess.run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=building,
                              env=dict(os.environ, PATH=search), capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"npm could not install the peers: {(done.stderr or done.stdout).strip()[-300:]}")
        building.rename(home)
    return node, home / "node_modules"


def write_lines(path: Path, documents: int, size: int) -> Path:
    """Write documents as lines of JSON for couchimport."""
    with path.open("w") as stream:
        stream.writelines(text + "\n" for text in _texts(documents, size))
    return path


def write_backup(path: Path, documents: int, size: int) -> Path:
    """Write documents, without revisions, as a backup for couchrestore."""
    texts = _texts(documents, size)
    with path.open("w") as stream:
        for array in iter(lambda: list(islice(texts, ARRAY)), []):
            stream.write(f"[{','.join(array)}]\n")
    return path


def _texts(documents: int, size: int) -> Iterator[str]:
    from couchdyno.model.classic_stream import ClassicStream

    stream = ClassicStream(SEED, documents, size)
    return (stream.content.render(update, TS) for update in range(documents))
