"""Speech as a file: WAV by the standard library, MP3 as it came or by LAME."""

import contextlib
import io
import sys
import uuid
import wave
from array import array
from pathlib import Path

from image_describer.errors import SpeechError
from image_describer.speech.voices.base import Audio

SUFFIXES = (".wav", ".mp3")
MP3_KBIT_S = 64  # more changes nothing that can be heard in one voice


def check_path(path: Path) -> None:
    """Raises SpeechError where speech can't be saved as ``path``."""
    if path.suffix.lower() not in SUFFIXES:
        named = f"not as {path.suffix}" if path.suffix else f"and {path.name!r} has no ending"
        raise SpeechError(
            f"Speech is saved as .wav or .mp3, {named}.", "Choose a name that ends in .wav or .mp3."
        )
    if not path.parent.is_dir():
        raise SpeechError(f"There is no folder {path.parent}.", "Make it, or choose another one.")
    if path.is_dir():
        raise SpeechError(f"{path} is a folder.", "Choose the name of a file.")


def write(audio: Audio, path: Path) -> None:
    """Write ``audio`` in the format of ``path``'s ending, whole or not at all.

    Raises SpeechError.
    """
    check_path(path)
    data = _wav(audio) if path.suffix.lower() == ".wav" else audio.mp3 or _mp3(audio)
    # Opened plainly, not by tempfile: a saved file follows the user's own umask.
    unfinished = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with unfinished.open("xb") as file:
            file.write(data)
        unfinished.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        reason = error.strerror or error
        raise SpeechError(
            f"{path} can't be written: {reason}.", "Choose another folder or name."
        ) from error


def _wav(audio: Audio) -> bytes:
    memory = io.BytesIO()
    with wave.open(memory, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(audio.rate_hz)
        file.writeframes(audio.pcm)
    return memory.getvalue()


def _mp3(audio: Audio) -> bytes:
    try:
        import lameenc
    except ImportError as error:
        raise SpeechError(
            "This machine can't make MP3 files.", "Save as .wav, or pip install lameenc."
        ) from error
    encoder = lameenc.Encoder()
    encoder.silence()  # it writes its settings to stdout otherwise
    encoder.set_channels(1)
    encoder.set_in_sample_rate(audio.rate_hz)
    encoder.set_bit_rate(MP3_KBIT_S)
    encoder.set_quality(2)
    pcm = array("h", audio.pcm)
    if sys.byteorder == "big":  # LAME is given little-endian samples
        pcm.byteswap()
    return bytes(encoder.encode(pcm.tobytes())) + bytes(encoder.flush())
