"""What is known of the platforms, and what people are told about a stream that one would not like."""

import pytest

from pyca.core.control import ParameterError
from pyca.core.live import Profile
from pyca.live.send.presets import cautions, find


def test_youtube_is_encrypted_and_has_a_backup() -> None:
    preset = find("YouTube")
    assert preset.url == "rtmps://a.rtmps.youtube.com:443/live2"
    assert preset.backup == "rtmps://b.rtmps.youtube.com:443/live2?backup=1"


def test_an_unknown_preset_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ParameterError, match=r"no preset “twich” .*twitch"):
        find("twich")


@pytest.mark.parametrize(
    ("name", "profile", "words"),
    [
        ("twitch", Profile("1080p", 4_500_000, fps=30), []),
        ("twitch", Profile("1080p", 8_000_000), ["at most 6 Mbit/s"]),
        ("youtube", Profile("720p", 800_000), ["at least 3 Mbit/s"]),
        ("youtube", Profile("360p", 750_000), []),
        ("youtube", Profile("360p", 750_000, quality=20), ["constant bitrate"]),
        ("custom", Profile("240p", 50_000, quality=40), []),
    ],
)
def test_what_breaks_a_rule_is_told(name: str, profile: Profile, words: list[str]) -> None:
    told = list(cautions(find(name), profile))
    assert len(told) == len(words)
    assert all(word in text for word, text in zip(words, told, strict=True))
