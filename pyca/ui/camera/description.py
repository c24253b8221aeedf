"""The description of the camera server's interface."""

from importlib.resources import files


def description() -> bytes:
    """Return its text, OpenAPI 3.1."""
    return (files(__package__) / "openapi.yaml").read_bytes()
