"""From the options of ``pyca stream`` to a plan for the engine."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from pyca.core.control import ParameterError
from pyca.core.errors import UsageError
from pyca.core.live import KEY_VARIABLE, MAIN, RESOLUTIONS, Destination, Profile, Source
from pyca.live.plan import Plan
from pyca.live.send import address, outlets
from pyca.live.send.presets import Preset, cautions

_NONE = "none"
_LONGEST_KEY = 2000


@dataclass(frozen=True)
class Given:
    """What stands on the command line, each value checked by itself."""

    addresses: tuple[str, ...]
    verbose: bool
    resolution: str
    audio: str
    fps: int
    bitrate: int | None
    quality: int | None
    source: str
    encoder: str
    hflip: bool
    vflip: bool
    backups: tuple[str, ...]
    preset: Preset | None
    key_file: Path | None
    record: Path | None
    ca_file: Path | None
    insecure: bool
    dry_run: bool
    as_json: bool


@dataclass(frozen=True)
class Order:
    """What is to be done."""

    plan: Plan
    ca_file: Path | None
    insecure: bool
    cautions: tuple[str, ...] = ()


def wanted(given: Given, environ: Mapping[str, str] = os.environ) -> Order:
    """Return the order for what stands on the command line; nothing is started or written.

    :raises UsageError: where something cannot be, with the reason
    """
    profile = Profile(
        given.resolution,
        given.bitrate or RESOLUTIONS[given.resolution].bitrate,
        given.audio,
        given.fps,
        given.quality,
    )
    texts = _addresses(given)
    beside = given.key_file or not given.addresses or _needs_key(texts[0])
    key = _key(given.key_file, environ) if beside else ""
    plan = Plan(
        profile,
        Source(given.source, given.encoder, given.hflip, given.vflip),
        tuple(_destinations(given, texts, key)),
        record=_new_file(given.record) if given.record else None,
    )
    if given.ca_file and not given.ca_file.is_file():
        raise UsageError(f"there is no file {given.ca_file}", "correct --ca-file")
    told = tuple(cautions(given.preset, profile)) if given.preset else ()
    return Order(plan, given.ca_file, given.insecure, told)


def _addresses(given: Given) -> tuple[str, ...]:
    """Return where to, as it was written; the preset's address where nothing was."""
    if given.addresses:
        if given.preset and "://" not in given.addresses[0]:
            raise UsageError(
                "what stands behind --preset is no address",
                f"leave it out; the stream key goes into --key-file FILE or {KEY_VARIABLE}",
            )
        return given.addresses
    if given.preset and given.preset.url:
        return (given.preset.url,)
    raise UsageError(
        "nobody is there to send to",
        "give an address such as rtmp://a.rtmp.youtube.com/live2/KEY, or --preset NAME",
    )


def _needs_key(text: str) -> bool:
    """Tell whether an address stands there without the key that it needs."""
    url, key = address.split(text)
    return not key and not url.lower().startswith("srt:")


def _destinations(given: Given, texts: tuple[str, ...], key: str) -> Iterator[Destination]:
    """Yield where to send to.

    :param key: that of the first, where it does not stand in the address
    """
    backups = _backups(given, len(texts))
    labels: list[str] = []
    for number, text in enumerate(texts):
        own = key if number == 0 else ""
        url, typed = (text, "") if own else address.split(text)
        address.parse(url, own or typed)
        label = _label(given.preset, url) if number == 0 else _label(None, url)
        labels.append(label)
        if labels.count(label) > 1:
            label = f"{label} ({labels.count(label)})"
        backup = _backup(backups[number], own or typed) if backups[number] else ""
        yield Destination(MAIN if number == 0 else str(number + 1), url, own or typed, label, backup)


def _backups(given: Given, count: int) -> tuple[str, ...]:
    """Return the second address of each destination, empty where it has none."""
    usual = given.preset.backup if given.preset and not given.addresses else ""
    if not given.backups:
        return (usual, *[""] * (count - 1))
    if len(given.backups) != count:
        raise UsageError(
            f"{len(given.backups)} backup addresses for {count} addresses",
            "give one --backup for each, in the same order; “none” where there is none",
        )
    return tuple("" if one == _NONE else one for one in given.backups)


def _backup(text: str, key: str) -> str:
    """Return a backup address without the key."""
    url, typed = address.split(text)
    if typed and typed != key:
        raise ParameterError(
            "backup", "the backup address has another key than the first", "leave the key out: it is the same"
        )
    address.parse(url, key)
    return url


def _label(preset: Preset | None, url: str) -> str:
    """Return what people know a destination by."""
    if preset and preset.url:
        return preset.name
    return re.sub(r"^[^:]*://|[/?].*$", "", url) or "here"


def _key(file: Path | None, environ: Mapping[str, str]) -> str:
    """Return the stream key that does not stand in an address.

    :raises UsageError: where it cannot be read, or there is none
    """
    if file is None:
        if KEY_VARIABLE not in environ:
            raise UsageError(
                "the stream key is missing",
                f"put it behind the address, into --key-file FILE or {KEY_VARIABLE}",
            )
        return environ[KEY_VARIABLE].strip()
    try:
        with click.open_file(str(file), encoding="utf-8") as opened:
            key = str(opened.read(_LONGEST_KEY + 1)).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise UsageError(f"the key file {file} cannot be read: {reason}", "correct --key-file") from error
    if not key:
        raise UsageError(f"the key file {file} is empty", "write the stream key into it")
    return key


def _new_file(file: Path) -> Path:
    """Return where to record.

    :raises UsageError: where that would destroy something, or cannot be
    """
    outlets.check_file(file)
    if file.exists():
        raise UsageError(f"{file} exists already", "choose another name for the recording")
    return file.absolute()
