"""What is sent between the foreign client and us; needs nothing but NumPy."""

import numpy as np

NUMBERS = (
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float32",
    "float64",
    "bool",
)


def values(pulse_id):
    """Return the channels of a message: each type in all shapes, texts, and None from the second on."""
    found = {}
    for name in NUMBERS:
        ramp = (np.arange(24) + pulse_id).astype(name)
        found[name] = ramp[1]
        found[f"{name}_list"] = ramp
        found[f"{name}_image"] = ramp.reshape(4, 6)
        found[f"{name}_cube"] = ramp.reshape(2, 3, 4)
    large = (np.arange(960 * 1280, dtype="uint16") + pulse_id).reshape(960, 1280)
    texts = {"text": f"Größe 你好 {pulse_id}", "long_text": "x" * 10_000}
    python = {"int": pulse_id, "float": pulse_id / 3, "truth": True}
    return {**found, "large": large, **texts, **python, "gone": 1.5 if pulse_id == 0 else None}


def differences(found, pulse_id):
    """Return the names of channels that did not come through."""
    wanted = values(pulse_id)
    wrong = [name for name in wanted if name not in found]
    return wrong + [name for name in found if name not in wanted or not _same(found[name], wanted[name])]


def _same(found, wanted):
    if wanted is None or isinstance(wanted, str):
        return type(found) is type(wanted) and found == wanted
    found, wanted = np.asarray(found), np.asarray(wanted)
    same_type = found.dtype.newbyteorder("=") == wanted.dtype or (
        wanted.ndim == 0 and found.dtype.kind == wanted.dtype.kind
    )
    return same_type and found.shape == wanted.shape and bool(np.array_equal(found, wanted))
