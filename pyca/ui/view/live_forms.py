"""The forms about the stream: what was written in them, kept as it was written, and what it means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyca.core.control import HIDDEN
from pyca.core.live import RESOLUTIONS, Destination, Setup, Source
from pyca.core.secrecy import mask
from pyca.live.send.presets import PRESETS, Preset, at
from pyca.live.source.inputs import parse_input
from pyca.ui.view.live_choices import OTHER

CUSTOM = "custom"


@dataclass(frozen=True)
class Place:
    """The form of a destination."""

    platform: str = "youtube"
    label: str = ""
    url: str = ""
    backup: str = ""
    key: str = ""
    """as it was written just now; one that is stored never comes back"""
    forget_key: bool = False


@dataclass(frozen=True)
class Parameters:
    """The form of pictures and sound."""

    resolution: str = ""
    fps: str = ""
    bitrate: str = ""
    quality: str = ""
    audio: str = ""
    audio_other: str = ""
    input: str = ""
    input_other: str = ""
    encoder: str = ""
    hflip: bool = False
    vflip: bool = False


def platforms() -> tuple[Preset, ...]:
    """Return the platforms that are known, and “custom” as the last."""
    return tuple(PRESETS.values())


def place_of_form(form: Mapping[str, str]) -> Place:
    """Return the form of a destination as it was sent."""
    names = ("platform", "label", "url", "backup", "key")
    given = {name: form.get(name, "").strip() for name in names}
    return Place(**given, forget_key="forget_key" in form)


def place_of_destination(one: Destination) -> Place:
    """Return the form of a destination as it stands, without its key."""
    known = at(one.url)
    usual = CUSTOM if one.url else "youtube"
    return Place(known.name if known else usual, one.label, mask(one.url), mask(one.backup))


def values_of_place(place: Place, one: Destination | None = None) -> dict[str, str]:
    """Return what a form means.

    :param one: the destination that is changed, None where it is a new one
    """
    preset = PRESETS.get(place.platform, PRESETS[CUSTOM])
    values = {"label": place.label}
    if preset.url:
        values |= {"url": preset.url, "backup": preset.backup}
        if one is None and not place.label:
            values["label"] = preset.title.partition(",")[0]
    else:
        values |= {"url": place.url, "backup": place.backup}
    if place.forget_key:
        return values | {"key": ""}
    return values | {"key": place.key or (HIDDEN if one else "")}


def parameters_of_form(form: Mapping[str, str]) -> Parameters:
    """Return the form of pictures and sound as it was sent."""
    texts = {
        name: form.get(name, "").strip()
        for name in (
            "resolution",
            "fps",
            "bitrate",
            "quality",
            "audio",
            "audio_other",
            "input",
            "input_other",
            "encoder",
        )
    }
    return Parameters(**texts, hflip="hflip" in form, vflip="vflip" in form)


def parameters_of_setup(wanted: Setup) -> Parameters:
    """Return the form of pictures and sound with what counts now."""
    profile, source = wanted.profile, wanted.source
    usual = profile.bitrate == RESOLUTIONS[profile.resolution].bitrate
    return Parameters(
        profile.resolution,
        str(profile.fps),
        "" if usual else _short(profile.bitrate),
        "" if profile.quality is None else str(profile.quality),
        profile.audio,
        "",
        mask(source.input),
        "",
        source.encoder,
        source.hflip,
        source.vflip,
    )


def control_of(given: Parameters) -> dict[str, Any]:
    """Return the control data that a form means."""
    values: dict[str, Any] = {
        "resolution": given.resolution,
        "fps": given.fps,
        "quality": given.quality or None,
        "audio": given.audio_other if given.audio == OTHER else given.audio,
        "bitrate": given.bitrate,
    }
    if not given.bitrate and given.resolution in RESOLUTIONS:
        values["bitrate"] = RESOLUTIONS[given.resolution].bitrate
    return values


def source_of(given: Parameters, before: Source) -> dict[str, Any]:
    """Return where a form wants pictures from.

    :param before: what counted before; a password in it is shown as stars, which change nothing
    :raises ParameterError: where nothing can come from there
    """
    chosen = given.input_other if given.input == OTHER else given.input
    values: dict[str, Any] = {"hflip": given.hflip, "vflip": given.vflip, "encoder": given.encoder}
    if chosen == mask(before.input):
        return values
    parse_input(chosen)
    return values | {"input": chosen}


def _short(bits: int) -> str:
    """Return a bitrate as people write it, without loss."""
    for factor, letter in ((1_000_000, "M"), (1000, "k")):
        if bits >= factor and bits % (factor // 10) == 0:
            return f"{bits / factor:g}{letter}"
    return str(bits)
