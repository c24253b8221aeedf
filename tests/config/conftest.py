from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pyca.config import Settings, load
from pyca.core.errors import ConfigError


@pytest.fixture
def configure(tmp_path: Path) -> Callable[..., Settings]:
    """Load a text as a configuration file that only its owner can read."""

    def run(text: str | bytes, environ: Mapping[str, str] | None = None) -> Settings:
        file = tmp_path / "pyca.conf"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        file.chmod(0o600)
        return load(file, environ or {})

    return run


@pytest.fixture
def refuse(configure: Callable[..., Settings]) -> Callable[..., list[str]]:
    """Load a text that is wrong and return the problems without the folder's name."""

    def run(text: str | bytes, environ: Mapping[str, str] | None = None) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            configure(text, environ)
        return [problem.rpartition("/pyca.conf")[2] or problem for problem in caught.value.problems]

    return run
