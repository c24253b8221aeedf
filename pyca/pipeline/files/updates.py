"""Changes of a pipeline's configuration, which name only what changes."""

from collections.abc import Mapping
from typing import Any

from pyca.core.errors import ConfigError
from pyca.folders.names import shown
from pyca.pipeline.files.fields import Configuration
from pyca.pipeline.files.keys import KEYS
from pyca.pipeline.files.reading import parse, plain

_KEY_BY_KEY = ("image_good_region", "image_slices")
_CAMERA_FIXED = "Cannot change the camera name on a running instance. Stop the instance first."
_FIXED = "Cannot change {name} on a running instance. Stop the instance first."


def merged(
    configuration: Configuration, update: Mapping[str, Any] | None, *, running: bool = True
) -> Configuration:
    """Return a configuration with some keys changed; null brings a key's default back.

    ``image_good_region`` and ``image_slices`` are changed key by key, every other key as a whole. ``reload``
    holds for one change.

    :param running: refuse what only a new instance can have
    :raises ConfigError: with everything that is wrong, or where nothing is to be changed
    """
    if not update:
        raise ConfigError(["Config updates cannot be empty."])
    if not isinstance(update, Mapping):
        raise ConfigError([f"Config updates are an object of keys and values, not {shown(update)}."])
    given = {key: value for key, value in configuration.given.items() if key != "reload"}
    changes = plain(update)
    if configuration.image_background_enable and "image_background_enable" not in update:
        # Another background is used in the way that was chosen: ``background_id`` alone means no other one.
        changes.pop("image_background_enable", None)
    for key, value in changes.items():
        if value is None:
            given.pop(key, None)
        elif key in _KEY_BY_KEY and isinstance(value, Mapping) and isinstance(given.get(key), Mapping):
            given[key] = {**given[key], **value}
        else:
            given[key] = value
    found = parse(configuration.name, given)
    fixed = _fixed(configuration, found, changes) if running else []
    if fixed:
        raise ConfigError(fixed)
    return found


def _fixed(before: Configuration, after: Configuration, changes: Mapping[str, Any]) -> list[str]:
    """Return what is said of keys that changed and need a new instance.

    :param changes: what was named; what follows from that is not told
    """
    names = [key.name for key in KEYS.values() if not key.live and key.name in changes]
    if before.mode == "FILE" and "records" in changes:
        # Its datasets have the size that was wanted at the start.
        names.append("records")
    changed = [name for name in names if getattr(before, name) != getattr(after, name)]
    return [_CAMERA_FIXED if name == "camera_name" else _FIXED.format(name=name) for name in changed]
