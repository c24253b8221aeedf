"""Live streaming: what is wanted, what is sent, where to, and how it goes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from pyca.core.event import Event

MAIN = "main"
"""id of the destination that the livebox control describes"""
KEY_VARIABLE = "PYCA_STREAM_KEY"
"""environment variable with the key for “pyca stream”; no key of the configuration"""


class LiveState(StrEnum):
    """What the streamer does; the values are those of the livebox interface."""

    IDLE = "idle"
    PREPARING = "preparing"
    """started, and nothing arrives anywhere yet, or not any more"""
    STREAMING = "streaming"
    """at least one destination takes what is sent"""
    STOPPING = "stopping"


class LinkState(StrEnum):
    """What one destination does."""

    OFF = "off"
    CONNECTING = "connecting"
    LIVE = "live"
    """it acknowledges what is sent"""
    WAITING = "waiting"
    """for the next try"""
    REFUSED = "refused"
    """it was given up: the server does not want this stream"""
    CLOSING = "closing"


class Program(StrEnum):
    """What is shown on the stream."""

    NOTHING = "nothing"
    CAMERA = "camera"
    """the streamer's own input"""
    RECORDER = "recorder"
    """what a scheduled event's recorder passes on"""
    SLATE = "slate"
    """the standby picture, because there is no picture"""
    BLIND = "blind"
    """the standby picture, because somebody wants it"""


class LiveEvents(StrEnum):
    """Which recordings are streamed by themselves."""

    OFF = "off"
    MARKED = "marked"
    ALL = "all"


FEED = "feed.sock"
"""name of the socket in the streamer's folder to which recorders connect"""
LONGEST_SOCKET = 107
"""bytes that the path of a Unix socket may have (sun_path of unix(7), without the end mark)"""
MARK = "publishLive"
"""workflow parameter by which an event is marked to be streamed"""


def is_streamed(rule: LiveEvents, event: Event) -> bool:
    """Tell whether an event is streamed while it is recorded."""
    if rule is LiveEvents.MARKED:
        return is_marked(event.workflow_parameters)
    return rule is LiveEvents.ALL


def is_marked(parameters: Mapping[str, str]) -> bool:
    """Tell whether the workflow parameters of an event mark it to be streamed."""
    return parameters.get(MARK, "").strip().lower() == "true"


def marked(parameters: Mapping[str, str], *, live: bool) -> dict[str, str]:
    """Return workflow parameters that mark an event to be streamed, or do not."""
    others = {name: value for name, value in parameters.items() if name != MARK}
    return {**others, MARK: "true"} if live else others


@dataclass(frozen=True)
class Size:
    """A resolution: pixels, and the bits per second that suit it."""

    width: int
    height: int
    bitrate: int


RESOLUTIONS: Mapping[str, Size] = MappingProxyType(
    {
        "240p": Size(426, 240, 400_000),
        "360p": Size(640, 360, 750_000),
        "480p": Size(854, 480, 1_000_000),
        "720p": Size(1280, 720, 2_500_000),
        "1080p": Size(1920, 1080, 4_500_000),
    }
)
"""by name, smallest first; sizes and rates are those of the livebox interface"""

SILENCE = "silence"
TONE = "1kHz"
AUDIO_BITRATE = 128_000
"""bits per second"""
AUDIO_RATE = 48_000
"""samples per second; always two channels, so that camera, recorder and slate can follow each other"""


@dataclass(frozen=True)
class Profile:
    """How pictures and sound are sent."""

    resolution: str = "360p"
    bitrate: int = RESOLUTIONS["360p"].bitrate
    """bits per second of the pictures"""
    audio: str = TONE
    """“silence”, “1kHz”, “input” for the sound of the input itself, or a device such as alsa:hw:1"""
    fps: int = 25
    quality: int | None = None
    """10 (best) to 40 (worst); None leaves all to the bitrate"""

    @property
    def size(self) -> Size:
        """Pixels and usual bitrate."""
        return RESOLUTIONS[self.resolution]

    @property
    def key_frame_distance(self) -> int:
        """Frames from one key frame to the next: two seconds, as all big platforms ask for."""
        return 2 * self.fps


