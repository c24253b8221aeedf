"""The configuration of one camera: what may be in it, and everything that is wrong with it at once."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from pyca.camera.files.keys import CALIBRATION_KEYS, FOREIGN, KEYS, WITHOUT_EFFECT, Calibration
from pyca.core.errors import ConfigError, SourceError
from pyca.folders.names import fault_of, shown
from pyca.sources import catalogue
from pyca.sources.catalogue import Kind
from pyca.sources.checks import some_text, unknown_key, whole
from pyca.sources.options import Check

__all__ = ["Calibration", "Configuration", "parse"]


@dataclass(frozen=True)
class Configuration:
    """One camera, defaults filled in. The defaults of its kind are in ``options``.

    :param source: where it is found; what that means is the kind's matter
    :param source_type: its kind
    :param mirror_x: exchanges left and right
    :param mirror_y: exchanges top and bottom
    :param rotate: quarter turns, counter-clockwise; any whole number
    :param roi: (offset_x, size_x, offset_y, size_y) in pixels of the image that is binned and turned
    :param image_background: id of the background that is subtracted
    :param alias: further names
    :param no_client_timeout: seconds after which it stops without a client; 0 or less: never
    :param queue_size: messages that wait for a slow client at most
    :param frame_rate: frames per second, None for those that the camera makes
    :param simulate_pulse_id: count pulses in hundredths of a second since 1970
    :param forwarder_port: kept, without effect
    :param image_compression: None, bitshuffle_lz4 or lz4; the same for scalars and the data header
    :param binning_x: columns that become one
    :param binning_mean: their mean instead of their sum
    :param port: of the stream, None for the next free one
    :param options: all keys of its kind
    :param ignored: keys without effect here, which are kept as they are
    :param warnings: what is allowed and still deserves attention
    """

    name: str
    source: str
    source_type: str = "epics"
    mirror_x: bool = False
    mirror_y: bool = False
    rotate: int = 0
    roi: tuple[int, int, int, int] | None = None
    image_background: str | None = None
    camera_calibration: Calibration | None = None
    protocol: str = "tcp"
    alias: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    no_client_timeout: float = 10.0
    queue_size: int = 100
    frame_rate: float | None = None
    simulate_pulse_id: bool = False
    forwarder_port: int | None = None
    image_compression: str | None = None
    scalar_compression: str | None = None
    data_header_compression: str | None = None
    binning_x: int = 1
    binning_y: int = 1
    binning_mean: bool = False
    port: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    ignored: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def place(self) -> Hashable:
        """Return all on which the place of its stream depends."""
        return self.protocol, self.port, self.queue_size

    def renamed(self, name: str) -> "Configuration":
        """Return the same camera under another name, which is none of its aliases."""
        return replace(self, name=name, alias=tuple(alias for alias in self.alias if alias != name))

    def as_json(self) -> dict[str, Any]:
        """Return the complete configuration, always in the same order; :func:`parse` takes it back."""
        complete: dict[str, Any] = {}
        for key in fields(self):
            if key.name not in ("options", "ignored", "warnings"):
                value = getattr(self, key.name)
                complete[key.name] = _as_json(asdict(value) if isinstance(value, Calibration) else value)
        return complete | {name: _as_json(value) for name, value in self.options.items()} | dict(self.ignored)


def parse(name: str, raw: object) -> Configuration:
    """Return a camera's configuration from what somebody wrote, who may have left out most of it.

    :param name: of the camera, whatever ``raw`` calls it; empty for the one in ``raw``
    :param raw: decoded JSON
    :raises ConfigError: with everything that is wrong: the key, what was found and what is expected
    """
    if not isinstance(raw, Mapping):
        raise ConfigError([f"A camera's configuration is an object of keys and values, not {shown(raw)}."])
    return _Reader(name, raw).read()


class _Reader:
    """Goes through all keys and notes what is wrong."""

    def __init__(self, name: str, raw: Mapping[Any, Any]) -> None:
        self._raw = {key: value for key, value in raw.items() if isinstance(key, str)}
        self._name = name
        self._kinds = catalogue.kinds()
        self._problems: list[str] = []
        self._warnings: list[str] = []

    def read(self) -> Configuration:
        name, where = self._read_name(), self._read_source()
        kind = self._read_kind()
        options = self._read_options(kind)
        common = self._read_common(options)
        calibration = self._read_calibration()
        ignored = self._read_rest(options)
        self._problems += self._refusal_of(kind, where, options)
        if self._problems:
            raise ConfigError(self._problems)
        return Configuration(
            name=name,
            source=where,
            source_type=self._raw.get("source_type") or "epics",
            **common,
            camera_calibration=calibration,
            options=options,
            ignored=ignored,
            warnings=tuple(self._warnings),
        )

    def _read_name(self) -> str:
        name = self._name or self._raw.get("name")
        if name is None or name == "":
            self._problems.append("Camera name not specified in configuration.")
        elif fault := fault_of(name):
            self._problems.append(f"name: {shown(name)} {fault}; expected a name that a file can have")
        return str(name)

    def _read_source(self) -> str:
        value = self._raw.get("source")
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if value is None:
            self._problems.append("'source' not specified in configuration.")
        else:
            self._check("source", some_text, value)
        return str(value)

    def _read_kind(self) -> Kind | None:
        name = self._raw.get("source_type")
        name = "epics" if name is None else name
        kind = self._kinds.get(name) if isinstance(name, str) else None
        if kind is None:
            told = name if isinstance(name, str) and len(name) <= 60 else shown(name).strip("'")
            self._problems.append(f"Invalid source_type '{told}'. Available: {list(self._kinds)}.")
        return kind

    def _read_options(self, kind: Kind | None) -> dict[str, Any]:
        """Return all keys of the kind; one that all cameras have may have another default there."""
        return {
            option.name: option.default
            if self._raw.get(option.name) is None
            else self._check(option.name, option.check, self._raw[option.name])
            for option in (kind.options if kind else ())
        }

    def _read_common(self, options: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, key in KEYS.items():
            value = options.get(name) if name in options else self._raw.get(name)
            if value is None:
                continue
            kept = value if name in options else self._check(name, key.check, value)
            if not key.check(kept):
                found[name] = key.convert(kept)
            if name in WITHOUT_EFFECT and value:
                self._warn(name, WITHOUT_EFFECT[name])
        return found

    def _read_calibration(self) -> Calibration | None:
        raw = self._raw.get("camera_calibration")
        if raw is None or raw == {}:
            return None if raw is None else Calibration()
        if not isinstance(raw, Mapping):
            expected = "an object with " + ", ".join(CALIBRATION_KEYS)
            self._problems.append(f"camera_calibration: found {shown(raw)}, expected {expected}, or null")
            return None
        found: dict[str, Any] = {}
        for name, value in raw.items():
            place = f"camera_calibration.{name}"
            if name not in CALIBRATION_KEYS:
                self._problems.append(unknown_key(place, str(name), CALIBRATION_KEYS))
            elif value is not None:
                kept = self._check(place, CALIBRATION_KEYS[name], value)
                found[name] = tuple(kept) if isinstance(kept, list) else kept
        return None if self._problems else Calibration(**found)

    def _read_rest(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keys that have no effect, and note those that nobody knows."""
        own = {key.name for key in fields(Configuration)} - {
            "options",
            "ignored",
            "warnings",
        } | options.keys()
        elsewhere = {option.name for kind in self._kinds.values() for option in kind.options}
        ignored = {}
        for name, value in self._raw.items():
            if name in own:
                continue
            if name in elsewhere:
                self._warn(name, "cameras of this source_type do not have it")
            elif name in FOREIGN:
                self._warn(name, FOREIGN[name])
            else:
                self._problems.append(unknown_key(name, name, own))
                continue
            ignored[name] = value
        return ignored

    def _refusal_of(self, kind: Kind | None, where: str, options: Mapping[str, Any]) -> Iterable[str]:
        """Return what the kind itself says about ``source``; it is asked where all else is right."""
        if kind is None or self._problems:
            return ()
        try:
            kind.make(where, options)
        except SourceError as error:
            return (f"source: {error}",)
        return ()

    def _check(self, place: str, check: Check, value: Any) -> Any:
        """Return a value as it is kept; 100.0 is as good as 100. What does not fit is noted."""
        for candidate in (value, whole(value)):
            expected = check(candidate)
            if not expected:
                return candidate
        self._problems.append(f"{place}: found {shown(value)}, expected {expected}")
        return None

    def _warn(self, name: str, why: str) -> None:
        self._warnings.append(f"{name}: has no effect; {why}")


def _as_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_json(part) for key, part in value.items()}
    return [_as_json(part) for part in value] if isinstance(value, tuple | list) else value
