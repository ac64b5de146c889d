"""Speech as a file: WAV with the standard library, MP3 as received or encoded with LAME."""

import io
import sys
import wave
from array import array
from pathlib import Path

from image_describer import files
from image_describer.errors import SpeechError
from image_describer.i18n import _
from image_describer.speech.audio.clip import AudioClip

SUFFIXES = (".wav", ".mp3")
MP3_KBIT_S = 64  # a higher rate makes no audible difference for a single voice


def check_path(path: Path) -> None:
    """Raise SpeechError if speech can't be saved as ``path``."""
    if path.suffix.lower() not in SUFFIXES:
        if path.suffix:
            problem = _("Speech is saved as .wav or .mp3, not as {suffix}.")
        else:
            problem = _("Speech is saved as .wav or .mp3, and '{name}' has no file extension.")
        raise SpeechError(
            problem.format(suffix=path.suffix, name=path.name),
            _("Choose a name that ends in .wav or .mp3."),
        )
    if not path.parent.is_dir():
        raise SpeechError(
            _("There is no folder {folder}.").format(folder=path.parent),
            _("Create it, or choose another folder."),
        )
    if path.is_dir():
        raise SpeechError(
            _("{name} is a folder.").format(name=path), _("Choose the name of a file.")
        )


def write(clip: AudioClip, path: Path) -> None:
    """Write ``clip`` atomically, in the format of the file extension. Raises SpeechError."""
    check_path(path)
    data = _wav(clip) if path.suffix.lower() == ".wav" else clip.mp3 or _mp3(clip)
    try:
        files.write(path, data)
    except OSError as error:
        raise SpeechError(
            _("{file} can't be written: {reason}.").format(file=path, reason=files.reason(error)),
            _("Choose another folder or name."),
        ) from error


def _wav(clip: AudioClip) -> bytes:
    memory = io.BytesIO()
    with wave.open(memory, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(clip.rate_hz)
        file.writeframes(clip.pcm)
    return memory.getvalue()


def _mp3(clip: AudioClip) -> bytes:
    try:
        import lameenc
    except ImportError as error:
        raise SpeechError(
            _("This machine can't encode MP3 files."), _("Save as .wav, or pip install lameenc.")
        ) from error
    encoder = lameenc.Encoder()
    encoder.silence()  # otherwise it prints its settings to stdout
    encoder.set_channels(1)
    encoder.set_in_sample_rate(clip.rate_hz)
    encoder.set_bit_rate(MP3_KBIT_S)
    encoder.set_quality(2)
    pcm = array("h", clip.pcm)
    if sys.byteorder == "big":  # LAME expects little-endian samples
        pcm.byteswap()
    return bytes(encoder.encode(pcm.tobytes())) + bytes(encoder.flush())
