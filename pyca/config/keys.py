"""What may stand in ``pyca.conf``: its sections, their keys, and what only older files hold."""

from dataclasses import fields
from typing import Any

from pyca.config.settings import (
    Agent,
    Camera,
    Capture,
    Health,
    Hooks,
    Ingest,
    Input,
    Live,
    Logging,
    Pipeline,
    Retention,
    Server,
    Ui,
)
from pyca.config.types import KeyType

Section = (
    Agent
    | Capture
    | Input
    | Health
    | Hooks
    | Ingest
    | Retention
    | Server
    | Ui
    | Live
    | Camera
    | Pipeline
    | Logging
)

SECTIONS: dict[str, type[Section]] = {
    "agent": Agent,
    "capture": Capture,
    "health": Health,
    "hooks": Hooks,
    "ingest": Ingest,
    "retention": Retention,
    "server": Server,
    "ui": Ui,
    "live": Live,
    "camera": Camera,
    "pipeline": Pipeline,
    "logging": Logging,
}
"""the sections that hold keys; ``[inputs]`` and ``[services]`` hold names of the operator's choice"""

OVERRIDES = "service_overrides"
"""the other name of ``[services]``, which may also stand within a section"""

OVERRIDES_WITHIN = ("server", "services", "agent")

TOP_LEVEL = (*SECTIONS, "inputs", "services", OVERRIDES)

WITHOUT_EFFECT = frozenset({("agent", "ignore_timezone"), ("capture", "sources"), ("capture", "names")})
"""keys of older files; accepted, so that such a file works as it is"""


def kinds(section: type[Any]) -> dict[str, KeyType]:
    """Return the keys of a section and their kinds."""
    return {key.name: key.metadata["kind"] for key in fields(section)}


def defaults(section: type[Any]) -> dict[str, Any]:
    """Return the default of each key of a section, independent of the current directory."""
    return {key.name: key.metadata["kind"].resolve(key.default) for key in fields(section)}
