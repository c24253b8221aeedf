from pathlib import Path

import pytest

from pyca.config.addresses import Calendar, DatabaseUrl, Url
from pyca.config.types import (
    Boolean,
    Choice,
    Integer,
    Lines,
    LocalPath,
    Number,
    Rate,
    Secret,
    Text,
)
from pyca.core.secrecy import mask


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (Text(), "a\nb", "a\nb"),
        (Boolean(), "TRUE", True),
        (Boolean(), "off", False),
        (Integer(minimum=5), " 5 ", 5),
        (Integer(minimum=-1), "-1", -1),
        (Number(minimum=0.1), "0.1", 0.1),
        (Choice("", "mp4"), "MP4", "mp4"),
        (Choice("", "mp4"), "", ""),
        (Lines(), "single", ("single",)),
        (Lines(), ["a", "", "b"], ("a", "b")),
        (Lines(), "", ()),
        (LocalPath(), "/a/./b", Path("/a/b")),
        (LocalPath(optional=True), "", None),
        (Rate(), "2500k", 2_500_000),
        (Rate(), "1.5G", 1_500_000_000),
        (Url(), "https://example.org/", "https://example.org"),
        (Url(), "", ""),
        (Calendar(), "https://example.org/a.ics", "https://example.org/a.ics"),
        (DatabaseUrl(), "sqlite:////var/pyca.db", "sqlite:////var/pyca.db"),
        (DatabaseUrl(), "sqlite://", "sqlite://"),
        (DatabaseUrl(), "sqlite:///:memory:", "sqlite:///:memory:"),
    ],
)
def test_good_values(kind, raw, value):
    assert kind.parse(raw) == value


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        (Text(), ["a", "b"], "in quotes"),
        (Text(), "a\0", "NUL"),
        (Lines(), ["a", "\0"], "NUL"),
        (Boolean(), "maybe", "True or False"),
        (Integer(minimum=5), "4", "at least 5"),
        (Integer(minimum=5), "1_000", "whole number"),
        (Integer(minimum=5), "9" * 5000, "whole number"),
        (Integer(minimum=1, maximum=64), "65", "from 1 to 64"),
        (Number(minimum=1), "nan", "at least 1"),
        (Number(minimum=1), "soon", "a number"),
        (Choice("basic", "digest"), "ntlm", "one of basic, digest"),
        (LocalPath(), " ", "a path"),
        (LocalPath(), "/x/" + "y" * 256, "at most 255"),
        (LocalPath(), "/x" * 2500, "at most 255"),
        (Rate(), "fast", "a size"),
        (Rate(), "9" * 400, "a size"),
        (Url(), "ftp://example.org", "https://"),
        (Url(), "https://", "https://"),
        (Url(), "http://[1", "https://"),
        (Url(), "http://host:99999", "https://"),
        (Url(), "http://a b", "https://"),
        (Calendar(), "ftp://example.org/a.ics", "iCalendar"),
        (DatabaseUrl(), "pyca.db", "sqlite:///"),
    ],
)
def test_bad_values_name_the_expected_type(kind, raw, expected):
    with pytest.raises(ValueError, match=expected):
        kind.parse(raw)


def test_relative_paths_are_below_the_current_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert LocalPath().parse("recordings") == tmp_path / "recordings"
    assert DatabaseUrl().parse("sqlite:///a/pyca.db?timeout=3") == f"sqlite:///{tmp_path}/a/pyca.db?timeout=3"
    assert Calendar().parse("hall.ics") == str(tmp_path / "hall.ics")


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("postgresql://pyca:s3cret@host/db", "postgresql://pyca:********@host/db"),
        ("postgresql://pyca:s/3:c@ret@host/db", "postgresql://pyca:********@host/db"),
        (
            "postgresql://host/db?user=a&password=s3cret&sslmode=require",
            "postgresql://host/db?user=a&password=********&sslmode=require",
        ),
        ("sqlite:////pyca.db", "sqlite:////pyca.db"),
        ("http://localhost:5000", "http://localhost:5000"),
    ],
)
def test_only_the_password_of_an_address_is_masked(address, masked):
    assert mask(address) == masked


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (Secret(), "s3cret", "'********'"),
        (Secret(), "", "''"),
        (Text(), "it's", '"it\'s"'),
        (Text(), 'it\'s "it"', "'''it's \"it\"'''"),
        (Text(), "a\nb", "'''a\nb'''"),
        (Lines(), (), ","),
        (Lines(), ("a", "b, c"), "'a', 'b, c'"),
        (Rate(), 2_500_000, "2500k"),
        (Rate(), 0, "0"),
        (Rate(), 1001, "1001"),
        (Number(minimum=0), 10.0, "10"),
        (Number(minimum=0), 0.5, "0.5"),
        (Boolean(), True, "True"),
        (LocalPath(optional=True), None, "''"),
    ],
)
def test_values_are_shown_as_the_file_has_them(kind, value, shown):
    assert kind.show(value) == shown
