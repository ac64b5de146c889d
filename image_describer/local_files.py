"""Which files are on this computer, and not fetched from a cloud or a phone when they are read."""

import os
import re
from pathlib import Path

# Windows' attributes of files whose content is fetched when they are opened or read, as OneDrive's.
OFFLINE, RECALL_ON_OPEN, RECALL_ON_DATA_ACCESS = 0x1000, 0x40000, 0x400000
DATALESS = 0x40000000  # macOS's flag of the same, as in iCloud Drive
# Linux's file systems that fetch files from far away; those of a file server are as good as a disk.
FAR_FILE_SYSTEMS = frozenset(
    f"fuse.{name}"
    for name in (
        *("gvfsd-fuse", "kio-fuse", "rclone", "onedriver", "google-drive-ocamlfuse", "sshfs"),
        *("s3fs", "goofys", "davfs", "curlftpfs", "jmtpfs", "simple-mtpfs", "ifuse"),
    )
)
MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")


def is_downloaded(status: os.stat_result) -> bool:
    """Whether this computer has the content of a file, rather than only its name."""
    attributes = getattr(status, "st_file_attributes", 0)
    recalled = attributes & (OFFLINE | RECALL_ON_OPEN | RECALL_ON_DATA_ACCESS)
    return not recalled and not getattr(status, "st_flags", 0) & DATALESS


def is_local(path: str) -> bool:
    """Whether reading ``path`` fetches nothing from elsewhere. May take long. Raises OSError."""
    if not is_downloaded(os.stat(path)):
        return False
    try:
        mounts = MOUNTS.read_bytes()
    except OSError:  # other systems have no such file
        return True
    return file_system_of(os.path.realpath(path), os.fsdecode(mounts)) not in FAR_FILE_SYSTEMS


def file_system_of(path: str, mounts: str) -> str:
    """The type of the file system that ``path`` is in; "" if unknown.

    ``mounts`` is the content of `MOUNTS`, as proc(5) describes it.
    """
    found, found_at = "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5:
            continue
        mount = _OCTAL.sub(lambda digits: chr(int(digits[1], 8)), fields[4])  # a space is \040
        # Of several at the same place, the last one is on top.
        if len(mount) >= len(found_at) and f"{path}/".startswith(f"{mount.rstrip('/')}/"):
            found, found_at = after.split(" ")[0], mount
    return found
