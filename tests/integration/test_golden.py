# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases that earlier versions left behind, and what the program says about them: it must go on saying the same.

``golden/README.md`` describes the files. The program sees the server through a proxy that fixes the time and everything
that differs between servers. If a report changes on purpose, record all files again and review the diff::

    COUCHDYNO_GOLDEN=write venv/bin/pytest tests/integration/test_golden.py

That leaves ``golden/*/database.json`` and ``golden/saved`` as they are: no later version can make them.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from hashlib import shake_128
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from proxy import Proxy, Rule
from support import controller, start

GOLDEN = Path(__file__).with_name("golden")
SAVED = GOLDEN / "saved"
WRITE = os.environ.get("COUCHDYNO_GOLDEN") == "write"

NOW = 1_794_994_200  # 2026-11-18T09:30:00, a while after the latest cycle in any of the databases
SERVER = {"version": "3.5.0"}
DATABASE = {
    "sizes": {"file": 1_299_456, "external": 23_456, "active": 71_234},
    "cluster": {"q": 2, "n": 1, "w": 1, "r": 1},
}

# The commands, by the file that keeps their output. DB, DRIVEN, FILLED and OTHER are databases: each is loaded afresh
# for a test, OTHER from the database of that name, all others from the one that the test is for.
READS = {
    "info.json": "couchdyno-info --json -d -c --history 100 --metrics TMP/info.prom --report TMP/info.html DB",
    "info.txt": "couchdyno-info --daily --conflicts --history 100 DB",
    "verify.json": "couchdyno-verify --json --metrics TMP/verify.prom DB",
    "verify.txt": "couchdyno-verify DB",
    "setup.txt": "couchdyno-setup -t 52 -s 160 -u 10 DB",
}
WRITES = {  # in this order
    "execute.json": "couchdyno-execute --json --metrics TMP/execute.prom DRIVEN",
    "execute.txt": "couchdyno-execute DRIVEN",
    "verify_driven.txt": "couchdyno-verify DRIVEN",
}
MORE = {  # for some databases only, after WRITES
    "version_0_1_0": {
        "verify_span.json": "couchdyno-verify --json --from-position 329 --to-position 382 DB",
        "verify_given.txt": "couchdyno-verify --seed 4990448999442304 --total 52 --size 160 DB",
    },
    "version_0_1_0_sound": {
        "verify_span.txt": "couchdyno-verify --from-position 180 --to-position 192 DB",
        "verify_span_wrong.txt": "couchdyno-verify --from-position 100 --to-position 150 DB",
        "verify_given.json": "couchdyno-verify --json --seed 4990448999442304 --total 52 --size 160 DB",
        "verify_source.json": "couchdyno-verify --json --source DRIVEN --metrics TMP/verify_source.prom DB",
        "verify_source.txt": "couchdyno-verify --from-position 190 --source OTHER DB",
    },
    "original_tool": {
        "verify_given.txt": "couchdyno-verify --seed 1 --total 24 --size 150 DB",
        "setup_same.txt": "couchdyno-setup -t 24 -s 150 -u 3 DB",
        "setup_fill.txt": "couchdyno-setup -t 24 -s 150 -u 3 -w FILLED",
    },
    "original_tool_upgraded": {
        "verify_source.txt": "couchdyno-verify --source OTHER DB",
    },
}
NAMES = list(MORE)
OTHER = "version_0_1_0"  # a later state of version_0_1_0_sound, and unrelated to the databases of the original tool

OF_SAVED = {  # these need no database
    "compare.txt": "couchdyno-info --compare SAVED/earlier.json SAVED/later.json",
    "compare.json": "couchdyno-info --json --compare SAVED/earlier.json SAVED/later.json --tolerance 1000",
    "compare_other.txt": "couchdyno-info --compare SAVED/another.json SAVED/later.json",
    "compare_forced.txt": "couchdyno-info --compare SAVED/another.json SAVED/later.json --force",
    "compare_few.txt": "couchdyno-info --compare SAVED/later.json SAVED/earlier.json",
    "page": "couchdyno-info --from SAVED/later.json SAVED/another.json SAVED/verify.json --report TMP/page.html",
}

SAME = {"total": "{{ total }}", "size": "{{ size }}", "updates_per_run": "{{ updates }}"}
DRY = ("--check", "--diff")
MODULES = {  # module, options of Ansible, arguments, and the databases: Ansible takes them for hosts, several at once
    "module_info.json": ("info", (), {"daily": True, "conflicts": True, "history": 100, "series": True}, NAMES),
    "module_verify.json": ("verify", (), {}, NAMES),
    "module_setup.json": ("setup", (), SAME, NAMES),
    "module_setup_force.json": ("setup", DRY, {"force": True, "seed": 42, "fill": True}, ["version_0_1_0"]),
    "module_execute.json": ("execute", DRY, {"cycles": 2}, ["version_0_1_0", "original_tool"]),
}

# The reports of info and verify may gain this key. Their top level is indented by one space.
FORMAT = '\n "format": 1,'
FORMATTED = re.compile(r"(module_)?(info|verify)\w*\.json")
SHOWN = 60  # lines of the diff of a file


def as_then(exchange):
    """Answer as the server did at that time, whichever server it is now."""
    status, headers, body = exchange.forward()
    name = urlsplit(exchange.path).path.strip("/")
    if exchange.method == "GET" and status == 200 and "/" not in name and not name.startswith("_"):
        body = json.dumps(dict(json.loads(body), **(DATABASE if name else SERVER))).encode()
    headers = {key: value for key, value in headers.items() if key.lower() != "date"}
    exchange.answer(status, dict(headers, Date=formatdate(NOW, usegmt=True)), body)


class Then(Proxy):
    """The server at that time."""

    def rule_for(self, method, target, body):
        return Rule(as_then)


@pytest.fixture
def then(server):
    proxy = Then(server.url)
    yield proxy
    proxy.close()


def golden(name):
    """The body of the bulk write that loads a database."""
    return json.loads((GOLDEN / name / "database.json").read_text(encoding="utf-8"))


@contextlib.contextmanager
def loaded(server, name):
    """A new database with the documents of a golden one, under their revisions."""
    database = server.database()
    database.create()
    try:
        answer = database.request("POST", "/_bulk_docs", json=golden(name))
        assert answer.status_code == 201 and answer.json() == [], answer.text
        yield database
    finally:
        database.request("DELETE")


# -- what differs from run to run


class Words:
    """Replaces the names that belong to this run."""

    def __init__(self, proxy):
        self._words = {proxy.url: "http://server", str(SAVED): "SAVED"}

    def add(self, found, word):
        self._words[found] = word

    def replace(self, text):
        for found, word in self._words.items():
            text = text.replace(found, word)
        return text


# Only runs that have just been made have a duration and rate of this form; those on record stay as they are.
DURATION = re.compile(r"^( +(?:dt|rate) \(/?sec\) ?: )\d+(\.\d+)?$", re.MULTILINE)
METRIC = re.compile(r"^(couchdyno_(?:execute|verify)_(?:duration_seconds|updates_per_second)\{.*\}) \S+$", re.MULTILINE)
END = re.compile(r"^(couchdyno_\w+_end_timestamp_seconds\{.*\}) (\S+)$", re.MULTILINE)
LIBRARY = re.compile(r'(?<=<script type="text/plain" id="library">).*?(?=</script>)', re.DOTALL)
FIGURES = re.compile(r'(?<=<script type="application/json" id="figures">).*?(?=</script>)', re.DOTALL)
GENERATOR = re.compile(r'(?<=content="couchdyno )[\d.]+(?=")')
LATE = 9  # seconds by which the end may be late: it takes a while to import the library that writes metrics


def settled(text, kind):
    """An output without what was measured in this run; ``kind`` is the suffix of its file."""
    if kind == ".json":
        return pretty(without_durations(json.loads(text)))
    if kind == ".txt":
        return DURATION.sub(r"\g<1>0", text)
    if kind == ".prom":
        return METRIC.sub(r"\1 0.0", END.sub(on_time, text))
    assert kind == ".html"
    text = GENERATOR.sub("VERSION", LIBRARY.sub("the library", text))
    return FIGURES.sub(lambda found: pretty(json.loads(found[0])), text).replace("<tr>", "\n<tr>")  # for people to read


def on_time(found):
    """The metric of the end, without a small delay."""
    metric, end = found.groups()
    return f"{metric} {float(NOW) if 0 <= float(end) - NOW < LATE else end}"


def without_durations(value):
    """A report without the duration and rate of runs that have just been made; others have no ``rate`` of this form."""
    if isinstance(value, list):
        return [without_durations(each) for each in value]
    if isinstance(value, dict):
        measured = {"dt", "rate"} if all(isinstance(value.get(name), float) for name in ("dt", "rate")) else ()
        return {name: 0.0 if name in measured else without_durations(each) for name, each in value.items()}
    return value


def pretty(value):
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def documents(database, name):
    """All documents after some cycles, one a line."""
    before = {document["_id"]: document for document in golden(name)["docs"]}
    revisions = {document["_rev"] for document in golden(name)["docs"]}
    params = {"include_docs": "true", "conflicts": "true"}
    rows = database.request("GET", "/_all_docs", params=params).json()["rows"]
    seed = next(row["doc"]["seed"] for row in rows if row["id"] == "couchdyno_meta")
    lines = []
    for row in rows:
        document = row["doc"]
        if document["_rev"] not in revisions:  # servers compute the digest in different ways
            document["_rev"] = document["_rev"].partition("-")[0] + "-"
        if document["_id"] not in before and document["_id"].startswith("couchdyno_run_"):
            assert document["ms"] and document["host"] and document["latency"]
            document.update(ms=0, host="HOST", latency=0.0)
        if document["_id"].startswith("couchdyno_ledger_"):
            document.update(instance="INSTANCE", identity="IDENTITY")
            for claim in document["claims"]:
                claim.update(driver="DRIVER", host="HOST", process="PROCESS")
        if document["_id"] == "couchdyno_meta" and "identity" in document:
            document["identity"] = "IDENTITY"
        if "seed" not in before["couchdyno_meta"] and "update" in document:  # the seed is drawn at random
            length, text = len(document["data"]), f"{seed}/{document['update']}/{document['ts']}"
            if document["data"] == shake_128(text.encode()).hexdigest(length)[:length]:
                document["data"] = f"{length} characters computed from the seed"
        lines.append(json.dumps(document, sort_keys=True, ensure_ascii=False))
    return "[\n" + ",\n".join(lines) + "\n]\n"


# -- running the program


class Commands:
    """Runs commands; ``answers`` are their outputs, by file."""

    def __init__(self, words, directory, places):
        self.answers = {}
        self._words, self._directory, self._places = words, directory, places
        self._ends = {}

    def run(self, file, command):
        """Run a command and keep its output, its exit code, and the files that it writes."""
        directory = self._directory / file
        directory.mkdir()
        places = dict(self._places, TMP=directory)
        script, *args = command.split()
        process = start(script, *(re.sub("[A-Z]{2,}", lambda word: str(places[word[0]]), arg) for arg in args))
        out, err = process.communicate(timeout=300)
        end = f"$ {command}\nexit code {process.returncode}\n{err}"
        self._ends[file] = self._words.replace(end.replace(str(directory), "TMP"))
        if out:
            self._keep(file, out)
        for path in directory.iterdir():
            self._keep(path.name, path.read_text(encoding="utf-8"))

    def hide(self, number):
        """Replace a number that was drawn at random."""
        for file, text in self.answers.items():
            self.answers[file] = re.sub(rf"\b{number}\b", "0", text)

    def end(self, order):
        """Return the outputs, and with them how the commands ended."""
        return dict(self.answers, **{"commands.txt": "\n".join(self._ends[file] for file in order)})

    def _keep(self, file, text):
        assert file not in self.answers
        self.answers[file] = settled(self._words.replace(text), Path(file).suffix)


def of_scripts(server, then, name, directory):
    """What the scripts say about a database."""
    words = Words(then)
    used = {word for command in [*READS.values(), *WRITES.values(), *MORE[name].values()] for word in command.split()}
    with contextlib.ExitStack() as stack:
        databases = {}
        for word in used & {"DB", "DRIVEN", "FILLED", "OTHER"}:
            original = OTHER if word == "OTHER" else name
            databases[word] = stack.enter_context(loaded(server, original))
            words.add(databases[word].name, original)
        commands = Commands(words, directory, {word: each.behind(then).url for word, each in databases.items()})
        with ThreadPoolExecutor(3) as pool:
            running = [pool.submit(commands.run, *each) for each in READS.items()]
            for each in WRITES.items():
                commands.run(*each)
            commands.answers["documents.json"] = documents(databases["DRIVEN"], name)
            running += [pool.submit(commands.run, *each) for each in MORE[name].items()]
            for each in running:
                each.result()
        if "seed" not in databases["DB"].ledger:
            for seed in {each.ledger["seed"] for each in databases.values() if "seed" in each.ledger}:
                commands.hide(seed)
        return commands.end([*READS, *WRITES, *MORE[name]])


def of_saved(then, directory):
    """What the scripts make of saved reports."""
    commands = Commands(Words(then), directory, {"SAVED": SAVED})
    with ThreadPoolExecutor(3) as pool:
        for each in [pool.submit(commands.run, *each) for each in OF_SAVED.items()]:
            each.result()
    return commands.end(OF_SAVED)


def of_modules(server, then, directory):
    """What the modules say about all databases: {name: answers}."""
    words = Words(then)
    answers = {name: {} for name in NAMES}
    with contextlib.ExitStack() as stack:
        hosts = {}
        for name in NAMES:
            database = stack.enter_context(loaded(server, name))
            words.add(database.name, name)
            hosts[name] = {parameter: database.ledger[parameter] for parameter in ("total", "size", "updates")}
            hosts[name].update(url=database.behind(then).url, ansible_connection="local")
            hosts[name].update(ansible_python_interpreter="{{ ansible_playbook_python }}")
        inventory = directory / "inventory.json"
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")

        def run(file):
            module, flags, args, names = MODULES[file]
            command = [":".join(names), "-i", inventory, "-m", f"dyno.couchdb.couchdyno_{module}", *flags]
            __, output = controller("ansible", *command, "-a", json.dumps(dict(args, url="{{ url }}")))
            for host, result in results(output):
                answers[host][file] = words.replace(pretty(result))

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(run, MODULES))
    return answers


RESULT = re.compile(r"^(\w+) \| (\w+)!? (?:=>|!:) (?=\{)", re.MULTILINE)
DIFF = re.compile(r"^--- before\n.*?(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)


def results(output):
    """The results that Ansible has printed: (host, result), with the diff that precedes it and the report by lines."""
    end = 0
    head = RESULT.search(output)
    while head:
        diff = DIFF.search(output, end, head.start())
        result, end = json.JSONDecoder().raw_decode(output, head.end())
        result = dict(without_durations(result), **{"(status)": head[2]})
        if diff:
            result["(diff)"] = diff[0].splitlines()
        if "report" in result:
            result["report"] = settled(result["report"], ".txt").splitlines()
        yield head[1], result
        head = RESULT.search(output, end)


# -- comparing


def differences(folder, answers, belongs):
    """The lines of a diff from the files of a folder to answers; ``belongs`` selects the files."""
    stored = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if belongs(path.name)}
    lines = []
    for file in sorted({*stored, *answers}):
        before, after = stored.get(file, ""), answers.get(file, "")
        if FORMATTED.fullmatch(file) and FORMAT not in before:
            after = after.replace(FORMAT, "", 1)
        if before != after:
            names = f"golden/{folder.name}/{file}", f"what the program says now: {file}"
            of_file = list(difflib.unified_diff(before.split("\n"), after.split("\n"), *names, n=2, lineterm=""))
            lines += of_file[:SHOWN]
            if len(of_file) > SHOWN:
                lines.append(f"… and {len(of_file) - SHOWN} more lines")
    return lines


def write(folder, answers, belongs):
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if belongs(path.name):
            path.unlink()
    for file, text in answers.items():
        (folder / file).write_text(text, encoding="utf-8")


def check(ask, belongs, directory):
    """Compare what ``ask(directory)`` returns, {folder: answers}, with the files in these folders.

    The clock of the program goes on from the latest answer of the server. Under load, a second can pass before it is
    read, so if there are differences, the program is asked once more.
    """
    for attempt in ("first", "second"):
        (directory / attempt).mkdir()
        asked = ask(directory / attempt)
        if WRITE:
            for name, answers in asked.items():
                write(GOLDEN / name, answers, belongs)
            return
        lines = [line for name, answers in asked.items() for line in differences(GOLDEN / name, answers, belongs)]
        if not lines:
            return
    pytest.fail("\n".join(lines), pytrace=False)


def is_of_module(file):
    return file.startswith("module_")


def is_of_script(file):
    return not is_of_module(file) and file != "database.json"


@pytest.mark.parametrize("name", NAMES)
def test_scripts(server, then, tmp_path, name):
    check(lambda directory: {name: of_scripts(server, then, name, directory)}, is_of_script, tmp_path)


def test_modules(server, then, tmp_path):
    check(lambda directory: of_modules(server, then, directory), is_of_module, tmp_path)


def test_saved_reports(then, tmp_path):
    check(lambda directory: {"of_saved": of_saved(then, directory)}, lambda file: True, tmp_path)
