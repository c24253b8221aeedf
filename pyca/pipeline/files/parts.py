"""The keys of a pipeline that are objects: good region, slices, rotation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pyca.folders.names import shown
from pyca.sources.checks import finite, unknown_key, whole
from pyca.sources.options import Check, integer, number

ORIENTATIONS = ("vertical", "horizontal")
ROTATION_MODES = ("reflect", "nearest", "mirror", "wrap", "ortho")
MOST_SLICES = 1000


@dataclass(frozen=True)
class GoodRegion:
    """Where profiles are worth a fit.

    :param threshold: part of the profile's height, 0 to 1
    :param gfscale: by which the region is made wider
    """

    threshold: float = 0.3
    gfscale: float = 1.8


@dataclass(frozen=True)
class Slices:
    """Slices of the good region.

    :param number_of_slices: an even number becomes the next odd one
    :param scale: standard deviations that all slices together reach to each side
    :param orientation: vertical (stacked along y) or horizontal
    """

    number_of_slices: int = 1
    scale: float = 2.0
    orientation: str = "vertical"


@dataclass(frozen=True)
class Rotation:
    """How the image is turned.

    :param angle: degrees, counter-clockwise
    :param order: of the interpolation, 1 to 5
    :param mode: what fills the corners: reflect, nearest, mirror, wrap, or a number as text; ortho turns by
        multiples of 90 degrees, pixels and axes with them
    """

    angle: float = 0.0
    order: int = 1
    mode: str = "0.0"


Part = GoodRegion | Slices | Rotation
Note = Callable[[str], None]


@dataclass(frozen=True)
class Kind:
    """One object: what it becomes, and the check of each key.

    :param convert: makes of the values that fit what the object holds
    """

    make: Callable[..., Part]
    checks: Mapping[str, Check]
    convert: Mapping[str, Callable[[Any], Any]]


def read_part(name: str, raw: Any, note: Note) -> Part | None:
    """Return an object of a configuration; what is missing or null in it has its default.

    :param name: of the key
    :param note: is told each mistake
    """
    kind = PARTS[name]
    if not isinstance(raw, Mapping):
        note(f"{name}: found {shown(raw)}, expected an object with {', '.join(kind.checks)}, or null")
        return None
    found: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in kind.checks:
            note(unknown_key(f"{name}.{key}", str(key), kind.checks))
        elif value is not None:
            _read(f"{name}.{key}", key, value, kind, found, note)
    if name == "rotation" and found.get("mode") == "ortho" and found.get("angle", 0) % 90:
        note(f"rotation.angle: found {found['angle']}, expected a multiple of 90 with the mode ortho")
    return kind.make(**found)


def _read(place: str, key: str, value: Any, kind: Kind, found: dict[str, Any], note: Note) -> None:
    for candidate in (value, whole(value)):
        expected = kind.checks[key](candidate)
        if not expected:
            found[key] = kind.convert.get(key, _same)(candidate)
            return
    verbatim = _VERBATIM.get(key)
    note(verbatim(value) if verbatim else f"{place}: found {shown(value)}, expected {expected}")


def _number_of_slices(value: Any) -> str:
    """Say what clients know of a number that is none, and more of one that is out of range."""
    count = whole(value)
    if not isinstance(count, int) or isinstance(count, bool):
        return "number_of_slices must be an integer."
    expected = f"a whole number from 1 to {MOST_SLICES}"
    return f"image_slices.number_of_slices: found {shown(count)}, expected {expected}"


def _orientation_fault(value: Any) -> str:
    told = shown(value).strip("'")
    return f"Invalid slice orientation '{told}'. Slices orientation can be 'vertical' or 'horizontal'."


_VERBATIM: Mapping[str, Callable[[Any], str]] = {
    "number_of_slices": _number_of_slices,
    "orientation": _orientation_fault,
}


def _same(value: Any) -> Any:
    return value


def _orientation(value: Any) -> str:
    return "" if isinstance(value, str) and value in ORIENTATIONS else "vertical or horizontal"


def _rotation_mode(value: Any) -> str:
    """Check a mode of rotation: a word, or the value of pixels that nothing fills."""
    if isinstance(value, str) and value not in ROTATION_MODES:
        try:
            value = float(value)
        except ValueError:
            value = None
    fits = isinstance(value, str) or (value is not None and not finite(value))
    return "" if fits else f"one of {', '.join(ROTATION_MODES)} or a number"


def _positive(largest: float) -> Check:
    inner = number(0, largest)
    return lambda value: "" if not inner(value) and value > 0 else f"a number above 0, of at most {largest:g}"


PARTS: Mapping[str, Kind] = {
    "image_good_region": Kind(
        GoodRegion,
        {"threshold": number(0, 1), "gfscale": _positive(1000)},
        {"threshold": float, "gfscale": float},
    ),
    "image_slices": Kind(
        Slices,
        {
            "number_of_slices": integer(1, MOST_SLICES),
            "scale": _positive(1000),
            "orientation": _orientation,
        },
        {"scale": float},
    ),
    "rotation": Kind(
        Rotation,
        {"angle": finite, "order": integer(1, 5), "mode": _rotation_mode},
        {"angle": float, "mode": str},
    ),
}
