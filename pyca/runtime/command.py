"""From a configured command line to arguments, without a shell."""

import re
import shlex
from collections.abc import Mapping

from pyca.core.errors import CommandError

FEEDS = ("live", "live_copy")
"""placeholders of commands that pass on what they record to the stream"""

_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
_CONTINUATION = re.compile(r"\\\r?\n")


def needs(template: str, name: str) -> bool:
    """Tell whether the template asks for a placeholder, such as ``time``."""
    return name in _PLACEHOLDER.findall(template)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return ``text`` with its placeholders, such as ``{{dir}}``, replaced.

    A value is taken as it is: placeholders inside values stay.

    :raises CommandError: naming a placeholder that has no value
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            known = ", ".join(f"{{{{{name}}}}}" for name in sorted(values))
            remedy = f"known are {known}" if known else "there are none here"
            raise CommandError(f"“{text}” asks for {match[0]}, which does not exist", remedy)
        return values[match[1]]

    return _PLACEHOLDER.sub(value, text)


def build_argv(template: str, values: Mapping[str, str]) -> list[str]:
    """Return the program and its arguments.

    The template is split into words first and filled afterwards, so that a path with blanks, quotes or
    umlauts stays one word however it is quoted. Line ends are blanks.

    :param values: placeholder name → text
    :raises CommandError: where quotes are not closed, nothing is left or a placeholder is unknown
    """
    try:
        words = shlex.split(_CONTINUATION.sub(" ", template))
    except ValueError as error:
        raise CommandError(
            f"the command “{template}” cannot be read: {error}",
            "close every quote and write a backslash twice",
        ) from error
    if not words or not words[0]:
        raise CommandError("the command is empty", "write a program and its arguments")
    return [fill(word, values) for word in words]
