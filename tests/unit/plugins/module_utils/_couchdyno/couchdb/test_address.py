# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.address import Address, parse, redact
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import UsageError
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "url, expected",
    [
        ("http://localhost:5984/db", Address("http://localhost:5984", "db")),
        ("https://h/db/", Address("https://h", "db")),
        ("http://h/couch/v3/db", Address("http://h/couch/v3", "db")),
        ("http://[::1]:5984/db", Address("http://[::1]:5984", "db")),
        ("http://adm:pass@h:1/db", Address("http://h:1", "db", "adm", "pass")),
        ("http://a%40b:p%40%3A%2F%25@h/db", Address("http://h", "db", "a@b", "p@:/%")),
        ("http://adm:p@ss@h/db", Address("http://h", "db", "adm", "p@ss")),
        ("http://h/a%2Fb", Address("http://h", "a/b")),
        ("http://h/a_$()+-9", Address("http://h", "a_$()+-9")),
        ("http://couch_1.example.:1/db", Address("http://couch_1.example.:1", "db")),
        ("http://bücher.example/db", Address("http://bücher.example", "db")),
        ("http://h/_node/couchdb%40h/db", Address("http://h/_node/couchdb%40h", "db")),
        ("http://[fe80::1%eth0]:1/db", Address("http://[fe80::1%eth0]:1", "db")),
    ],
)
def test_urls(url, expected):
    assert parse(url) == expected


def test_the_name_is_encoded_where_it_must_be():
    assert parse("http://h/a%2Fb+c").url == "http://h/a%2Fb%2Bc"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "db",
        "localhost:5984/db",
        "ftp://h/db",
        "http:///db",
        "http://h",
        "http://h/",
        "http://h:port/db",
        "http://h:99999/db",
        "http://h/DB",
        "http://h/_users",
        "http://h/1db",
        "http://h/d.b",
        "http://h/" + "d" * 239,
        "http://h/db?q=1",
        "http://h/db#x",
        "http://[::1/db",
        "http://[x:y]/db",
        "http://a..b/db",
        "http://" + "a" * 64 + "/db",
        "http://ü" + "a" * 64 + ".example/db",
        "http://a b/db",
        "http://*/db",
        "http://h%00/db",
        "http://h/db%ff",
        "http://h/a\nb/db",
        "http://h\x1b[31m/db",
        "http://h/\udcff/db",
        "http://user@h/db%20",
    ],
)
def test_invalid_database_urls_are_refused(url):
    with pytest.raises(UsageError):
        parse(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://adm:s3cr3t@h",
        "http://adm:s3cr3t@h/DB",
        "http://adm:s3cr3t@h:x/db",
        "http://adm:s3cr3t@h/db?x",
        "http://adm:s3cr3t@[/db",
        "adm:s3cr3t@h/db",
        "http://adm:123/s3cr3t@h/db",
        "http://adm:123?s3cr3t@h/db",
        "http://adm:123#s3cr3t@h/db",
        "http://s3cr3t/x:1@h/db",
        "http://adm:s3cr3t%ff@h/db",
        "http://adm:s3cr3t\udcff@h/db",
        "http://adm:s3cr3t\n@h/db",
        "http://adm:s3cr3t@a..b/db",
    ],
)
def test_no_refusal_quotes_the_password(url):
    with pytest.raises(UsageError) as refusal:
        parse(url)
    assert "s3cr3t" not in str(refusal.value)


@pytest.mark.parametrize("url", ["http://adm:1/2@h/db", "http://a/b:c@h/db", "http://adm:x/y@h", "http://adm:p@s/s@h/db"])
def test_a_raw_slash_in_the_credentials_is_refused_with_advice(url):
    """Otherwise the part before it would be the host, and sent to the name server."""
    with pytest.raises(UsageError, match="write %2F for /"):
        parse(url)


def test_credentials_that_cannot_be_encoded_are_refused():
    for username, password in ("a\udcff", "p"), ("a", "p\udcff"):
        with pytest.raises(UsageError, match="not valid UTF-8") as refusal:
            parse("http://h/db", username, password)
        assert "udcff" not in str(refusal.value)


def test_credentials_apart_from_the_url():
    assert parse("http://h/db", "u", "p") == Address("http://h", "db", "u", "p")
    assert parse("http://a:b@h/db", "u", "p") == Address("http://h", "db", "a", "b")
    for half in (("u", None), (None, "p")):
        with pytest.raises(UsageError):
            parse("http://h/db", *half)


def test_an_address_does_not_show_its_password():
    assert "s3cr3t" not in repr(parse("http://adm:s3cr3t@h/db"))


@given(user=st.text("abc:@/%", min_size=1), password=st.text("XYZ:@/%#? ", min_size=1), rest=st.text("def/:?%"))
def test_redacted_urls_contain_no_credentials(user, password, rest):
    assert redact(f"http://{user}:{password}@h/{rest}") == f"http://h/{rest}"
    assert redact(f"{user}:{password}@h/path") == "h/path" or "://" in f"{user}:{password}"
