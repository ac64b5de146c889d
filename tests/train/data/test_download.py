"""Downloading a data set from a server on loopback."""

import errno
import hashlib
import http.server
import io
import threading
import zipfile

import pytest

from image_describer.errors import TrainingError
from image_describer.train.data.download import FLICKR8K, Archive, download
from image_describer.train.data.sets import read


class Server(http.server.ThreadingHTTPServer):
    """Serves ``files``; ``cut`` ends each answer after so many bytes."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.cut, self.requested = {}, None, []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.requested.append(self.path)
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: self.server.cut])
        self.close_connection = True


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    running = Server()
    threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def archives(server, tiny_data):
    """The tiny data, served like Flickr8k: texts without a folder, pictures in theirs."""
    texts = {file.name: file.read_bytes() for file in (tiny_data / "Flickr8k_text").iterdir()}
    pictures = {
        f"Flicker8k_Dataset/{file.name}": file.read_bytes()
        for file in (tiny_data / "Flicker8k_Dataset").iterdir()
    }
    junk = {"__MACOSX/._x": b"junk"}
    server.files = {"/text.zip": zipped(texts | junk), "/pictures.zip": zipped(pictures | junk)}
    return [
        Archive(server.url + path, hashlib.md5(content).hexdigest(), real.folder, real.content)
        for real, (path, content) in zip(FLICKR8K, server.files.items(), strict=True)
    ]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_data_set_is_downloaded_unpacked_and_can_be_read(archives, tmp_path):
    folder = tmp_path / "data" / "flickr8k"
    download(folder, archives)
    assert names(folder) == ["Flicker8k_Dataset", "Flickr8k_text"]
    assert "__MACOSX" not in names(folder / "Flickr8k_text")
    assert len(read(folder).captions) == 24


def test_what_exists_is_not_downloaded_again(server, archives, tmp_path):
    download(tmp_path, archives)
    server.requested.clear()
    download(tmp_path, archives)
    assert server.requested == []


def test_paths_out_of_the_folder_are_not_unpacked(server, tmp_path):
    server.files = {"/a.zip": zipped({"../../outside.txt": b"out", "x": b"in"})}
    md5 = hashlib.md5(server.files["/a.zip"]).hexdigest()
    with pytest.warns(UserWarning, match="invalid path"):
        download(tmp_path / "data", [Archive(f"{server.url}/a.zip", md5, "", "x")])
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["x"]


@pytest.mark.filterwarnings("ignore:Could not extract")
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("checksum", "hash does not match"),
        ("cut", r"text\.zip can't be downloaded"),
        ("missing", "404"),
        ("no zip", "doesn't contain"),
        ("other zip", "doesn't contain"),
        ("no server", "refused"),
    ],
)
def test_a_failed_download_leaves_nothing_behind(server, archives, tmp_path, fault, reason):
    first, second = archives
    if fault == "no server":
        server.shutdown()
        server.server_close()
    elif fault == "cut":
        server.cut = 500
    else:
        changes = {"no zip": b"text", "other zip": zipped({"other.txt": b"x"}), "missing": None}
        content = changes.get(fault, b"other")
        server.files["/text.zip"] = content
        if fault.endswith("zip"):
            first = Archive(first.url, hashlib.md5(content).hexdigest(), "texts", first.content)
    with pytest.raises(TrainingError, match=reason):
        download(tmp_path / "data", [first, second])
    assert names(tmp_path / "data") == []


def test_a_folder_that_cannot_be_written_is_reported(tmp_path, archives):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="can't be written"):
        download(tmp_path / "file", archives)


def test_a_full_disk_is_not_taken_for_a_network_problem(tmp_path, archives, monkeypatch):
    def full(**_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("keras.utils.get_file", full)
    with pytest.raises(TrainingError, match=r"can't be written.*No space left") as caught:
        download(tmp_path, archives)
    assert "Make room" in caught.value.way_out


def test_the_archives_have_valid_checksums_and_https_addresses():
    for archive in FLICKR8K:
        assert len(bytes.fromhex(archive.md5)) == 16
        assert archive.url.startswith("https://")
        assert archive.url.endswith(".zip")
