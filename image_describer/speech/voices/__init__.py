"""The voices: espeak-ng, Google Translate, and a silent one for tests."""
