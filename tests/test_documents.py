"""The documents: headings that are taken for headings, and links that lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = (ROOT / "README.rst", ROOT / "apidocs.rst", *sorted((ROOT / "docs").glob("*.rst")))
LINE = re.compile(r"^([=\-~^\"'])\1{3,}$")


def headings(lines: list[str]) -> list[int]:
    """Return where lines below headings are; those of tables have blanks, or stand below nothing."""
    return [
        number
        for number, line in enumerate(lines)
        if LINE.match(line) and number and lines[number - 1].strip()
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_headings_stand_alone_and_are_underlined_as_a_whole(file: Path) -> None:
    lines = file.read_text("utf-8").splitlines()
    found = headings(lines)
    assert len(found) > 3
    for number in found:
        title = lines[number - 1]
        assert len(lines[number]) >= len(title), f"{title}: the line below is too short"
        assert number < 2 or not lines[number - 2].strip(), f"{title}: a blank line is missing before"
        assert not lines[number + 1].strip(), f"{title}: a blank line is missing behind"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_links_within_a_document_lead_to_a_heading(file: Path) -> None:
    text = file.read_text("utf-8")
    lines = text.splitlines()
    titles = {lines[number - 1].lower() for number in headings(lines)}
    targets = {name.lower() for name in re.findall(r"^\.\. _([^:]+):", text, re.MULTILINE)}
    targets |= {name.lower() for name in re.findall(r"`([^`<]+?) <[^>]+>`_", text)}
    named = {" ".join(name.split()).lower() for name in re.findall(r"(?<!`)`([^`<>]+)`_(?!_)", text)}
    assert named <= titles | targets
