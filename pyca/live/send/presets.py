"""Addresses and rules of the big platforms, as published; check them before you rely on them.

Platforms change both without telling anybody. What is here was collected from their pages and from encoders
that are made for them; none of it was tried with an account.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pyca.core.control import ParameterError
from pyca.core.live import AUDIO_BITRATE, Profile


@dataclass(frozen=True)
class Preset:
    """Where a platform takes streams, and which."""

    name: str
    title: str
    url: str = ""
    """without the key; empty where everybody has an address of their own"""
    backup: str = ""
    most_bitrate: int = 0
    """bits per second of the pictures that are taken at most, 0 where nothing is published"""
    least_of_hd: int = 0
    """bits per second below which the platform calls 720p and more poor"""
    most_fps: int = 60
    most_audio: int = 0
    """bits per second of the sound"""
    constant: bool = False
    """whether it asks for a constant bitrate"""
    note: str = ""
    """what people have to know besides"""


_HD = 720
"""lines from which on a picture is called high definition"""
PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        one.name: one
        for one in (
            Preset(
                "youtube",
                "YouTube, encrypted",
                "rtmps://a.rtmps.youtube.com:443/live2",
                "rtmps://b.rtmps.youtube.com:443/live2?backup=1",
                most_bitrate=51_000_000,
                least_of_hd=3_000_000,
                most_audio=160_000,
                constant=True,
                note="the key is in YouTube Studio under “Go live”",
            ),
            Preset(
                "youtube-rtmp",
                "YouTube, unencrypted (where port 443 is closed)",
                "rtmp://a.rtmp.youtube.com/live2",
                "rtmp://b.rtmp.youtube.com/live2?backup=1",
                most_bitrate=51_000_000,
                least_of_hd=3_000_000,
                most_audio=160_000,
                constant=True,
                note="the key travels in the clear; prefer “youtube”",
            ),
            Preset(
                "twitch",
                "Twitch",
                "rtmp://live.twitch.tv/app",
                most_bitrate=6_000_000,
                least_of_hd=3_000_000,
                most_audio=320_000,
                constant=True,
                note="servers near you are listed at https://ingest.twitch.tv/ingests; "
                "give one as the address; at most 48 hours at a time",
            ),
            Preset("custom", "any other server", note="give its address"),
        )
    }
)
"""by name"""


def find(name: str) -> Preset:
    """Return a preset.

    :raises ParameterError: where there is none of that name
    """
    preset = PRESETS.get(name.strip().lower())
    if preset is None:
        raise ParameterError("preset", f"there is no preset “{name[:40]}”", f"use {', '.join(PRESETS)}")
    return preset


def at(url: str) -> Preset | None:
    """Return the preset of an address, None where it is that of no platform."""
    return next((one for one in PRESETS.values() if one.url and one.url == url), None)


def cautions(preset: Preset, profile: Profile) -> Iterator[str]:
    """Yield what the platform would not like about a stream, in words for people."""
    size = f"{profile.resolution} at {_shown(profile.bitrate)}"
    least = preset.least_of_hd if profile.size.height >= _HD else 0
    if preset.most_bitrate and profile.bitrate > preset.most_bitrate:
        yield f"{preset.title} takes at most {_shown(preset.most_bitrate)}, this is {size}"
    elif profile.bitrate < least:
        yield f"{preset.title} wants at least {_shown(least)} for this resolution, this is {size}"
    if profile.fps > preset.most_fps:
        yield f"{preset.title} takes at most {preset.most_fps} frames per second, this has {profile.fps}"
    if preset.most_audio and preset.most_audio < AUDIO_BITRATE:
        yield f"{preset.title} takes sound of at most {_shown(preset.most_audio)}"
    if preset.constant and profile.quality is not None:
        yield (
            f"{preset.title} wants a constant bitrate; with a quality of {profile.quality} "
            "still pictures are sent with less"
        )


def _shown(bits: int) -> str:
    return f"{bits / 1_000_000:g} Mbit/s" if bits >= 1_000_000 else f"{bits / 1000:g} kbit/s"