@dataclass(frozen=True)
class Source:
    """Where pictures come from, and who encodes them."""

    input: str = "auto"
    """see docs/live.rst: auto, test, picamera, screen, recorder, a device, an address or a file"""
    encoder: str = "auto"
    """auto, copy, or the name of an H.264 encoder of FFmpeg"""
    hflip: bool = False
    vflip: bool = False


@dataclass(frozen=True)
class Destination:
    """Where a stream is sent to."""

    id: str
    url: str = ""
    """without the key"""
    key: str = field(default="", repr=False)
    label: str = ""
    backup: str = ""
    """address without the key that is tried in turn with the first, empty for none"""
    wanted: bool = True
    """False while somebody has stopped this destination alone"""


@dataclass(frozen=True)
class Setup:
    """What is wanted of the streamer."""

    profile: Profile = Profile()
    source: Source = Source()
    wanted: bool = False
    """started by hand; stays so over restarts"""
    blind: bool = False
    share: str = field(default="", repr=False)
    """secret part of the player page's address, empty while it is not shared"""
    changed: float = 0.0
    orders: int = 0
    """how often somebody said start or stop: tells an order that was carried out from one that was not"""
    stopped: float = 0.0
    """when somebody last said stop: an event that had begun by then is not streamed by itself any more"""
    restarts: Mapping[str, int] = field(default_factory=dict)
    """how often each destination was to be restarted"""


@dataclass(frozen=True)
class LinkReport:
    """How one destination does. Figures are of the present session."""

    id: str
    label: str
    state: LinkState = LinkState.OFF
    address: str = ""
    """masked"""
    error: str = ""
    """why the last connection ended, kept until the next one stands for a while"""
    since: float = 0.0
    """when this state began"""
    sent: int = 0
    """bytes that were handed to the network"""
    bitrate: float = 0.0
    """bits per second of the last seconds"""
    dropped: int = 0
    """frames that this destination missed because it was too slow"""
    reconnects: int = 0
    next_try: float | None = None


@dataclass(frozen=True)
class LiveReport:
    """How the streamer does, at one moment."""

    state: LiveState = LiveState.IDLE
    error: str = ""
    """the last one, kept until the next start"""
    session: int | None = None
    since: float = 0.0
    """when the state began"""
    started: float | None = None
    """when the session began"""
    program: Program = Program.NOTHING
    at: float = 0.0
    """when this was written"""
    fps: float = 0.0
    bitrate: float = 0.0
    """bits per second of what is made, pictures and sound"""
    dropped: int = 0
    """frames that the encoder had to leave out"""
    source_restarts: int = 0
    sent: int = 0
    """bytes that were handed to the network, all destinations, since the session began"""
    cpu: float = 0.0
    """percent of one core, the streamer and all its children"""
    memory: int = 0
    """resident bytes of the same"""
    links: tuple[LinkReport, ...] = ()


@dataclass(frozen=True)
class Session:
    """One time from start to stop."""

    id: int
    started: float
    ended: float | None = None
    reason: str = ""
    """why it ended"""
    error: str = ""
    profile: Profile = Profile()
    input: str = ""
    """masked"""
    uid: str = ""
    """the event that it was streamed for, empty where it was started by hand"""
    sent: int = 0


@dataclass(frozen=True)
class Sample:
    """The figures of one moment; ``destination`` is empty for those of what is made."""

    at: float
    destination: str = ""
    fps: float = 0.0
    bitrate: float = 0.0
    dropped: int = 0
    """since the session began"""
    sent: int = 0
    """bytes since the session began"""
    reconnects: int = 0
    cpu: float = 0.0


@dataclass(frozen=True)
class LogLine:
    """Something that happened in a session."""

    at: float
    level: str
    """info, warning or error"""
    text: str
    destination: str = ""
