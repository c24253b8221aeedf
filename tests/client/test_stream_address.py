"""The address of a stream, taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.client.utils import get_host_port_from_stream_address


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("tcp://localhost:10100", ("localhost", 10100)),
        ("tcp://camera.example.org:1", ("camera.example.org", 1)),
        ("tcp://[::1]:10100", ("[::1]", 10100)),
    ],
)
def test_host_and_port(address: str, found: tuple[str, int]) -> None:
    assert get_host_port_from_stream_address(address) == found


@pytest.mark.parametrize(
    "address", ["", "localhost:1", "tcp://localhost", "tcp://:1", "tcp://h:", "tcp://h:x", "tcp://h:0",
                "tcp://h:65536", "tcp://h:-1", "tcp://h:²", "ipc:///tmp/socket"],
)  # fmt: skip
def test_what_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="expected the address of a stream"):
        get_host_port_from_stream_address(address)


@given(st.text())
def test_anything_is_an_address_or_refused(address: str) -> None:
    try:
        host, port = get_host_port_from_stream_address(address)
    except ValueError:
        return
    assert address.endswith(f"://{host}:{address.rpartition(':')[2]}")
    assert 0 < port < 65536
