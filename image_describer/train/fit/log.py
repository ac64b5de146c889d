"""The log of a phase: one JSON object for each epoch, in step with its checkpoint."""

import json
import math
from pathlib import Path
from typing import Any

from image_describer import files
from image_describer.errors import TrainingError


class TrainingLog:
    """``<phase>.jsonl``: one record for each epoch, with its ``step``.

    A record is written before the checkpoint that belongs to it, so that none can be missing.
    Records that a killed run wrote after its last checkpoint are dropped when it is resumed.
    """

    def __init__(self, file: Path, step: int) -> None:
        """Continue at ``step``; 0 starts anew. Raises TrainingError for a damaged log."""
        self._file = file
        self.records: list[dict[str, Any]] = []
        if step and file.exists():
            self.records = [record for record in self.read(file) if record["step"] <= step]
        self._write()

    @staticmethod
    def read(file: Path) -> list[dict[str, Any]]:
        """All records, each with its ``step``. Raises TrainingError."""
        try:
            records = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
            if all(type(record["step"]) is int for record in records):
                return records
            raise ValueError("a record has no step")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TrainingError(
                f"The log {file} can't be read: {error}.", "Delete it, or use --overwrite."
            ) from error

    def append(self, record: dict[str, Any]) -> None:
        self.records.append(record)
        self._write()

    def is_best(self, key: str) -> bool:
        """Whether the last epoch has the lowest ``key`` of all."""
        values = [record.get(key, math.inf) for record in self.records]
        return bool(values) and values[-1] < min(values[:-1], default=math.inf)

    def out_of_patience(self, key: str, patience: int) -> bool:
        """Whether the lowest ``key`` is ``patience`` epochs old; False if none was measured."""
        values = [record.get(key, math.inf) for record in self.records]
        if not patience or math.inf == min(values, default=math.inf):
            return False
        return len(values) - 1 - values.index(min(values)) >= patience

    def _write(self) -> None:
        text = "".join(json.dumps(record) + "\n" for record in self.records)
        files.write(self._file, text.encode())
