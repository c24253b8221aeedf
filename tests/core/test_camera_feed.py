"""A camera of the camera server, as people write it as an input."""

import pytest

from pyca.config.settings import Camera
from pyca.core.camera import CameraFeed, parse_feed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("simulation", CameraFeed("simulation")),
        ("SARES11-SPEC125-M1:FPICTURE", CameraFeed("SARES11-SPEC125-M1:FPICTURE")),
        ("a b ü?", CameraFeed("a b ü?")),
        ("a?min_value=-3", CameraFeed("a", "min_value=-3")),
        ("a?max_value=4095&min_value=1.5", CameraFeed("a", "max_value=4095&min_value=1.5")),
        ("a?other=1", CameraFeed("a?other=1")),
    ],
)
def test_parse(text: str, expected: CameraFeed) -> None:
    assert parse_feed(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "a/b", "a\\b", "..", "a..b", ".hidden", " a", "a ", "x" * 201, "a\nb", "a{b", "?min_value=1",
     "a?min_value=1&", "a?min_value=1&min_value=2"],
)  # fmt: skip
def test_no_camera(text: str) -> None:
    with pytest.raises(ValueError, match=r"name of a camera|one min_value"):
        parse_feed(text)


def test_address() -> None:
    feed = parse_feed("ü b?min_value=0&max_value=9")
    assert feed.address("http://x:1") == "http://x:1/api/v1/cam/%C3%BC%20b/y4m?min_value=0&max_value=9"
    assert feed.words("http://x:1")[-2:] == ["-i", feed.address("http://x:1")]


@pytest.mark.parametrize(
    ("bind", "address"),
    [
        ("localhost", "http://localhost:8888"),
        ("0.0.0.0", "http://127.0.0.1:8888"),
        ("", "http://127.0.0.1:8888"),
        ("*", "http://127.0.0.1:8888"),
        ("::", "http://[::1]:8888"),
        ("[::1]", "http://[::1]:8888"),
        ("192.0.2.7", "http://192.0.2.7:8888"),
    ],
)
def test_address_of_the_server_on_this_machine(bind: str, address: str) -> None:
    assert Camera(bind=bind).address == address
