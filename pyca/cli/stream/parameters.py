"""Values of options as people write them, checked by those who know what is possible."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem


class Parsed(click.ParamType):
    """A value that a function of :mod:`pyca.core.control` reads.

    :param name: the word for it in the help
    :param parse: raises ParameterError, which tells what is wrong better than click could
    :param usual: what the shell offers
    """

    def __init__(self, name: str, parse: Callable[[str], Any], *usual: str) -> None:
        self.name = name
        self._parse = parse
        self._usual = usual

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value; what is none any more, as a default, stays as it is."""
        return self._parse(value) if isinstance(value, str) else value

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the usual values that begin like this."""
        return [CompletionItem(word) for word in self._usual if word.startswith(incomplete)]


class Input(click.ParamType):
    """Where pictures come from: a word, a device, an address or a file."""

    name = "input"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the words, the cameras of this machine, and the files."""
        cameras = [str(device) for device in sorted(Path("/dev").glob("video*"))]
        words = [
            word for word in ("auto", "test", "picamera", "screen", *cameras) if word.startswith(incomplete)
        ]
        return [CompletionItem(word) for word in words] or [CompletionItem(incomplete, type="file")]
