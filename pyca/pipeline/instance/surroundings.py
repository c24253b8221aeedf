"""What an instance is told beside its configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Surroundings:
    """Where an instance is, and what it may do there.

    :param address: that its stream is bound to
    :param patient: whether a source that is offline is waited for, as clients wait already
    :param cameras: address of the camera server
    :param token: for it, empty where it wants none
    :param dispatcher: URL of what makes streams of single channels, empty where there is none
    :param backgrounds: folder of background images
    :param files: folder of what is recorded
    :param scripts: folder of user scripts, None where none are run
    :param libraries: folder of what they may import, None where there is none
    :param script_seconds: that a script may take for one message, 0: as long as it wants
    :param script_memory: megabytes that the process of a script may have, 0: as much as it wants
    """

    address: str
    patient: bool = False
    cameras: str = ""
    token: str = ""
    dispatcher: str = ""
    backgrounds: Path = Path()
    files: Path = Path()
    scripts: Path | None = None
    libraries: Path | None = None
    script_seconds: float = 0.0
    script_memory: int = 0

    @classmethod
    def of(cls, argument: Mapping[str, Any]) -> "Surroundings":
        """Return those of the argument of a job, where each has its name here; paths are texts."""
        scripts, libraries = argument.get("scripts"), argument.get("libraries")
        return cls(
            address=argument["address"],
            patient=bool(argument.get("patient")),
            cameras=argument.get("cameras", ""),
            token=argument.get("token", ""),
            dispatcher=argument.get("dispatcher", ""),
            backgrounds=Path(argument.get("backgrounds", "")),
            files=Path(argument.get("files", "")),
            scripts=Path(scripts) if scripts else None,
            libraries=Path(libraries) if libraries else None,
            script_seconds=float(argument.get("script_seconds", 0.0)),
            script_memory=int(argument.get("script_memory", 0)),
        )
