"""What FFmpeg says about a destination, in words for people."""

import pytest

from pyca.live.send.troubles import explained

REFUSED = "[rtmp @ 0x1] Server error: NetStream.Publish.BadName: no such key"


@pytest.mark.parametrize(
    ("said", "words", "refused"),
    [
        (REFUSED, "refuses", True),
        ("[rtmp @ 0x1] Server error: Already publishing", "already", False),
        (
            "[tls @ 0x1] The certificate of the peer is not trusted: certificate verify failed",
            "not trusted",
            False,
        ),
        ("[tcp @ 0x1] Connection to tcp://127.0.0.1:1 failed: Connection refused", "nothing answers", False),
        ("[tcp @ 0x1] Failed to resolve hostname no.such: Name or service not known", "name", False),
        ("rtmp://h/a: Connection timed out", "does not answer", False),
        ("[srt] interpretSrtHandshake: ERROR:BADSECRET", "passphrase", True),
        (
            "16:39/SRT.cn: x: REJECT reported from HS processing: Incorrect passphrase - not",
            "is wrong",
            True,
        ),
        (
            "SRT.cn: x: REJECT reported from HS processing: room is locked - not processing",
            "room is locked",
            True,
        ),
        (
            "[srt @ 0x1] Connection to srt://h:1 failed: Input/output error\nsrt://h:1: Input/output error",
            "nothing answers",
            False,
        ),
        (
            "[tcp @ 0x1] Connection to tcp://rejoice.example:1 failed: Connection refused",
            "nothing answers",
            False,
        ),
        ("rtmp://h/a: Input/output error", "closed the connection", True),
        ("rtmp://h/a: Protocol not found", "protocol", False),
    ],
)
def test_sentences(said: str, words: str, refused: bool) -> None:
    trouble = explained(said, answered=False)
    assert words in trouble.sentence and "source" not in trouble.sentence
    assert trouble.refused is refused


def test_a_server_that_has_taken_the_stream_does_not_refuse_it() -> None:
    for said in (REFUSED, "rtmp://h/a: Broken pipe", "rtmp://h/a: Input/output error"):
        assert not explained(said, answered=True).refused


@pytest.mark.parametrize(
    "said",
    [
        "[rtmp @ 0x1] Cannot read RTMP handshake response\nrtmp://h/a: Connection reset by peer",
        "[tls @ 0x1] IO error: End of file\n[rtmps @ 0x1] Cannot open connection tls://h:1\nEnd of file",
    ],
)
def test_who_hangs_up_before_the_name_of_the_stream_refuses_nothing(said: str) -> None:
    trouble = explained(said, answered=False)
    assert trouble.hung_up and not trouble.refused and "hangs up" in trouble.sentence
    assert not explained(said, answered=True).hung_up


def test_nothing_said_is_nothing_known() -> None:
    assert explained("", answered=True).sentence == ""
