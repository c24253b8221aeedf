"""The configuration of one pipeline or instance."""

from collections.abc import Hashable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any

from pyca.pipeline.files.parts import GoodRegion, Rotation, Slices

_BESIDE = ("options", "ignored", "warnings", "given")
"""fields that are no keys"""


@dataclass(frozen=True)
class Configuration:
    """One pipeline, defaults filled in. What each key means is in ``docs/pipelines.md``.

    Two are equal where all that they do is the same, whatever was written to get there.

    :param name: of the saved pipeline, or the id of the instance
    :param group: names of groups that it belongs to
    :param pid_range: (start, stop); nothing passes while start is 0, and a stop of 0 never comes
    :param image_region_of_interest: (offset_x, size_x, offset_y, size_y) in pixels
    :param image_background_enable: True, False, signed or passive
    :param camera_timeout: seconds; 0 or less: never
    :param data_compression: None, bitshuffle_lz4 or lz4
    :param options: keys of its function, which nobody here knows
    :param ignored: keys without effect here, which are kept as they are
    :param warnings: what is allowed and still deserves attention
    :param given: what was written, without what is null
    """

    name: str
    pipeline_type: str = "processing"
    camera_name: str | None = None
    group: tuple[str, ...] = ()
    function: str | None = None
    reload: bool = False
    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None
    mode: str = "PUB"
    protocol: str = "tcp"
    port: int | None = None
    queue_size: int = 10
    block: bool = False
    no_client_timeout: float = 10.0
    buffer_size: int | None = None
    create_header: str = "on_change"
    data_compression: str | None = None
    data_header_compression: str | None = None
    file: str | None = None
    layout: str = "DEFAULT"
    localtime: bool = True
    change: bool = False
    camera_timeout: float = 10.0
    stream_timeout: float = 10.0
    abort_on_timeout: bool = False
    abort_on_error: bool = True
    read_only: bool = False
    pid_range: tuple[int, int] | None = None
    records: int | None = None
    paused: bool = False
    input_pipeline: str | None = None
    input_stream: str | None = None
    input_mode: str = "SUB"
    output_pipeline: str | None = None
    output_stream: str | None = None
    downsampling: int | None = None
    max_frame_rate: float | None = None
    processing_threads: int | None = None
    enforce_pid: bool = False
    enforce_timestamp: bool = False
    pid_buffer: int = 0
    bsread_address: str | None = None
    bsread_channels: tuple[str, ...] | None = None
    bsread_mode: str | None = None
    bsread_image_buf: int = 1000
    bsread_data_buf: int = 1000
    averaging: int | None = None
    binning_x: int = 1
    binning_y: int = 1
    binning_mean: bool = False
    image_background: str | None = None
    image_background_enable: bool | str = False
    mirror_x: bool = False
    mirror_y: bool = False
    image_region_of_interest: tuple[int, int, int, int] | None = None
    image_threshold: float | None = None
    image_averaging: int | None = None
    image_scale: float | None = None
    image_offset: float | None = None
    fw_threshold: float | None = None
    copy: bool = False
    rotation: Rotation | None = None
    image_good_region: GoodRegion | None = None
    image_slices: Slices | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    ignored: Mapping[str, Any] = field(default_factory=dict, compare=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)
    given: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def alias(self) -> tuple[str, ...]:
        """Return its further names; pipelines have none."""
        return ()

    @property
    def place(self) -> Hashable:
        """Return all on which the place of its stream depends."""
        return self.mode, self.protocol, self.port, self.queue_size, self.input_stream, self.output_stream

    def renamed(self, name: str) -> "Configuration":
        """Return the same under another name or id."""
        return replace(self, name=name)

    def as_json(self) -> dict[str, Any]:
        """Return the complete configuration, always in the same order; ``parse`` takes it back."""
        complete = {key.name: _as_json(getattr(self, key.name)) for key in _KEYS}
        if self.mode == "FILE" and self.data_compression is None:
            # Nothing would mean the default again, which is another one for files.
            complete["data_compression"] = "none"
        return complete | {name: _as_json(value) for name, value in self.options.items()} | dict(self.ignored)


_KEYS = tuple(key for key in fields(Configuration) if key.name not in _BESIDE)


def _as_json(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return {key: _as_json(part) for key, part in value.items()}
    return [_as_json(part) for part in value] if isinstance(value, tuple | list) else value
