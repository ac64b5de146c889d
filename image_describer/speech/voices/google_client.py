"""Requests to Google Translate's speech service, in gTTS's protocol.

gTTS builds the requests. They are sent from here because gTTS disables the check of the server's
certificate, ignores no_proxy, and has no time limit for the whole answer.
"""

import base64
import binascii
import contextlib
import json
import os
import time
from collections.abc import Iterator
from typing import Any

from image_describer.errors import GoogleBlockedError, GoogleError, SpeechError
from image_describer.i18n import N_, _
from image_describer.speech.deadline import run_within
from image_describer.speech.languages import DEFAULT_LANGUAGE, SpokenLanguage
from image_describer.text import clean, visible

ADDRESS_VARIABLE = "IMAGE_DESCRIBER_GTTS_ADDRESS"
SERVICE_PATH = "/_/TranslateWebserverUi/data/batchexecute"
ANSWER_LIMIT_BYTES = 8_000_000  # a sentence is about 30 kB
CHUNK_BYTES = 16_384
MIN_DURATION_S = 0.05  # a shorter MP3 contains no speech
CAUSE_LIMIT = 150  # characters
INSTALL = "pip install gtts"  # untranslated
FALLBACK = N_("The offline voice speaks instead.")


def service_address(tld: str = DEFAULT_LANGUAGE.tld) -> str:
    """The service: IMAGE_DESCRIBER_GTTS_ADDRESS if set, else Google Translate."""
    chosen = os.environ.get(ADDRESS_VARIABLE) or f"https://translate.google.{tld}"
    return chosen.rstrip("/")


def request_speech(
    text: str, address: str, limit_s: float, language: SpokenLanguage = DEFAULT_LANGUAGE
) -> bytes:
    """Return ``text`` spoken in ``language``, as MP3. Sends nothing but text and language.

    The limit is checked between the pieces of an answer; a name server or a proxy may take longer.
    Raises GoogleError, GoogleBlockedError for status 429, and SpeechError if the service is not the
    cause.
    """
    try:
        from gtts import gTTS
    except ImportError as error:
        raise SpeechError(_("gTTS is not installed."), INSTALL) from error
    deadline = time.monotonic() + limit_s
    try:
        tts = gTTS(text, tld=language.tld, lang=language.language, lang_check=False)
        bodies = tts.get_bodies()
    except AssertionError as error:  # gTTS found nothing that can be spoken
        raise SpeechError(
            _("There is nothing in this text that Google's voice can say.")
        ) from error
    mp3 = b"".join(
        _extract_mp3(_post(address + SERVICE_PATH, body, tts.GOOGLE_TTS_HEADERS, deadline), tts)
        for body in bodies
    )
    decode_mp3(mp3)
    return mp3


def _post(url: str, body: str, headers: dict[str, str], deadline: float) -> bytes:
    """Send one request and return the body of the answer."""
    import requests

    left = max(0.1, deadline - time.monotonic())
    with (
        _reported_as_unreachable(_("Google's voice")),
        requests.post(url, data=body, headers=headers, timeout=left, stream=True) as answer,
    ):
        if answer.status_code == 429:
            raise GoogleBlockedError(
                _("Google received too many requests from this address (429)."), _(FALLBACK)
            )
        if answer.status_code != 200:
            raise GoogleError(
                _("Google's voice answered with status {status}.").format(
                    status=answer.status_code
                ),
                _(FALLBACK),
            )
        received = b""
        for chunk in answer.iter_content(CHUNK_BYTES):
            received += chunk
            if len(received) > ANSWER_LIMIT_BYTES:
                raise GoogleError(_("Google's voice sent more than a sentence."), _(FALLBACK))
            if time.monotonic() > deadline:
                raise GoogleError(_("Google's voice took too long."), _(FALLBACK))
        return received


@contextlib.contextmanager
def _reported_as_unreachable(service: str) -> Iterator[None]:
    """Raise GoogleError for whatever the network library raises: with unusual settings of proxies,
    certificates or passwords, that may be anything."""
    import requests

    try:
        yield
    except SpeechError:
        raise
    except Exception as error:
        cause = type(error).__name__
        # The messages of requests' own errors are several lines of Python objects.
        if str(error) and not isinstance(error, requests.RequestException):
            cause = f"{cause}: {clean(str(error), CAUSE_LIMIT)}"
        raise GoogleError(
            _("{service} can't be reached ({cause}).").format(service=service, cause=cause),
            _(FALLBACK),
        ) from error


def _extract_mp3(answer: bytes, tts: Any) -> bytes:
    """Decode the MP3: a line of JSON contains rows such as ["wrb.fr", RPC, '["<base64>"]']."""
    for line in answer.decode("utf-8", "replace").splitlines():
        if tts.GOOGLE_TTS_RPC not in line:
            continue
        try:
            for row in json.loads(line):
                if row[1] == tts.GOOGLE_TTS_RPC:
                    return base64.b64decode(json.loads(row[2])[0], validate=True)
        except (ValueError, TypeError, LookupError, binascii.Error):
            break
    raise GoogleError(_("Google's voice sent an answer without sound."), _(FALLBACK))


def decode_mp3(data: bytes) -> tuple[bytes, int]:
    """Return int16 mono PCM and its sample rate in Hz. Raises GoogleError if it is not MP3."""
    import miniaudio

    not_mp3 = GoogleError(_("Google's voice sent something other than MP3."), _(FALLBACK))
    # The decoder searches for a frame anywhere and finds one in many a kilobyte of noise.
    if not (data[:3] == b"ID3" or (data[:1] == b"\xff" and data[1:2] >= b"\xe0")):
        raise not_mp3
    try:
        rate = miniaudio.mp3_get_info(data).sample_rate
        decoded = miniaudio.decode(
            data, miniaudio.SampleFormat.SIGNED16, nchannels=1, sample_rate=rate
        )
    except miniaudio.MiniaudioError as error:
        raise not_mp3 from error
    if decoded.num_frames < MIN_DURATION_S * rate:
        raise not_mp3
    return decoded.samples.tobytes(), rate


def measure_response_time(address: str, limit_s: float) -> float:
    """Return the seconds until the service's host answers anything. Raises GoogleError."""
    import requests

    start = time.monotonic()
    with _reported_as_unreachable(visible(address)):
        run_within(
            limit_s, lambda: requests.head(address + "/", timeout=limit_s, allow_redirects=False)
        )
    return time.monotonic() - start
