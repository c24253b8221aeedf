"""The sections of the servers of images: ``[camera]`` and ``[pipeline]``."""

from dataclasses import dataclass
from pathlib import Path

from pyca.config.addresses import Url
from pyca.config.types import Boolean, Choice, Integer, Lines, LocalPath, Number, Secret, Text, key


@dataclass(frozen=True)
class Camera:
    """``[camera]``: the camera server."""

    enabled: bool = key(Boolean(), False)
    """started by “pyca run” and “pyca all”"""
    bind: str = key(Text(), "localhost")
    """where the interface and the streams listen"""
    port: int = key(Integer(minimum=0, maximum=65535), 8888)
    hostname: str = key(Text(), "")
    """in addresses of streams; empty for one that follows from ``bind``"""
    directory: Path = key(LocalPath(), Path("configuration/camera_config"))
    """one file of JSON for each camera"""
    backgrounds: Path = key(LocalPath(), Path("configuration/background_config"))
    scripts: Path | None = key(LocalPath(optional=True), None)
    """where user scripts are kept; without it none are taken"""
    first_port: int = key(Integer(minimum=1024, maximum=65535), 10100)
    last_port: int = key(Integer(minimum=1024, maximum=65535), 10300)
    """of the streams, both included"""
    sockets: Path | None = key(LocalPath(optional=True), None)
    """the folder of ``ipc`` streams; without it one in the runtime directory"""
    authentication: str = key(Choice("auto", "on", "off"), "auto")
    """who needs an account or a token: everybody, nobody, or (auto) whoever is not on this machine"""
    origins: tuple[str, ...] = key(Lines(), ())
    """web sites whose pages may use the interface without a token; ``*`` for all"""

    @property
    def address(self) -> str:
        """Where programs on this machine reach the server, without a slash at its end."""
        return _address(self.bind, self.port)


@dataclass(frozen=True)
class Pipeline:
    """``[pipeline]``: the pipeline server."""

    enabled: bool = key(Boolean(), False)
    """started by “pyca run” and “pyca all”"""
    bind: str = key(Text(), "localhost")
    """where the interface and the streams listen"""
    port: int = key(Integer(minimum=0, maximum=65535), 8889)
    hostname: str = key(Text(), "")
    """in addresses of streams; empty for one that follows from ``bind``"""
    cameras: str = key(Url(), "http://localhost:8888")
    """the camera server"""
    token: str = key(Secret(), "")
    """for the camera server, where that wants one"""
    dispatcher: str = key(Url(), "")
    """makes bsread streams of single channels; empty where there is none"""
    directory: Path = key(LocalPath(), Path("configuration/pipeline_config"))
    """one file of JSON for each pipeline"""
    backgrounds: Path = key(LocalPath(), Path("configuration/background_config"))
    files: Path = key(LocalPath(), Path("configuration/files"))
    """where pipelines of mode FILE write"""
    scripts: Path | None = key(LocalPath(optional=True), None)
    """where user scripts and libraries are kept; without it none are taken"""
    run_scripts: bool = key(Boolean(), False)
    """whether pipelines may run user scripts"""
    script_seconds: float = key(Number(minimum=0, maximum=3600), 10.0)
    """that a script may take for one frame; 0 for no limit"""
    script_memory: int = key(Integer(minimum=0, maximum=1_000_000), 4000)
    """megabytes that a process with a script may have; 0 for no limit"""
    first_port: int = key(Integer(minimum=1024, maximum=65535), 11100)
    last_port: int = key(Integer(minimum=1024, maximum=65535), 11200)
    """of the streams, both included"""
    authentication: str = key(Choice("auto", "on", "off"), "auto")
    """who needs an account or a token: everybody, nobody, or (auto) whoever is not on this machine"""
    origins: tuple[str, ...] = key(Lines(), ())
    """web sites whose pages may use the interface without a token; ``*`` for all"""

    @property
    def address(self) -> str:
        """Where programs on this machine reach the server, without a slash at its end."""
        return _address(self.bind, self.port)


def _address(bind: str, port: int) -> str:
    everywhere = {"": "127.0.0.1", "*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
    host = everywhere.get(bind, bind).strip("[]")
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
