"""Google's spoken text, asked for in gTTS's words.

gTTS makes the requests; they are sent from here because gTTS itself turns the check of the
server's certificate off, ignores no_proxy, and knows no limit for the answer as a whole.
"""

import base64
import binascii
import json
import os
import time
from typing import Any

from image_describer.errors import GoogleBlockedError, GoogleError, SpeechError
from image_describer.speech.deadline import run_within
from image_describer.speech.languages import USUAL, SpokenLanguage

ADDRESS_VARIABLE = "IMAGE_DESCRIBER_GTTS_ADDRESS"
SERVICE_PATH = "/_/TranslateWebserverUi/data/batchexecute"
ANSWER_LIMIT_BYTES = 8_000_000  # a sentence is some 30 kB
CHUNK_BYTES = 16_384
SHORTEST_S = 0.05  # an MP3 shorter than this says nothing
WAY_OUT = "The offline voice speaks instead."


def service_address(tld: str = USUAL.tld) -> str:
    """Where the service is: IMAGE_DESCRIBER_GTTS_ADDRESS if set, else Google Translate."""
    chosen = os.environ.get(ADDRESS_VARIABLE) or f"https://translate.google.{tld}"
    return chosen.rstrip("/")


def ask(text: str, address: str, limit_s: float, language: SpokenLanguage = USUAL) -> bytes:
    """``text`` spoken in ``language``, as MP3. Sends the text, the language and nothing else.

    The limit holds between the pieces of an answer; a name server or a proxy may take longer.
    Raises GoogleError, GoogleBlockedError for 429; SpeechError when the
    service is not to blame.
    """
    try:
        from gtts import gTTS
    except ImportError as error:
        raise SpeechError("gTTS is not installed.", "pip install gtts") from error
    deadline = time.monotonic() + limit_s
    try:
        tts = gTTS(text, tld=language.tld, lang=language.language, lang_check=False)
        bodies = tts.get_bodies()
    except AssertionError as error:  # gTTS's way to say that nothing is left to be said
        raise SpeechError("There is nothing in this text that Google's voice can say.") from error
    sound = b"".join(
        _sound_in(_send(address + SERVICE_PATH, body, tts.GOOGLE_TTS_HEADERS, deadline), tts)
        for body in bodies
    )
    decode_mp3(sound)
    return sound


def _send(url: str, body: str, headers: dict[str, str], deadline: float) -> bytes:
    """POST one request; the answer's body."""
    import requests

    left = max(0.1, deadline - time.monotonic())
    try:
        with requests.post(url, data=body, headers=headers, timeout=left, stream=True) as answer:
            if answer.status_code == 429:
                raise GoogleBlockedError(
                    "Google has had too many requests from here (429).", WAY_OUT
                )
            if answer.status_code != 200:
                raise GoogleError(f"Google's voice answered {answer.status_code}.", WAY_OUT)
            received = b""
            for chunk in answer.iter_content(CHUNK_BYTES):
                received += chunk
                if len(received) > ANSWER_LIMIT_BYTES:
                    raise GoogleError("Google's voice sent more than a sentence.", WAY_OUT)
                if time.monotonic() > deadline:
                    raise GoogleError("Google's voice took too long.", WAY_OUT)
            return received
    except requests.RequestException as error:
        raise GoogleError(
            f"Google's voice can't be reached ({type(error).__name__}).", WAY_OUT
        ) from error


def _sound_in(answer: bytes, tts: Any) -> bytes:
    """The MP3 in one answer: a line of JSON holds rows such as ["wrb.fr", RPC, '["<base64>"]']."""
    for line in answer.decode("utf-8", "replace").splitlines():
        if tts.GOOGLE_TTS_RPC not in line:
            continue
        try:
            for row in json.loads(line):
                if row[1] == tts.GOOGLE_TTS_RPC:
                    return base64.b64decode(json.loads(row[2])[0], validate=True)
        except (ValueError, TypeError, LookupError, binascii.Error):
            break
    raise GoogleError("Google's voice sent an answer without sound.", WAY_OUT)


def decode_mp3(data: bytes) -> tuple[bytes, int]:
    """MP3 -> int16 mono PCM and its rate in Hz. Raises GoogleError for anything but MP3."""
    import miniaudio

    refusal = GoogleError("Google's voice sent something that is not MP3.", WAY_OUT)
    # The decoder looks for a frame anywhere, and finds one in many a kilobyte of noise.
    if not (data[:3] == b"ID3" or (data[:1] == b"\xff" and data[1:2] >= b"\xe0")):
        raise refusal
    try:
        rate = miniaudio.mp3_get_info(data).sample_rate
        decoded = miniaudio.decode(
            data, miniaudio.SampleFormat.SIGNED16, nchannels=1, sample_rate=rate
        )
    except miniaudio.MiniaudioError as error:
        raise refusal from error
    if decoded.num_frames < SHORTEST_S * rate:
        raise refusal
    return decoded.samples.tobytes(), rate


def reach(address: str, limit_s: float) -> float:
    """Seconds until the service's host answers anything at all. Raises GoogleError."""
    import requests

    began = time.monotonic()
    try:
        run_within(
            limit_s, lambda: requests.head(address + "/", timeout=limit_s, allow_redirects=False)
        )
    except (requests.RequestException, TimeoutError) as error:
        raise GoogleError(
            f"{address} can't be reached ({type(error).__name__}).", WAY_OUT
        ) from error
    return time.monotonic() - began
