"""The sound of a stream: silence, a tone, that of the input, or a device's."""

from pyca.core.live import AUDIO_RATE, SILENCE, TONE

SILENT = ("-f", "lavfi", "-i", f"anullsrc=sample_rate={AUDIO_RATE}:channel_layout=stereo")
_TONE = ("-f", "lavfi", "-i", f"sine=frequency=1000:sample_rate={AUDIO_RATE}")
_QUEUE = ("-thread_queue_size", "1024")
"""packets that wait while the camera is being opened"""


def sound_input(audio: str, *, own: bool, live: bool) -> tuple[str, ...]:
    """Return FFmpeg's input for the sound; nothing where it comes with the pictures.

    :param audio: as in a profile
    :param own: whether the input of the pictures has sound
    :param live: whether the pictures come at their own pace. Exactly one input is held back: a sound that is
        made runs seconds ahead of pictures that come late, and two that are held back wait for each other.
    """
    if audio == "input" and own:
        return ()
    kind, _, device = audio.partition(":")
    if audio not in (SILENCE, TONE) and device:
        return (*_QUEUE, "-f", kind, "-i", device)
    made = _TONE if audio == TONE else SILENT
    return ("-re", *made) if live else made
