"""Images in an HDF5 file: where they are, and when they were taken."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pyca.core.errors import SourceError
from pyca.images.image import KINDS
from pyca.sources.frame import LARGEST
from pyca.sources.names import listed

if TYPE_CHECKING:
    import h5py

_BITSHUFFLE = 32008
_FILTERS = {
    307: "bzip2",
    32000: "lzo",
    32001: "blosc",
    32004: "lz4",
    32008: "bitshuffle",
    32013: "zfp",
    32015: "zstd",
    32026: "blosc2",
}
"""numbers that The HDF Group has given to filters which are not part of HDF5"""
_SPAN = 10**17
"""nanoseconds since 1970 have been more than this since 1973, seconds never are"""
_LARGEST = 9e18
"""near the most that 64 bits hold"""


@dataclass(frozen=True)
class Recording:
    """The images of one camera in a file.

    :param images: dataset (number, height, width)
    :param name: of the dataset
    :param nanoseconds: when each was taken, since 1970; None where the file does not say
    :param pulse_ids: None where the file has none
    """

    images: "h5py.Dataset"
    name: str
    nanoseconds: NDArray[np.int64] | None
    pulse_ids: NDArray[np.int64] | None

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many images, and their height and width."""
        count, height, width = self.images.shape
        return count, height, width


def find(file: "h5py.File", wanted: str | None) -> Recording:
    """Return the images in a file.

    :param wanted: a dataset, or a channel of a file that bsread or cam_server has written; None: the only
        images that are there, or those of the channel ``image``
    :raises SourceError: where there are none, several, or others than images, naming what is there
    """
    name = _named(file, wanted) if wanted else _only(file)
    images = file[name]
    place = f"{file.filename}: {name}"
    if len(images.shape or ()) != 3 or 0 in images.shape:
        found = "×".join(map(str, images.shape or ())) or "a single value"
        raise SourceError(f"{place} holds {found}; expected are images, as number × height × width.")
    if images.dtype.newbyteorder("=") not in KINDS:
        known = ", ".join(kind.name for kind in KINDS)
        raise SourceError(f"{place} holds values of type {images.dtype}; expected is one of {known}.")
    if images.shape[1] * images.shape[2] * images.dtype.itemsize > LARGEST:
        raise SourceError(
            f"{place} holds images of {images.shape[2]} × {images.shape[1]} pixels: more than "
            f"{LARGEST >> 30} GiB each."
        )
    _check_filters(images, place)
    times, pulse_ids = _columns(file, name)
    return Recording(images, name, times, pulse_ids)


def _named(file: "h5py.File", wanted: str) -> str:
    """Return the dataset's name; layouts of files are those of bsread's writers."""
    import h5py

    plain = wanted.strip("/")
    for name in (plain, f"data1/{plain}/value", f"data1/{plain}", f"{plain}/data", f"data2/{plain}/value"):
        if name in file and isinstance(file[name], h5py.Dataset):
            return name
    raise SourceError(f"{file.filename} has no dataset {wanted}. There are: {listed(_names(file))}.")


def _only(file: "h5py.File") -> str:
    every = list(_names(file))
    images = [name for name in every if len(file[name].shape or ()) == 3]
    usual = [name for name in images if "image" in name.split("/")]
    chosen = images if len(images) == 1 else usual
    if len(chosen) == 1:
        return chosen[0]
    if not images:
        raise SourceError(f"{file.filename} holds no images. There are: {listed(every)}.")
    several = f"{file.filename} holds several sets of images: {listed(images)}."
    raise SourceError(several, "set dataset to one of them")


def _names(file: "h5py.File") -> Iterator[str]:
    import h5py

    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return iter(found)


def _check_filters(images: "h5py.Dataset", place: str) -> None:
    import h5py

    plan = images.id.get_create_plist()
    for number in [plan.get_filter(place)[0] for place in range(plan.get_nfilters())]:
        if number == _BITSHUFFLE and not h5py.h5z.filter_avail(number):
            # Makes itself known to HDF5.
            import bitshuffle.h5  # noqa: F401
        if not h5py.h5z.filter_avail(number):
            name = _FILTERS.get(number, "unknown to us")
            raise SourceError(
                f"{place} is compressed by the HDF5 filter {number} ({name}), which is not installed.",
                "set HDF5_PLUGIN_PATH to a folder that has it, or write the file with gzip or bitshuffle",
            )


def _columns(file: "h5py.File", name: str) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
    """Return times and pulse ids that belong to a dataset, from wherever the layouts have them."""
    count = len(file[name])
    group = re.match(r"data(\d+)/", name)
    header = f"header{group[1]}/" if group else ""
    beside = name.rpartition("/")[0]
    times = [
        f"{beside}/timestamp" if beside else "timestamp",
        f"{name}_timestamp",
        f"{header}global_timestamp",
    ]
    pulses = [f"{header}pulse_id", f"{beside}/pulse_id", "pulse_id"]
    found = [_nanoseconds(values) for values in _values(file, times, [(count,), (count, 1), (count, 2)])]
    ids = [_whole(values) for values in _values(file, pulses, [(count,)])]
    return (
        next((moments for moments in found if _ascending(moments)), None),
        next((numbers for numbers in ids if _ascending(numbers)), None),
    )


def _values(
    file: "h5py.File", names: Sequence[str], shapes: Sequence[tuple[int, ...]]
) -> Iterator[NDArray[Any]]:
    """Read those that hold numbers in one of these shapes, and are not huge."""
    import h5py

    for name in names:
        item = file.get(name)
        if not isinstance(item, h5py.Dataset) or item.shape not in shapes or item.dtype.kind not in "iuf":
            continue
        if item.nbytes <= LARGEST:
            yield item[()]


def _nanoseconds(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return times from seconds and nanoseconds side by side, or from one number each."""
    if values.ndim == 2 and values.shape[1] == 2:
        return _whole(values[:, 0]) * 1_000_000_000 + _whole(values[:, 1])
    flat = values.reshape(len(values), -1)[:, 0]
    if flat.dtype.kind != "f" and flat[0] > _SPAN:
        return _whole(flat)
    return _whole(flat.astype(np.float64) * 1e9)


def _whole(values: NDArray[Any]) -> NDArray[np.int64]:
    if values.dtype.kind == "f":
        values = np.clip(np.nan_to_num(values), -_LARGEST, _LARGEST)
    return values.astype(np.int64)


def _ascending(values: NDArray[np.int64]) -> bool:
    return bool(np.all(values[1:] > values[:-1]) and values[0] >= 0)
