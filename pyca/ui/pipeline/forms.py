"""The form of a pipeline's parameters: what it shows, and what of the configuration it changes."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pyca.core.errors import ConfigError
from pyca.folders.names import shown

Form = Mapping[str, str]

USES = (
    ("off", "not at all"),
    ("on", "subtract it"),
    ("signed", "subtract, signed"),
    ("passive", "hand it over"),
)
_OF_USE: Mapping[str, Any] = {"off": False, "on": True, "signed": "signed", "passive": "passive"}
ORIENTATIONS = ("vertical", "horizontal")
REGION = ("offset_x", "size_x", "offset_y", "size_y")
"""in the order of ``image_region_of_interest``"""
_MOST_JSON = 100_000
"""characters"""


def values_of(config: Mapping[str, Any]) -> dict[str, str]:
    """Return what the fields of the form show."""
    good, slices, rotation = (
        config.get(key) or {} for key in ("image_good_region", "image_slices", "rotation")
    )
    region = config.get("image_region_of_interest") or ("",) * len(REGION)
    use = config.get("image_background_enable")
    values: dict[str, Any] = {
        "image_threshold": config.get("image_threshold"),
        **dict(zip(REGION, region, strict=False)),
        "image_background": config.get("image_background"),
        "image_background_enable": use if isinstance(use, str) else "on" if use else "off",
        "good_region": "on" if config.get("image_good_region") is not None else None,
        "good_threshold": good.get("threshold", 0.3),
        "gfscale": good.get("gfscale", 1.8),
        "slices": "on" if config.get("image_slices") is not None else None,
        "number_of_slices": slices.get("number_of_slices", 1),
        "slices_scale": slices.get("scale", 2.0),
        "orientation": slices.get("orientation", ORIENTATIONS[0]),
        "rotation": "on" if config.get("rotation") is not None else None,
        "angle": rotation.get("angle", 0.0),
        "order": rotation.get("order", 1),
        "rotation_mode": rotation.get("mode", "0.0"),
        "averaging": config.get("averaging"),
        "max_frame_rate": config.get("max_frame_rate"),
        "paused": "on" if config.get("paused") else None,
    }
    return {key: "" if value is None else str(value) for key, value in values.items()}


def update_of(form: Form, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that the form changes, with their new values.

    :param config: the complete configuration that it has now
    :raises ConfigError: where fields hold what cannot be read; whether it fits is not looked at here
    """
    if "json" in form:
        return _changed(_object(form["json"]), config, removed=True)
    read = _Reader(form)
    wanted = {
        "image_threshold": read.number("image_threshold", "Threshold"),
        "image_region_of_interest": read.region(),
        "image_background": read.text("image_background"),
        "image_background_enable": _OF_USE.get(form.get("image_background_enable", ""), False),
        "image_good_region": read.part(
            "good_region",
            threshold=read.number("good_threshold", "Threshold of the good region"),
            gfscale=read.number("gfscale", "Widening of the good region"),
        ),
        "image_slices": read.part(
            "slices",
            number_of_slices=read.whole("number_of_slices", "Number of slices"),
            scale=read.number("slices_scale", "Scale of the slices"),
            orientation=read.text("orientation"),
        ),
        "rotation": read.part(
            "rotation",
            angle=read.number("angle", "Angle"),
            order=read.whole("order", "Order of the interpolation"),
            mode=read.text("rotation_mode"),
        ),
        "averaging": read.whole("averaging", "Averaging"),
        "max_frame_rate": read.number("max_frame_rate", "Most frames per second"),
        "paused": "paused" in form,
    }
    if read.problems:
        raise ConfigError(read.problems)
    return _changed(wanted, config, removed=False)


def as_text(config: Mapping[str, Any]) -> str:
    """Return a configuration as JSON that people can read."""
    return json.dumps(config, indent=2, ensure_ascii=False, default=list)


class _Reader:
    """Reads fields, and notes what is wrong with them."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self.problems: list[str] = []

    def text(self, name: str) -> str | None:
        return self._form.get(name, "").strip() or None

    def number(self, name: str, label: str) -> float | None:
        found: float | None = self._read(name, label, float, "a number")
        return found

    def whole(self, name: str, label: str) -> int | None:
        found: int | None = self._read(name, label, int, "a whole number")
        return found

    def region(self) -> list[int] | None:
        if not any(self.text(name) for name in REGION):
            return None
        found = [self.whole(name, f"Region of interest, {name}") for name in REGION]
        if None in found and not self.problems:
            self.problems.append("Region of interest: give all four numbers, or none.")
        return [part or 0 for part in found]

    def part(self, switch: str, **values: Any) -> dict[str, Any] | None:
        if switch not in self._form:
            return None
        return {key: value for key, value in values.items() if value is not None}

    def _read(self, name: str, label: str, kind: Callable[[str], Any], expected: str) -> Any:
        text = self.text(name)
        if text is None:
            return None
        try:
            return kind(text)
        except ValueError:
            self.problems.append(f"{label}: found {shown(text)}, expected {expected} or nothing.")
            return None


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text[:_MOST_JSON])
    except (ValueError, RecursionError) as error:
        raise ConfigError([f"This is no JSON: {error}."]) from None
    if not isinstance(found, dict):
        raise ConfigError([f"Found {shown(found)}, expected an object of JSON."])
    return found


def _changed(wanted: Mapping[str, Any], config: Mapping[str, Any], *, removed: bool) -> dict[str, Any]:
    """Return what is another value than in the configuration.

    :param removed: whether what is not there shall have its default again
    """
    # Lists may be tuples there.
    known = json.loads(json.dumps(config, default=list))
    update = {key: value for key, value in wanted.items() if known.get(key) != value}
    gone = [key for key, value in known.items() if removed and key not in wanted and value is not None]
    return update | dict.fromkeys(gone)
