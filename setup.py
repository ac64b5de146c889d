"""Packaging: the modules and the folders of data that the wheel contains."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent

# Where the wheel puts the folders of data, so that image_describer/paths.py finds them in a wheel,
# an editable install and a checkout.
DATA_PACKAGES = {
    "image_describer.models": "models",
    "image_describer.assets": "assets",
    "image_describer.train.recipes": "train/recipes",
}

APP = [
    "ai-edge-litert>=2.1",
    "flatbuffers>=24.3",
    "numpy>=1.26",
    "pillow>=11.3",  # the first with AVIF in its wheels
    "pi-heif>=1.1",
    "gtts>=2.5.3",
    "requests>=2.31",
    "playsound3>=3.2",
    "miniaudio>=1.61",
    "espeakng-loader>=0.2.4",
    "lameenc>=1.7",
    "tkinterdnd2>=0.7",
    "zxing-cpp>=3.0",
    "pypdfium2>=5.0",
    "idna>=3.7",
    "platformdirs>=4.0",
    "defusedxml>=0.7.1",
    "tqdm>=4.66",
    "watchdog>=5",
    'jeepney>=0.8; sys_platform not in "win32 darwin"',  # for the screen on Wayland, and Orca
    'tomli>=2.0; python_version < "3.11"',
    "tomli-w>=1.1",
]
TRAIN = [
    "ai-edge-quantizer>=0.10",
    "tensorflow>=2.20",
    "keras>=3.12",
    "matplotlib>=3.9",
    "pycocoevalcap>=1.2",
    "scikit-learn>=1.7",  # the first with sample weights for MLPClassifier
    "scipy>=1.13",
    "filelock>=3.16",
    "onnx>=1.16",  # to convert the networks that read text
]
SERVER = [
    "fastapi>=0.115",
    "starlette>=0.40",
    "anyio>=4.0",
    "pydantic>=2.7",
    "uvicorn>=0.32",
    "python-multipart>=0.0.18",
    "prometheus-client>=0.21",
    "psutil>=6.0",
    "h11>=0.14",  # this and the next are for fetching pictures by URL
    "certifi",
]
# Linux needs none: Orca and speech-dispatcher are asked directly.
SCREEN_READER = ['prismatoid>=0.18; sys_platform in "win32 darwin"']
CLUSTER = [
    "dask>=2025.1",
    "distributed>=2025.1",
]
# TRAIN is for tests/train; setuptools and wheel let the tests build a wheel without a download.
DEV = [
    *TRAIN,
    *CLUSTER,
    *SERVER,
    "babel>=2.16",  # extracts and compiles the translations
    "axe-playwright-python>=0.1.8",  # axe-core, and Playwright to drive Chromium
    "httpx>=0.28",
    "pytest>=8.3",
    "pytest-rerunfailures>=15.0",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.6",
    "hypothesis>=6.100",
    "pillow-heif>=1.1",
    "tifffile>=2024.8",  # writes TIFFs of every layout; the next has their compression
    "imagecodecs>=2024.9",
    "pyyaml>=6.0",  # to read the compose file
    "schemathesis>=4.0",
    "trustme>=1.2",  # certificates for test servers
    'python-xlib>=0.33; sys_platform == "linux"',
    "ruff>=0.9",
    "import-linter>=2.16,<2.17",  # later ones need a newer click than gTTS allows
    "jax>=0.5",  # the second backend of Keras that the tests train on
    "mypy>=1.14",
    "types-defusedxml",
    "types-psutil",
    "types-requests",
    "types-tqdm",
    "setuptools>=77",
    "wheel>=0.45",
]


def version() -> str:
    """Read the version from image_describer/__init__.py as text: nothing is installed yet."""
    text = (HERE / "image_describer" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        raise RuntimeError('image_describer/__init__.py has no line __version__ = "..."')
    return found.group(1)


setup(
    name="image-describer",
    version=version(),
    description="Describes pictures aloud for blind people, offline, and says how sure it is",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="Image Describer contributors",
    license="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.10,<3.14",
    packages=[
        *find_packages(include=["image_describer", "image_describer.*"]),
        *DATA_PACKAGES,
    ],
    package_dir=DATA_PACKAGES,
    package_data={
        "image_describer": ["py.typed", "locale/*/LC_MESSAGES/*.mo"],
        **{name: ["*", "**/*"] for name in DATA_PACKAGES},
    },
    include_package_data=False,
    install_requires=APP,
    extras_require={
        "train": TRAIN,
        "server": SERVER,
        "cluster": CLUSTER,
        "screen-reader": SCREEN_READER,
        "dev": DEV,
    },
    entry_points={
        "console_scripts": ["image-describer=image_describer.cli.main:main"],
        "gui_scripts": ["image-describer-app=image_describer.app.main:main"],
    },
    keywords="accessibility blind image captioning alt text speech offline",
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Environment :: Console",
        "Environment :: X11 Applications",
        "Intended Audience :: End Users/Desktop",
        "Operating System :: MacOS",
        "Operating System :: Microsoft :: Windows",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Adaptive Technologies",
        "Topic :: Multimedia :: Sound/Audio :: Speech",
    ],
)
