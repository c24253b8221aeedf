"""From a configured command line to arguments, without a shell."""

import re
import shlex
from collections.abc import Callable, Mapping
from types import MappingProxyType

from pyca.core.errors import CommandError

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


Place = Callable[[list[str]], list[str]]
"""Is given the words that stand before, and returns them with its own."""
NONE: Mapping[str, Place] = MappingProxyType({})


def build_argv(template: str, values: Mapping[str, str], several: Mapping[str, Place] = NONE) -> list[str]:
    """Return the program and its arguments.

    The template is split into words first and filled afterwards, so that a path with blanks, quotes or
    umlauts stays one word however it is quoted. Line ends are blanks.

    :param values: placeholder name → text
    :param several: placeholder name → what puts several words, or none, in its place where it stands alone
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
    places = {f"{{{{{name}}}}}": place for name, place in several.items()}
    argv: list[str] = []
    for word in words:
        argv = places[word](argv) if word in places else [*argv, fill(word, values)]
    return argv
