"""The losses of a stage, epoch by epoch: one JSON object a line, in step with its checkpoint."""

import json
import math
from pathlib import Path
from typing import Any

from image_describer.captioner import bundle_files
from image_describer.errors import TrainingError


class History:
    """``<stage>.jsonl``: one record an epoch, each with its ``step``.

    A record is written before the checkpoint that belongs to it, so that none can be missing; what
    a killed run wrote beyond its last checkpoint is dropped when it is taken up again.
    """

    def __init__(self, file: Path, step: int) -> None:
        """Go on at ``step``; 0 begins anew. Raises TrainingError for a file that is no history."""
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
                f"The losses {file} can't be read: {error}.", "Delete it, or leave out --resume."
            ) from error

    def append(self, record: dict[str, Any]) -> None:
        self.records.append(record)
        self._write()

    def is_best(self, key: str) -> bool:
        """Whether the last epoch has the lowest ``key`` of all."""
        values = [record.get(key, math.inf) for record in self.records]
        return bool(values) and values[-1] < min(values[:-1], default=math.inf)

    def out_of_patience(self, key: str, patience: int) -> bool:
        """Whether the lowest ``key`` is ``patience`` epochs old; 0 is patience without end."""
        values = [record.get(key, math.inf) for record in self.records]
        if not patience or not values:
            return False
        return len(values) - 1 - values.index(min(values)) >= patience

    def _write(self) -> None:
        text = "".join(json.dumps(record) + "\n" for record in self.records)
        bundle_files.write(self._file, text.encode())
