"""Sentences without pictures: one a line, after an id and a tab if there is one."""

from pathlib import Path

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.formats.reading import read_text, source

SUFFIXES = (".tsv", ".txt", ".tsv.gz", ".txt.gz")
WAY_OUT = "Give a text file (.tsv, .txt, also as .gz) of lines 'id<TAB>caption', or of captions."


def recognizes(path: Path) -> bool:
    return path.name.endswith(SUFFIXES) and path.is_file()


def read(path: Path) -> Dataset:
    """Read the sentences, without empty lines. Raises TrainingError."""
    text, problems = read_text(path, WAY_OUT)
    sentences = [line.rpartition("\t")[2].strip() for line in text.split("\n")]
    sentences = [sentence for sentence in sentences if sentence]
    if not sentences:
        raise TrainingError(f"{path} has no sentence.", WAY_OUT)
    record = source(path, "sentences", 0, {"": sentences}, [path])
    return Dataset(sentences=sentences, problems=problems, sources=[record])
