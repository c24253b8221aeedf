"""Arrays as the existing client sends them: pickled. Nothing but an array of numbers comes of it.

A pickle is a program. Here it is read through before it runs: only the instructions that an array needs are
let through, few of them, with small arguments. Then the four names that it may use stand for harmless objects
of this module, not for what they mean in NumPy: nothing of NumPy, nor anything else, is called on its behalf.
"""

import io
import pickle
import pickletools
from typing import Any, Literal, NoReturn

import numpy as np

from pyca.core.errors import ImagingError
from pyca.folders.names import shown
from pyca.images.image import Image
from pyca.images.npy import image_from, type_of

LARGEST = 2**28
"""bytes; as protocol 0 an image is up to six times as large"""
_MOST_STEPS = 500
"""an array takes about fifty"""
_HIGHEST = 500
"""number of a thing that is remembered"""
_ALLOWED = frozenset(
    {
        "PROTO",
        "FRAME",
        "MARK",
        "STOP",
        "NONE",
        "NEWTRUE",
        "NEWFALSE",
        "INT",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG",
        "LONG1",
        "UNICODE",
        "BINUNICODE",
        "SHORT_BINUNICODE",
        "STRING",
        "BINSTRING",
        "SHORT_BINSTRING",
        "BINBYTES",
        "SHORT_BINBYTES",
        "EMPTY_TUPLE",
        "TUPLE",
        "TUPLE1",
        "TUPLE2",
        "TUPLE3",
        "GLOBAL",
        "STACK_GLOBAL",
        "REDUCE",
        "BUILD",
        "PUT",
        "BINPUT",
        "LONG_BINPUT",
        "MEMOIZE",
        "GET",
        "BINGET",
        "LONG_BINGET",
    }
)
_REMEDY = "Send the image as a file of NumPy's NPY format (numpy.save), which is safe."


def unpickled(body: bytes) -> Image:
    """Return the image in a pickle of protocol 0 to 4, as ``numpy.ndarray`` makes it.

    :return: (height, width), read-only
    :raises ImagingError: where there is anything else in it; nothing of it has been executed
    """
    if len(body) > LARGEST:
        raise ImagingError(f"A pickle of {len(body)} bytes is too large, {LARGEST} are allowed.", _REMEDY)
    try:
        _look_through(body)
        found = _Unpickler(io.BytesIO(body), encoding="latin-1").load()
    except ImagingError:
        raise
    # Whatever a mangled program leads to, it is not a pickled image.
    except Exception as error:
        raise ImagingError("The body is neither an NPY file nor a pickled image.", _REMEDY) from error
    if not isinstance(found, _Array):
        raise ImagingError("The pickle holds something else than an image.", _REMEDY)
    return found.image()


def _look_through(body: bytes) -> None:
    """Refuse a pickle that has more in it than an array.

    :raises ImagingError: naming what it has
    """
    for step, (code, argument, _) in enumerate(pickletools.genops(body)):
        if code.name not in _ALLOWED:
            raise ImagingError(f"The pickle is refused: an image has no {code.name} in it.", _REMEDY)
        if code.name == "GLOBAL":
            _harmless(*str(argument).split(" ", 1))
        number = argument if code.name.endswith("PUT") else 0
        if step > _MOST_STEPS or not isinstance(number, int) or number > _HIGHEST:
            raise ImagingError("The pickle is refused: it is longer than that of an image.", _REMEDY)


class _Unpickler(pickle.Unpickler):
    """Knows four names."""

    def find_class(self, module: str, name: str, /) -> Any:
        return _harmless(module, name)


class _Array:
    """Stands for an array while a pickle is read."""

    __slots__ = ("_state",)

    def __setstate__(self, state: Any) -> None:
        self._state = state

    def image(self) -> Image:
        """Return the image that it stands for.

        :raises ImagingError: where it is none
        """
        try:
            _version, shape, kind, fortran, data = self._state
        except (AttributeError, TypeError, ValueError) as error:
            raise ImagingError("The pickle is refused: its array has no pixels.", _REMEDY) from error
        if isinstance(data, str):
            # Python 2 had no other bytes.
            data = data.encode("latin-1", "replace")
        if not isinstance(kind, _Type) or not isinstance(shape, tuple) or not isinstance(data, bytes):
            raise ImagingError("The pickle is refused: its array is none of numbers.", _REMEDY)
        return image_from(data, shape, kind.dtype(), fortran=fortran is True or fortran == 1)


class _Type:
    """Stands for the type of an array's numbers while a pickle is read."""

    __slots__ = ("_name", "_order")

    def __init__(self, name: Any) -> None:
        self._name = name
        self._order: Literal["<", ">", "|", "="] = "="

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "|", "="):
            raise ImagingError("The pickle is refused: the type of its numbers is unknown.", _REMEDY)
        self._order = state[1]

    def dtype(self) -> np.dtype[Any]:
        """Return the type that it stands for.

        :raises ImagingError: where it is none of numbers
        """
        return type_of(self._name).newbyteorder(self._order)


class _Word:
    """Stands for one of the four names. A new one each time: nobody can leave anything in it."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *arguments: Any) -> Any:
        if self._name == "_reconstruct":
            return _Array()
        if self._name == "dtype" and arguments:
            return _Type(arguments[0])
        if self._name == "encode" and len(arguments) == 2 and arguments[1] in ("latin1", "latin-1"):
            return str(arguments[0]).encode("latin-1")
        raise ImagingError(f"The pickle is refused: it uses {self._name} as no image does.", _REMEDY)

    def __setstate__(self, state: Any) -> NoReturn:
        raise ImagingError(f"The pickle is refused: it wants to change {self._name}.", _REMEDY)


def _harmless(module: str, name: str) -> _Word:
    """Return what stands for a name of a pickle.

    :raises ImagingError: where an image does not need it
    """
    needed = {
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("_codecs", "encode"),
    }
    if (module, name) not in needed:
        raise ImagingError(f"The pickle is refused: it uses {shown(f'{module}.{name}')}.", _REMEDY)
    return _Word(name)
