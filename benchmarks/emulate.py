"""Measure as on an older processor: XNNPACK, LiteRT's kernels, uses only what that one has.

For Linux on x86-64 with LiteRT's wheel, whose symbols `nm` of binutils must find. The clock, caches
and the width of the arithmetic units stay those of the machine.
"""

import ctypes
import subprocess
from pathlib import Path

# The bits of XNNPACK's xnn_arch_flags that remain, for an x86-64.
SSSE3_TO_AVX2 = 0xFF  # the lowest eight
PROCESSORS = {
    "avx512": SSSE3_TO_AVX2 | 0xF00,  # without VNNI: Skylake-X
    "avx2": SSSE3_TO_AVX2,  # Intel Core from 2013 to 2019, AMD Ryzen from 2017 to 2021
    "avx": 0x1F,
    "sse2": 0x03,
}
LIBRARY = "libpywrap_litert_common.so"


def emulate(processor: str) -> None:
    """Hide what ``processor`` lacks from XNNPACK; call it before anything is loaded by LiteRT."""
    import ai_edge_litert.interpreter  # noqa: F401  (loads the library)

    maps = [line.split() for line in Path("/proc/self/maps").read_text().splitlines()]
    mapped = [(fields[0], fields[-1]) for fields in maps if fields[-1].endswith(LIBRARY)]
    base, library = int(mapped[0][0].partition("-")[0], 16), mapped[0][1]
    lines = subprocess.run(["nm", library], capture_output=True, check=True, text=True).stdout
    symbols = {name: int(at, 16) for at, _, name in map(str.split, _defined(lines))}
    ctypes.CFUNCTYPE(ctypes.c_void_p)(base + symbols["xnn_init_hardware_config"])()
    # The 64 flags follow an int32, the microarchitecture.
    flags = ctypes.c_uint64.from_address(base + symbols["hardware_config"] + 8)
    flags.value &= PROCESSORS[processor]


def _defined(listing: str) -> list[str]:
    return [line for line in listing.splitlines() if len(line.split()) == 3]
