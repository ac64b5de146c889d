"""``python -m image_describer [FILE]`` opens the window."""

import sys

from image_describer.app.main import main

if __name__ == "__main__":
    sys.exit(main())
