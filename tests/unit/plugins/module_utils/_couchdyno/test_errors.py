# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of errors, in the words of the scripts and of the modules."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import errors
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli import execute, info, setup, verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import command, option, switch
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import repeat as repeat_module
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.evidence import Span, given_stream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.pace import Pace
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.repeat import Repetition, repeat
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import Request
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters

HOSTILE = (
    "{0} {option} %s ${force}",
    "option('force')",
    "Term(script='--x', module='x')",
    "couchdyno-setup --force",
    "force: true",
    "\x00\x01\x1b[31m<force>`force`O(force)",
    "ä€😀\\u0000\\",
)


@pytest.mark.parametrize(
    "term, script, module",
    [
        (option("from_position"), "--from-position", "from_position"),
        (option("q"), "-q", "q"),
        (option("source_url"), "--source", "source_url"),
        (option("interval"), "--continuous", "interval"),
        (switch("force"), "--force", "force: true"),
        (command("setup"), "couchdyno-setup", "couchdyno_setup"),
        (command("setup", "force"), "couchdyno-setup --force", "couchdyno_setup and force: true"),
    ],
)
def test_a_term_is_in_the_words_of_each_surface(term, script, module):
    error = errors.CouchdynoError("use ", term, " here")
    assert (str(error), error.for_module()) == (f"use {script} here", f"use {module} here")


def test_text_alone_is_the_same_everywhere():
    error = errors.Unreachable("the server is down")
    assert str(error) == error.for_module() == "the server is down"
    assert str(errors.CouchdynoError()) == errors.CouchdynoError().for_module() == ""


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_is_not_interpreted(text):
    error = errors.UsageError(text, option("force"), text, command("setup"), text)
    text = errors.cleaned(text)
    assert str(error) == f"{text}--force{text}couchdyno-setup{text}"
    assert error.for_module() == f"{text}force{text}couchdyno_setup{text}"


@pytest.mark.parametrize("text", HOSTILE)
def test_the_reason_of_a_server_is_not_interpreted(text):
    refused = errors.NotAllowed(text, status=403, error="forbidden")
    further = errors.NotAllowed(*refused.parts, "; use ", switch("force"), status=refused.status, error=refused.error)
    text = errors.cleaned(text)
    assert (further.status, further.error, further.exit_code) == (403, "forbidden", 1)
    assert (str(further), further.for_module()) == (f"{text}; use --force", f"{text}; use force: true")


@pytest.mark.parametrize(
    "text, shown",
    [
        ("a\nb\r\tc\u2028d\xa0e", "a b  c d e"),
        ("\x1b[2J\x9b31m\x07\x00", "\\x1b[2J\\x9b31m\\x07\\x00"),
        ("\u202egnp.exe\u200b\ud800", "\\u202egnp.exe\\u200b\\ud800"),
        ("ä€😀 {x} \\", "ä€😀 {x} \\"),
        ("x" * 200, "x" * 200),
        ("x" * 100_000, "x" * 199 + "…"),
    ],
)
def test_foreign_text_fits_into_a_line(text, shown):
    assert errors.cleaned(text) == shown


def test_a_message_is_one_line_of_bounded_length():
    error = errors.Unreachable("answered 500 (\x1b[31m\nforged: ", "x" * 100_000, "); use ", switch("force"))
    assert str(error).startswith("answered 500 (\\x1b[31m forged: xxx") and str(error).endswith("…); use --force")
    assert len(str(error)) < 2100 and str(error).isprintable() and error.for_module().isprintable()


@pytest.mark.parametrize(
    "check, script, module",
    [
        (lambda: Span(None, 5).check(False), "--to-position requires --from-position", "to_position requires from"),
        (lambda: Span(5).check(False), "requires --to-position or --source", "requires to_position or source_url"),
        (lambda: Span(6, 5).check(False), "--to-position 5 is below --from-position 6", "to_position 5 is below from"),
        (lambda: given_stream(1, None, 5), "--seed, --total and --size must be", "seed, total and size must be"),
        (lambda: Request(Parameters(updates=0)).check(), "--updates-per-run must be", "updates_per_run must be"),
        (lambda: Pace(batch_bytes=0), "--batch-bytes must be from 1", "batch_bytes must be from 1"),
        (lambda: Repetition(interval=-1).check(), "--continuous must be from 0", "interval must be from 0"),
    ],
)
def test_limits_name_the_option(check, script, module):
    with pytest.raises(errors.UsageError) as raised:
        check()
    assert script in str(raised.value) and module in raised.value.for_module()


def test_an_error_in_a_later_cycle_is_in_the_words_of_the_modules(monkeypatch):
    after = {"updates": 1, "dt": 1.0, "rate": 1.0, "errors": 0, "first": 0}
    answers = [{"after": after, "new_state": {}}]

    def execute_once(*_args):
        if not answers:
            raise errors.NoDatabase(*["there is no database {x}; create it with ", command("setup")])
        return answers.pop()

    monkeypatch.setattr(repeat_module, "execute", execute_once)
    error = repeat(None, Repetition(cycles=3), Pace())["error"]
    assert error == "there is no database {x}; create it with couchdyno_setup"


@pytest.mark.parametrize(
    "main, argv, option_name",
    [
        (setup.main, ("-u", "0"), "--updates-per-run"),
        (setup.main, ("-q", "0"), "-q"),
        (execute.main, ("-c", "-1"), "--continuous"),
        (execute.main, ("--jitter", "-1"), "--jitter"),
        (info.main, ("--history", "-1"), "--history"),
        (verify.main, ("--to-position", "5"), "--to-position"),
        (verify.main, ("--timeout", "0"), "--timeout"),
        (verify.main, ("--ca-path", "/there/is/none"), "--ca-path"),
    ],
)
def test_the_scripts_name_their_options(capsys, main, argv, option_name):
    assert main(["http://u:s3cr3t@127.0.0.1:9/db", *argv]) == 2
    __, message = capsys.readouterr().err.split(": ", 1)
    assert message.startswith((f"{option_name} ", f"{option_name}: "))
