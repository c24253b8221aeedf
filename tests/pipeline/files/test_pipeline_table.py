"""The table of all keys in ``docs/pipelines.md``: complete, right, and each leads to code and to a test."""

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from pyca.pipeline.files.configuration import KEYS
from pyca.pipeline.files.keys import ALSO, FOREIGN, REFUSED
from pyca.pipeline.files.parts import PARTS

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "pipelines.md").read_text("utf-8")
ROW = re.compile(r"\| `(\w+)` \| `([^`]*)` \| (yes|no) \| (.+) \| `(pyca/[\w/.]+)` \| `(tests/[\w/.]+)` \|")


class Row(NamedTuple):
    """One line of the table."""

    key: str
    default: str
    live: str
    meaning: str
    module: str
    test: str


ROWS = [Row(*found.groups()) for line in TEXT.splitlines() if (found := ROW.fullmatch(line))]


def test_every_key_is_there_once() -> None:
    assert sorted(row.key for row in ROWS) == sorted([*KEYS, *PARTS])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_a_row_is_right(row: Row) -> None:
    live = row.key in PARTS or KEYS[row.key].live
    default = KEYS[row.key].default if row.key in KEYS else None
    assert (row.live, json.loads(row.default)) == ("yes" if live else "no", json.loads(json.dumps(default)))
    assert len(row.meaning) > 5


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_a_key_leads_to_code_and_to_a_test(row: Row) -> None:
    for file in (row.module, row.test):
        assert re.search(rf"\b{row.key}\b", (ROOT / file).read_text("utf-8")), f"{file} has no {row.key}"


@pytest.mark.parametrize("name", PARTS)
def test_each_key_of_an_object_is_named(name: str) -> None:
    row = next(row for row in ROWS if row.key == name)
    for key in PARTS[name].checks:
        assert f"`{key}`" in row.meaning


@pytest.mark.parametrize("name", [*ALSO, *FOREIGN, *REFUSED])
def test_what_other_servers_know_is_told_of(name: str) -> None:
    assert f"`{name}`" in TEXT.split("### Keys that other servers know")[1].split("## Types")[0]


def test_links_lead_to_headings() -> None:
    headings = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in
                re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)}  # fmt: skip
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert target[1:] in headings if target.startswith("#") else (ROOT / "docs" / target).exists()


def test_every_address_of_the_interface_is_told_of() -> None:
    description = (ROOT / "pyca" / "ui" / "pipeline" / "openapi.yaml").read_text("utf-8")
    paths = re.findall(r"^  /api/v1(/pipeline\S*):$", description, re.MULTILINE)
    manual = (ROOT / "docs" / "pipeline_api.md").read_text("utf-8")
    table = manual.split("## Addresses")[1].split("With `curl`")[0]
    told = set(re.findall(r"(/pipeline[/\w]*)", table))
    assert len(paths) > 20
    assert {path.replace("{name}", "NAME").replace("{camera}", "CAMERA") for path in paths} == told
