"""Which line of ``pyca.conf`` holds which section and key. ConfigObj forgets it, people need it."""

import re
from collections.abc import Iterator

_SECTION = re.compile(r"\s*((?:\[\s*)+)(.+?)\s*(?:\]\s*)+(?:#.*)?$")
_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[^'"=][^=]*?)\s*=\s*(.*)$""")
_FENCES = ("'''", '"""')

Location = tuple[str, ...]
"""names of the sections, from outer to inner, and at the end that of the key"""


def locate(lines: list[str]) -> dict[Location, int]:
    """Return the line, counted from 1, of each section and key; of one given twice, the first."""
    found: dict[Location, int] = {}
    for number, location, _ in scan(lines):
        found.setdefault(location, number)
    return found


def scan(lines: list[str]) -> Iterator[tuple[int, Location, str]]:
    """Yield each section and key: its line, its location, and how the value of a key begins on that line."""
    section: Location = ()
    fence = ""
    for number, line in enumerate(lines, start=1):
        if fence:
            fence = "" if fence in line else fence
        elif not line.strip() or line.lstrip().startswith("#"):
            continue
        elif match := _SECTION.match(line):
            section = (*section[: match[1].count("[") - 1], _bare(match[2]))
            yield number, section, ""
        elif match := _KEY.match(line):
            yield number, (*section, _bare(match[1])), match[2]
            fence = _open_fence(match[2])


def _bare(name: str) -> str:
    """Return a name without its quotes."""
    return name[1:-1] if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"" else name


def _open_fence(value: str) -> str:
    """Return the triple quotes that a value opens and does not close on its own line."""
    fence = value[:3]
    return fence if fence in _FENCES and fence not in value[3:] else ""
