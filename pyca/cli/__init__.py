"""The command line, and the place where all other rooms are put together."""

from pyca.cli.app import main

__all__ = ["main"]
