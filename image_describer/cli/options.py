"""Options that several commands have. Nothing heavy is imported: ``--help`` answers at once."""

import argparse
from pathlib import Path


def add_bundle(parser: argparse.ArgumentParser) -> None:
    """``--bundle``: which model describes."""
    parser.add_argument(
        "--bundle",
        metavar="FOLDER",
        type=Path,
        help="use the model in this folder, not the one that ships",
    )
