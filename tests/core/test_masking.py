"""Secrets are masked, and nothing else."""

import pytest

from pyca.core.masking import without
from pyca.live.send.outlets import Outlet


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("keep a key k of rtmp://h/live/k?k=1", "keep a key * of rtmp://h/live/*?*=1"),
        ("user:k@host %3Ak%40", "user:*@host %3A*%40"),
        ("longsecret in xlongsecretx", "* in x*x"),
    ],
)
def test_a_short_secret_is_masked_where_it_stands_by_itself(text: str, masked: str) -> None:
    assert without(text, ("longsecret", "k"), "*") == masked


def test_a_word_that_happens_to_be_a_short_key_holds_no_secret() -> None:
    quiet = Outlet(("ffmpeg", "-f", "flv", "-fpre", "x", "rtmp://host/live"), "there", ("flv",))
    assert not quiet.exposed and quiet.masked_argv == quiet.argv
    loud = Outlet(("ffmpeg", "-f", "flv", "rtmp://host/live/flv"), "there", ("flv",))
    assert loud.exposed and loud.masked_argv == ("ffmpeg", "-f", "flv", "rtmp://host/live/********")
