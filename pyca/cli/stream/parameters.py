"""Values of options as people write them, checked by those who know what is possible."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

Callback = Callable[[click.Context, click.Parameter, Any], Any]
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def read_by(parse: Callable[[str], Any]) -> Callback:
    """Return what reads an option with a function of :mod:`pyca.core.control`.

    It raises ParameterError, which tells what is wrong better than click could.
    """

    def callback(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        return parse(value) if isinstance(value, str) else value

    return callback


def offering(*usual: str) -> Complete:
    """Return what tells the shell the usual values."""

    def complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        return [CompletionItem(word) for word in usual if word.startswith(begun)]

    return complete


def offer_inputs(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Tell the shell the words for inputs, the cameras of this machine, and else its files."""
    cameras = [str(device) for device in sorted(Path("/dev").glob("video*"))]
    usual = ("auto", "test", "picamera", "screen", *cameras)
    found = [CompletionItem(word) for word in usual if word.startswith(begun)]
    return found or [CompletionItem(begun, type="file")]
