"""The voices: espeak-ng, Google Translate's, and a silent one."""
