"""``pyca stream``: send a camera to the world, without a configuration and without a database."""

from pyca.cli.stream.command import stream

__all__ = ["stream"]
