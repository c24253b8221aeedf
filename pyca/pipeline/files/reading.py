"""From what somebody wrote to a configuration, and everything that is wrong with it at once."""

from collections.abc import Mapping
from typing import Any

from pyca.config.report import did_you_mean
from pyca.core.errors import ConfigError
from pyca.folders.names import fault_of, shown
from pyca.pipeline.files.defaults import FOLLOWING, default_of
from pyca.pipeline.files.fields import Configuration
from pyca.pipeline.files.keys import (
    ALSO,
    FOREIGN,
    FUNCTIONS,
    KEYS,
    MOST_BUFFERED,
    REFUSED,
    TYPES,
    Key,
)
from pyca.pipeline.files.parts import PARTS, read_part
from pyca.sources.checks import unknown_key, whole

_NULL: Mapping[str, Any] = {"camera_timeout": 0.0}
"""keys of which null is no default"""
_KNOWN = frozenset(("name", *KEYS, *PARTS))
_OWN = (*sorted(_KNOWN), *ALSO)
_TRANSPARENT = "transparent"
_OF_REGION = tuple(f"gr_{axis}_{what}" for axis in "xy" for what in ("axis", "profile", "fit_gauss_function"))
"""channels of the good region's size"""


def parse(name: str, raw: object) -> Configuration:
    """Return a pipeline's configuration from what somebody wrote, who may have left out most of it.

    :param name: of the pipeline or instance, whatever ``raw`` calls it; empty for the one in ``raw``
    :param raw: decoded JSON
    :raises ConfigError: with everything that is wrong: the key, what was found and what is expected
    """
    if not isinstance(raw, Mapping):
        raise ConfigError([f"A pipeline's configuration is an object of keys and values, not {shown(raw)}."])
    given = {key: value for key, value in plain(raw).items() if value is not None}
    return _Reader(name, given).read()


def plain(raw: Mapping[Any, Any]) -> dict[str, Any]:
    """Return what was written in the words of the protocol, None where a key's default is wanted."""
    found = {key: _NULL.get(key) if value is None else value for key, value in raw.items() if key in _KNOWN}
    others = {key: value for key, value in raw.items() if isinstance(key, str) and key not in _KNOWN}
    for other, key in ALSO.items():
        if other in others:
            value = others.pop(other)
            # The word of the protocol counts where both are there.
            if found.get(key) is None:
                found[key] = value
                if other == "background_id" and value:
                    found.setdefault("image_background_enable", True)
    return found | others


