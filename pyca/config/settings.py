"""Every key of ``pyca.conf``: its type, its limits, its default. Sections are classes, keys are fields."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pyca.config.addresses import Calendar, DatabaseUrl, StreamAddress, Url
from pyca.config.imaging import Camera as Camera
from pyca.config.imaging import Pipeline as Pipeline
from pyca.config.types import (
    Boolean,
    Choice,
    CommandLine,
    Integer,
    Lines,
    LocalPath,
    Number,
    Parsed,
    Rate,
    Secret,
    Text,
    Words,
    key,
)
from pyca.core import control
from pyca.core.alarm import SIGNAL_ALARMS
from pyca.core.live import FEED, RESOLUTIONS, LiveEvents, Profile
from pyca.core.states import ServiceName


@dataclass(frozen=True)
class Agent:
    """``[agent]``: who this box is and how often it asks."""

    name: str = key(Text(), "")
    update_frequency: int = key(Integer(minimum=5), 60)
    cal_lookahead: int = key(Integer(minimum=0), 14)
    backup_mode: bool = key(Boolean(), False)
    database: str = key(DatabaseUrl(), "sqlite:///pyca.db")
    address: str = key(Text(), "")
    timezone: str = key(Text(), "")
    calendar: str = key(Calendar(), "")


@dataclass(frozen=True)
class Capture:
    """``[capture]``: how and where to record."""

    directory: Path = key(LocalPath(), Path("recordings"))
    command: str = key(
        CommandLine(),
        "ffmpeg -nostats -re -f lavfi -r 25 -i testsrc -t {{time}} {{dir}}/{{name}}.webm",
    )
    flavors: tuple[str, ...] = key(Lines(), ("presenter/source",))
    files: tuple[str, ...] = key(Lines(), ("{{dir}}/{{name}}.webm",))
    preview_dir: Path = key(LocalPath(), Path("recordings"))
    preview: tuple[str, ...] = key(Lines(), ())
    sigcustom: int = key(Integer(minimum=1, maximum=64), 2)
    sigcustom_time: int = key(Integer(minimum=-1), -1)
    sigterm_time: int = key(Integer(minimum=-1), -1)
    sigkill_time: int = key(Integer(minimum=-1), 120)
    exit_code: int = key(Integer(minimum=0, maximum=255), 0)
    max_parallel: int = key(Integer(minimum=1, maximum=64), 2)
    container: str = key(Choice("", "mp4", "mkv", "mov", "webm"), "")
    minimum_free: int = key(Rate(), 1_000_000_000)
    stop_cancelled: bool = key(Boolean(), False)
    fallback_directory: Path | None = key(LocalPath(optional=True), None)
    watch_for: tuple[str, ...] = key(Words(*SIGNAL_ALARMS), SIGNAL_ALARMS)


@dataclass(frozen=True)
class Input:
    """``[inputs] [[NAME]]``: one named camera, screen or microphone with a command of its own."""

    command: str = key(CommandLine(), "")
    flavors: tuple[str, ...] = key(Lines(), ("presenter/source",))
    files: tuple[str, ...] = key(Lines(), ("{{dir}}/{{name}}.mkv",))
    preview: tuple[str, ...] = key(Lines(), ())
    exit_code: int = key(Integer(minimum=0, maximum=255), 0)
    watch_for: tuple[str, ...] = key(Words(*SIGNAL_ALARMS), SIGNAL_ALARMS)


@dataclass(frozen=True)
class Health:
    """``[health]``: from when on sound and picture count as faulty. Levels are in dB of full scale."""

    silence_level: float = key(Number(minimum=-120, maximum=0), -60.0)
    silence_seconds: float = key(Number(minimum=0, maximum=3600), 6.0)
    clipping_level: float = key(Number(minimum=-20, maximum=0), -0.1)
    clipping_seconds: float = key(Number(minimum=0, maximum=8), 3.0)
    black_level: float = key(Number(minimum=0, maximum=1), 0.1)
    black_seconds: float = key(Number(minimum=0, maximum=3600), 5.0)
    frozen_level: float = key(Number(minimum=-120, maximum=0), -55.0)
    frozen_seconds: float = key(Number(minimum=0, maximum=3600), 5.0)
    gap_seconds: float = key(Number(minimum=0, maximum=3600), 4.0)


@dataclass(frozen=True)
class Hooks:
    """``[hooks]``: commands that are run when something happens."""

    recording_start: str = key(CommandLine(), "")
    recording_stop: str = key(CommandLine(), "")
    recording_failed: str = key(CommandLine(), "")
    alarm: str = key(CommandLine(), "")
    upload_done: str = key(CommandLine(), "")
    time_limit: float = key(Number(minimum=1, maximum=60), 30.0)


@dataclass(frozen=True)
class Retention:
    """``[retention]``: which recordings are deleted from this machine, and when."""

    max_age: float = key(Number(minimum=0, maximum=36500), 0.0)
    keep_free: int = key(Rate(), 0)
    undelivered: bool = key(Boolean(), False)


@dataclass(frozen=True)
class Ingest:
    """``[ingest]``: how finished recordings are handed over."""

    delay_min: int = key(Integer(minimum=0), 0)
    delay_max: int = key(Integer(minimum=0), 0)
    delete_after_upload: bool = key(Boolean(), False)
    upload_catalogs: bool = key(Boolean(), False)
    upload_rate: int = key(Rate(), 0)
    workflow: str = key(Text(), "")
    send_parameters: bool = key(Boolean(), True)
    archive: Path = key(LocalPath(), Path("archive"))


@dataclass(frozen=True)
class Server:
    """``[server]``: the Opencast server. Without a ``url`` the agent works alone."""

    url: str = key(Url(), "")
    auth_method: str = key(Choice("basic", "digest"), "digest")
    username: str = key(Text(), "opencast_system_account")
    password: str = key(Secret(), "CHANGE_ME")
    insecure: bool = key(Boolean(), False)
    certificate: Path | None = key(LocalPath(optional=True), None)
    cookiefile: Path | None = key(LocalPath(optional=True), None)
    connect_timeout: float = key(Number(minimum=0.1), 10.0)
    stall_timeout: float = key(Number(minimum=1), 60.0)


PUBLISHED_PASSWORD = "opencast"
"""The password of the page in older versions, which everybody can read about."""


@dataclass(frozen=True)
class Ui:
    """``[ui]``: the page."""

    username: str = key(Text(), "admin")
    password: str = key(Secret(), "")
    """empty: nobody comes in by the configuration, only accounts count"""
    refresh_rate: int = key(Integer(minimum=1), 10)
    url: str = key(Url(), "http://localhost:5000")
    log_command: str = key(CommandLine(), "")
    bind: str = key(Text(), "127.0.0.1")
    port: int = key(Integer(minimum=0, maximum=65535), 5000)


@dataclass(frozen=True)
class Live:
    """``[live]``: streaming to the world, and what a stream is like until somebody sets it otherwise."""

    enabled: bool = key(Boolean(), False)
    """started by “pyca run” and “pyca all”"""
    bind: str = key(Text(), "localhost")
    port: int = key(Integer(minimum=0, maximum=65535), 8000)
    mdns: bool = key(Boolean(), False)
    docroot: Path | None = key(LocalPath(optional=True), None)
    name: str = key(Text(), "")
    directory: Path = key(LocalPath(), Path("live"))
    input: str = key(StreamAddress(), "auto")
    encoder: str = key(Text(), "auto")
    hflip: bool = key(Boolean(), False)
    vflip: bool = key(Boolean(), False)
    url: str = key(StreamAddress(), "")
    stream_key: str = key(Secret(), "")
    backup: str = key(StreamAddress(), "")
    resolution: str = key(Choice(*RESOLUTIONS), "360p")
    bitrate: int | None = key(
        Parsed(control.parse_optional_bitrate, "such as 800kbps, 1M or 100000, or nothing"), None
    )
    audio: str = key(Parsed(control.parse_audio, "silence, 1kHz, input, alsa:DEVICE or pulse:SOURCE"), "1kHz")
    fps: int = key(Integer(minimum=1, maximum=60), 25)
    quality: int | None = key(Parsed(control.parse_quality, "a number from 10 to 40, or nothing"), None)
    events: str = key(Choice(*LiveEvents), str(LiveEvents.OFF))
    hls: bool = key(Boolean(), False)
    slate: Path | None = key(LocalPath(optional=True), None)
    slate_text: str = key(Text(), "Back soon")
    ca_file: Path | None = key(LocalPath(optional=True), None)
    insecure: bool = key(Boolean(), False)

    @property
    def profile(self) -> Profile:
        """How pictures and sound are sent until somebody sets it otherwise."""
        usual = RESOLUTIONS[self.resolution].bitrate
        bitrate = usual if self.bitrate is None else self.bitrate
        return Profile(self.resolution, bitrate, self.audio, self.fps, self.quality)

    @property
    def feed(self) -> Path:
        """The socket to which recorders connect that pass on what they record."""
        return self.directory / FEED


@dataclass(frozen=True)
class Logging:
    """``[logging]``: where messages go."""

    syslog: bool = key(Boolean(), False)
    stderr: bool = key(Boolean(), True)
    file: Path | None = key(LocalPath(optional=True), None)
    level: str = key(Choice("debug", "info", "warning", "error"), "info")
    format: str = key(Text(), "[%(name)s:%(lineno)s:%(funcName)s()] [%(levelname)s] %(message)s")


@dataclass(frozen=True)
class Settings:
    """The whole configuration, resolved: paths absolute, the agent named, secrets read."""

    agent: Agent = Agent()
    capture: Capture = Capture()
    inputs: Mapping[str, Input] = field(default_factory=dict)
    health: Health = Health()
    hooks: Hooks = Hooks()
    retention: Retention = Retention()
    ingest: Ingest = Ingest()
    server: Server = Server()
    ui: Ui = Ui()
    live: Live = Live()
    camera: Camera = Camera()
    pipeline: Pipeline = Pipeline()
    logging: Logging = Logging()
    services: Mapping[str, str] = field(default_factory=dict)
    """service type → address, overriding the server's own registry"""
    file: Path | None = None
    """where the settings were read from"""
    warnings: tuple[str, ...] = ()
    """what is legal and still deserves the operator's attention"""

    @property
    def standalone(self) -> bool:
        """True where no server is configured."""
        return not self.server.url

    @property
    def extra_services(self) -> frozenset[ServiceName]:
        """Those of the services that not everybody wants which “pyca run” and “pyca all” start."""
        wanted = {
            ServiceName.LIVE: self.live.enabled,
            ServiceName.CAMERA: self.camera.enabled,
            ServiceName.PIPELINE: self.pipeline.enabled,
        }
        return frozenset(name for name, enabled in wanted.items() if enabled)

    @property
    def named_inputs(self) -> Mapping[str, Input]:
        """The inputs by name; without ``[inputs]`` the one that ``[capture]`` describes, called “default”."""
        if self.inputs:
            return self.inputs
        one = self.capture
        source = Input(one.command, one.flavors, one.files, one.preview, one.exit_code, one.watch_for)
        return {"default": source}

    def inputs_for(self, names: Collection[str]) -> Mapping[str, Input]:
        """Return what is recorded for an event that names these inputs.

        An event that names only inputs that this agent does not have is recorded with all of them: a
        recording with the wrong camera is better than none.
        """
        available = self.named_inputs
        chosen = [name for name in available if name in names] or list(available)
        return {name: available[name] for name in chosen}
