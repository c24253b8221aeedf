"""Addresses: what can be sent to, what cannot, and what is shown of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.control import HIDDEN, ParameterError
from pyca.core.secrecy import mask
from pyca.live.send.address import hide, parse, restored, split


@pytest.mark.parametrize(
    ("url", "key", "target", "found"),
    [
        ("rtmp://host/live", "abc", "rtmp://host/live", "abc"),
        ("rtmp://host/live/", "abc", "rtmp://host/live", "abc"),
        ("rtmp://host/live/abc", "", "rtmp://host/live", "abc"),
        ("rtmp://host/app/instance", "abc", "rtmp://host/app/instance", "abc"),
        ("RTMPS://Host:443/live2", "a-b", "rtmps://host:443/live2", "a-b"),
        ("rtmps://b.example.org/live2?backup=1", "k", "rtmps://b.example.org/live2?backup=1", "k"),
        ("rtmps://b.example.org/live2?backup=1/k", "", "rtmps://b.example.org/live2?backup=1", "k"),
        ("rtmp://host/live/k?auth=x/y", "", "rtmp://host/live", "k?auth=x/y"),
        ("rtmp://[::1]:1935/live", "k", "rtmp://[::1]:1935/live", "k"),
        ("rtmp://user:pass@host/live", "k", "rtmp://user:pass@host/live", "k"),
        ("rtmp://host/live", "", "rtmp://host/live", ""),
        ("srt://host:9000", "r/abc", "srt://host:9000?mode=caller", "r/abc"),
        ("srt://host:9000?streamid=%23!::r=a", "", "srt://host:9000?mode=caller", "#!::r=a"),
        ("srt://host:9000?streamid=#!::r=a", "", "srt://host:9000?mode=caller", "#!::r=a"),
        ("srt://:9000?mode=listener", "", "srt://:9000?mode=listener", ""),
        ("srt://h:9000?latency=200", "", "srt://h:9000?mode=caller&latency=200000", ""),
        ("srt://h:9000?latency=200000", "", "srt://h:9000?mode=caller&latency=200000", ""),
    ],
)
def test_what_can_be_sent_to(url: str, key: str, target: str, found: str) -> None:
    address = parse(url, key)
    assert (address.target, address.key) == (target, found)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "no address"),
        ("host/live", "no address"),
        ("http://host/live", "“http”"),
        ("file:///etc/passwd", "“file”"),
        ("rtmp:///live", "no host"),
        ("rtmp://host", "no application"),
        ("rtmp://host/", "no application"),
        ("rtmp://host/?a=b", "no application"),
        ("rtmp://ho st/live", "blanks"),
        ("rtmp://host/li\nve", "control characters"),
        ("rtmp://host:0/live", "no port"),
        ("rtmp://host:99999/live", "no port"),
        ("rtmp://host:x/live", "no port"),
        ("rtmp://-host/live", "no host"),
        ("rtmp://[::g]/live", "IPv6"),
        ("rtmp://", "no host"),
        ("rtmp:host", "incomplete"),
        ("rtmp://host/" + "a" * 3000, "too long"),
        ("srt://host", "no port"),
        ("srt://:9000", "no host"),
        ("srt://host:9000/path", "no path"),
        ("srt://user@host:9000", "no user"),
        ("srt://host:9000?mode=server", "no mode"),
        ("srt://host:9000?passphrase=short", "length"),
        ("srt://host:9000?pbkeylen=17", "17"),
        ("srt://host:9000?latency=fast", "latency"),
        ("srt://host:9000?unknown=1", "no parameter"),
    ],
)
def test_what_cannot_be_sent_to(url: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words) as caught:
        parse(url)
    assert caught.value.name == "url"


def test_a_key_is_one_word() -> None:
    for key in ("a b", "a\nb", "k" * 901):
        with pytest.raises(ParameterError) as caught:
            parse("rtmp://host/live", key)
        assert caught.value.name == "name" and key not in str(caught.value)


def test_ffmpeg_is_told_application_and_key() -> None:
    assert parse("rtmp://host/a/b", "k").options == {"rtmp_app": "a/b", "rtmp_playpath": "k"}
    assert parse("rtmp://host/a/b", "k").whole == "rtmp://host/a/b/k"
    srt = parse("srt://host:9000?passphrase=geheimgeheim", "#!::r=a")
    assert srt.options == {"streamid": "#!::r=a", "passphrase": "geheimgeheim"}
    assert srt.whole == "srt://host:9000?mode=caller&streamid=%23%21%3A%3Ar%3Da"


def test_a_whole_address_is_taken_apart() -> None:
    assert split("rtmp://host/app/key") == ("rtmp://host/app", "key")
    assert split("rtmp://host/app") == ("rtmp://host/app", "")
    url, key = split("srt://host:9000?latency=200&streamid=abc&passphrase=geheimgeheim")
    assert (url, key) == ("srt://host:9000?latency=200&passphrase=geheimgeheim", "abc")


def test_secrets_are_masked() -> None:
    for address, secrets in (
        (parse("rtmp://user:passwort@host/live", "schluessel"), ("passwort", "schluessel")),
        (parse("rtmp://host/live/schluessel"), ("schluessel",)),
        (parse("srt://h:1?passphrase=geheimgeheim", "schluessel"), ("geheimgeheim", "schluessel")),
    ):
        shown = [address.masked, repr(address), mask(address.masked)]
        said = f"Error opening {address.whole}: {address.options}"
        shown.append(hide(said, address.secrets))
        assert not [secret for secret in secrets for text in shown if secret in text]
    assert mask("srt://h:1?streamid=abc&latency=2") == f"srt://h:1?streamid={HIDDEN}&latency=2"
    assert mask("rtmp://host/live") == "rtmp://host/live"
    assert (
        mask("rtmp://host/live/key") == mask("rtmp://host/live/key?token=abc") == f"rtmp://host/live/{HIDDEN}"
    )
    assert mask("rtmp://host/live2?backup=1/key") == f"rtmp://host/live2?backup=1/{HIDDEN}"


def test_a_masked_address_sent_back_means_the_stored_one() -> None:
    stored = "rtmp://user:passwort@host/live"
    assert restored(mask(stored), stored) == stored
    assert restored("rtmp://other/live", stored) == "rtmp://other/live"


@given(st.text(max_size=60), st.text(max_size=20))
def test_nothing_makes_it_fall_over(url: str, key: str) -> None:
    for text in (url, f"rtmp://{url}", f"srt://{url}"):
        mask(text)
        try:
            address = parse(text, key)
        except ParameterError:
            continue
        assert address.target.isprintable() and " " not in address.target


def test_a_part_of_a_key_is_a_secret_too() -> None:
    address = parse("rtmp://host/app", "room_abcdef?sig=0123456789")
    said = hide("no stream room_abcdef here; sig=0123456789 is wrong", address.secrets)
    assert said == f"no stream {HIDDEN} here; {HIDDEN} is wrong"


def test_the_latency_of_srt_is_shown_in_the_unit_in_which_it_is_written() -> None:
    assert parse("srt://h:9000?latency=200").masked == "srt://h:9000?mode=caller&latency=200"