class _Reader:
    """Goes through all keys and notes what is wrong.

    :param given: what was written, without null
    """

    def __init__(self, name: str, given: dict[str, Any]) -> None:
        self._given = given
        self._name = name
        self._problems: list[str] = []
        self._warnings: list[str] = []

    def read(self) -> Configuration:
        """Return the configuration.

        :raises ConfigError: with everything that is wrong
        """
        name = self._read_name()
        self._check_type()
        found = {key.name: self._read_key(key) for key in KEYS.values() if key.name in self._given}
        parts: dict[str, Any] = {
            part: read_part(part, self._given[part], self._note) for part in PARTS if part in self._given
        }
        for key in KEYS:
            found.setdefault(key, default_of(key, found))
        options, ignored = self._read_rest(found)
        self._check_together(found)
        if self._problems:
            raise ConfigError(self._problems)
        self._caution(found, parts)
        return Configuration(
            name=name,
            **found,
            **parts,
            options=options,
            ignored=ignored,
            warnings=tuple(self._warnings),
            given=self._chosen(found),
        )

    def _read_name(self) -> str:
        name = self._name or self._given.get("name") or ""
        if fault := fault_of(name):
            told = "the name" if name == "" else f"name: {shown(name)}"
            self._note(f"{told} {fault}; expected a name that a file can have")
        return str(name)

    def _check_type(self) -> None:
        kind = self._given.get("pipeline_type", TYPES[0])
        if not isinstance(kind, str) or kind not in TYPES:
            told = kind if isinstance(kind, str) and len(kind) <= 60 else shown(kind).strip("'")
            self._note(f"pipeline_type '{told}' not present in mapping. Available: {list(TYPES)}.")

    def _read_key(self, key: Key) -> Any:
        """Return a value as it is kept; 100.0 is as good as 100. What does not fit is noted."""
        value = self._given[key.name]
        expected = ""
        for candidate in (value, whole(value)):
            expected = key.check(candidate)
            if not expected:
                return self._capped(key, key.convert(candidate))
        if key.name != "pipeline_type":
            self._note(f"{key.name}: found {shown(value)}, expected {expected}")
        return default_of(key.name, {})

    def _capped(self, key: Key, value: Any) -> Any:
        most = MOST_BUFFERED.get(key.name)
        if most is None or value <= most:
            return value
        self._warnings.append(f"{key.name}: {value} is more than {most}, which are kept at most")
        return most

    def _read_rest(self, found: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the keys of the function and those without effect, and note those that nobody knows."""
        has_function = found["pipeline_type"] in FUNCTIONS and found["function"] not in (None, _TRANSPARENT)
        options, ignored = {}, {}
        for name, value in self._given.items():
            if name in _OWN:
                continue
            if name in REFUSED:
                self._note(f"{name}: {REFUSED[name]}")
            elif name in FOREIGN:
                self._warnings.append(f"{name}: has no effect; {FOREIGN[name]}")
                ignored[name] = value
            elif has_function:
                options[name] = value
                if like := did_you_mean(name, _OWN):
                    self._warnings.append(f"{name}: is left to the function{like}")
            else:
                self._note(unknown_key(name, name, _OWN))
        return options, ignored

    def _check_together(self, found: Mapping[str, Any]) -> None:
        """Note keys that do not go together, and what is missing."""
        kind = found["pipeline_type"] if self._given.get("pipeline_type", TYPES[0]) in TYPES else ""
        sources = ("camera_name", "input_stream", "input_pipeline")
        if kind in ("processing", "store", "fanout") and not any(self._given.get(key) for key in sources):
            self._note("Camera name not specified in configuration.")
        scalars = ("bsread_address", "bsread_channels")
        if kind == "stream" and not any(self._given.get(key) for key in (*sources, *scalars)):
            self._note(
                "bsread_address: not specified; a pipeline of type stream needs it, or bsread_channels, "
                "input_stream, input_pipeline or camera_name"
            )
        if kind == "script" and found["function"] in (None, _TRANSPARENT):
            self._note("function: not specified; a pipeline of type script needs the name of a script")
        if kind == "custom" and found["function"] in (None, _TRANSPARENT):
            self._note("function: not specified; a pipeline of type custom needs the name of a script")
        if found["output_pipeline"] and found["output_pipeline"] == self._name:
            self._note("output_pipeline: is this pipeline itself")
        if found["input_pipeline"] and found["input_pipeline"] == self._name:
            self._note("input_pipeline: is this pipeline itself")
        if found["mode"] == "FILE":
            self._check_file(found)
        for key in ("input_stream", "bsread_address", "output_stream"):
            if "//*" in (found[key] or "") and not (kind == "fanin" and key == "input_stream"):
                self._note(f"{key}: found {shown(found[key])}, expected the address of one host")

    def _check_file(self, found: Mapping[str, Any]) -> None:
        if not found["file"] and "file" not in self._given:
            self._note("File name not defined")
        if found["data_compression"] == "lz4":
            self._note("data_compression: found 'lz4', expected bitshuffle_lz4 or none in a file")
        for key in ("output_stream", "output_pipeline"):
            if found[key]:
                self._note(f"{key}: a pipeline of mode FILE writes to its file alone")

    def _caution(self, found: Mapping[str, Any], parts: Mapping[str, Any]) -> None:
        """Warn of what has no effect."""
        for key in KEYS.values():
            if key.types and found["pipeline_type"] not in key.types and found[key.name] != key.default:
                self._no_effect(key.name, f"in a pipeline of type {found['pipeline_type']}")
        for name in parts if found["pipeline_type"] != "processing" else ():
            self._no_effect(name, f"in a pipeline of type {found['pipeline_type']}")
        if found["image_background_enable"] and not found["image_background"]:
            self._no_effect("image_background_enable", "without image_background")
        if found["file"] and found["mode"] != "FILE":
            self._no_effect("file", "without the mode FILE")
        threshold = found["image_threshold"]
        if threshold is not None and threshold < 1:
            self._no_effect("image_threshold", f"at {threshold:g}: it is cut to a whole number")
        if parts.get("image_slices") and not parts.get("image_good_region"):
            self._no_effect("image_slices", "without image_good_region")
        if parts.get("image_good_region") and found["mode"] == "FILE" and not found["change"]:
            self._caution_sizes(found)

    def _caution_sizes(self, found: Mapping[str, Any]) -> None:
        """Warn of arrays that are as long as the good region, and so another length with each image."""
        excluded, included = found["exclude"] or (), found["include"]
        names = [one for one in _OF_REGION if one not in excluded and (included is None or one in included)]
        if found["function"] is None and found["pipeline_type"] == "processing" and names:
            told = f"image_good_region: {', '.join(names)} change their size from image to image"
            remedy = "which ends the file: name them in “exclude”, or set “change” to true"
            self._warnings.append(f"{told}, {remedy}")

    def _chosen(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was written, without what follows from the rest and may change with it."""
        usual = {key for key in FOLLOWING if found[key] == default_of(key, {**found, key: None})}
        return {key: value for key, value in self._given.items() if key != "name" and key not in usual}

    def _no_effect(self, name: str, why: str) -> None:
        self._warnings.append(f"{name}: has no effect {why}")

    def _note(self, problem: str) -> None:
        self._problems.append(problem)
