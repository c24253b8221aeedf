"""Text that came from outside, made fit for a page, a log or a column."""

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def one_line(text: str, longest: int) -> str:
    """Return a text on one line, without what would steer a terminal or turn the direction of writing.

    :param longest: characters that are kept
    """
    # PostgreSQL refuses NUL, and a line break could pretend to be another line of the log.
    return " ".join(_harmless(text).split())[:longest].rstrip()


def several_lines(text: str) -> str:
    """Return a text of several lines without what would steer a terminal or turn the direction of writing."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(_harmless(line).rstrip() for line in lines).strip()


def _harmless(line: str) -> str:
    return _CONTROL.sub(" ", line)
