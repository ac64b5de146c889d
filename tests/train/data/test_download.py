"""Fetching a data set from a server on loopback that breaks off, lies and comes back."""

import hashlib
import http.server
import io
import threading
import zipfile

import pytest

from image_describer.errors import TrainingError
from image_describer.train.data import download
from image_describer.train.data.dataset import read
from image_describer.train.data.download import DATA_SETS, Archive


class Server(http.server.ThreadingHTTPServer):
    """Serves ``files``. ``cut`` ends each answer after so many bytes, ``ranges`` can be refused,
    ``statuses`` are answered first, one for each request."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.cut, self.ranges, self.statuses = {}, None, True, []
        self.asked = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range", "")
        server.asked.append(wanted)
        if server.statuses:
            self.send_error(server.statuses.pop(0))
            return
        content = server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if wanted and server.ranges and start >= len(content):
            self.send_error(416)
            return
        if wanted and server.ranges:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            content = content[start:]
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: server.cut])
        self.close_connection = True


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(download, "CHUNK_BYTES", 1000)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    running = Server()
    threading.Thread(target=running.serve_forever, daemon=True).start()
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
def data_sets(server, tiny_data):
    """The tiny data, served as Flickr8k is: texts without a folder, pictures with theirs."""
    texts = {file.name: file.read_bytes() for file in (tiny_data / "Flickr8k_text").iterdir()}
    pictures = {
        f"Flicker8k_Dataset/{file.name}": file.read_bytes()
        for file in (tiny_data / "Flicker8k_Dataset").iterdir()
    }
    junk = {"__MACOSX/._x": b"junk", "../outside.txt": b"out", "/outside.txt": b"out"}
    server.files = {"/text.zip": zipped(texts | junk), "/pictures.zip": zipped(pictures | junk)}
    real = DATA_SETS["flickr8k"]
    archives = (
        Archive(f"{server.url}/{file}", digest(content), place.into, place.brings)
        for place, (file, content) in zip(
            real, ((n.strip("/"), c) for n, c in server.files.items()), strict=True
        )
    )
    return {"tiny": tuple(archives)}


def digest(content, kind="sha256"):
    return f"{kind}:{hashlib.new(kind, content).hexdigest()}"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_data_set_is_fetched_checked_unpacked_and_can_be_read(data_sets, tmp_path):
    folder = download.download("tiny", tmp_path / "data" / "flickr8k", data_sets)
    assert names(folder) == ["Flicker8k_Dataset", "Flickr8k_text"]
    assert len(read(folder).captions) == 24
    assert not list(tmp_path.rglob("outside.txt"))
    assert names(tmp_path) == ["data"]


def test_what_is_there_is_not_fetched_again(server, data_sets, tmp_path):
    download.download("tiny", tmp_path, data_sets)
    server.asked.clear()
    download.download("tiny", tmp_path, data_sets)
    assert server.asked == []


def test_a_connection_that_breaks_off_is_continued(server, data_sets, tmp_path):
    server.cut = 5000
    download.download("tiny", tmp_path, data_sets)
    assert len(read(tmp_path).captions) == 24
    pictures = len(server.files["/pictures.zip"])
    continued = [asked for asked in server.asked if asked]
    assert len(continued) >= pictures // 5000
    assert "bytes=5000-" in continued


def test_an_earlier_call_s_part_is_continued(server, data_sets, tmp_path):
    content = server.files["/text.zip"]
    (tmp_path / "text.zip.part").write_bytes(content[:700])
    download.download("tiny", tmp_path, data_sets)
    assert server.asked[0] == "bytes=700-"
    assert len(read(tmp_path).captions) == 24


def test_a_part_that_is_whole_needs_nothing_more(server, data_sets, tmp_path):
    (tmp_path / "text.zip.part").write_bytes(server.files["/text.zip"])
    download.download("tiny", tmp_path, data_sets)
    assert len(read(tmp_path).captions) == 24


def test_a_server_that_can_t_go_on_sends_the_whole(server, data_sets, tmp_path):
    server.ranges = False
    (tmp_path / "text.zip.part").write_bytes(b"x" * 700)
    download.download("tiny", tmp_path, data_sets)
    assert len(read(tmp_path).captions) == 24


def test_errors_of_the_server_that_pass_are_waited_for(server, data_sets, tmp_path):
    server.statuses = [503, 500, 429]
    download.download("tiny", tmp_path, data_sets)
    assert len(read(tmp_path).captions) == 24


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_another_content_is_refused_and_deleted(server, data_sets, tmp_path, kind):
    first, *rest = data_sets["tiny"]
    wrong = Archive(first.url, digest(b"something else", kind), first.into, first.brings)
    with pytest.raises(TrainingError, match=f"not what was published.*{kind}"):
        download.download("tiny", tmp_path, {"tiny": (wrong, *rest)})
    assert names(tmp_path) == []


@pytest.mark.parametrize("content", [b"no zip at all", zipped({"other.txt": b"x"})])
def test_an_archive_that_is_none_leaves_nothing_half_unpacked(server, tmp_path, content):
    server.files = {"/a.zip": content}
    archive = Archive(f"{server.url}/a.zip", digest(content), "texts", "Flickr8k.token.txt")
    with pytest.raises(TrainingError, match=r"a\.zip"):
        download.download("x", tmp_path, {"x": (archive,)})
    assert not (tmp_path / "texts").exists()
    assert not [name for name in names(tmp_path) if "unpacking" in name]


def test_what_is_not_there_is_told_at_once(server, tmp_path):
    archive = Archive(f"{server.url}/gone.zip", digest(b""), "", "x")
    with pytest.raises(TrainingError, match="404"):
        download.download("x", tmp_path, {"x": (archive,)})
    assert len(server.asked) == 1


def test_a_server_that_never_gets_further_is_given_up(server, data_sets, tmp_path):
    server.cut = 0
    with pytest.raises(TrainingError) as caught:
        download.download("tiny", tmp_path, data_sets)
    assert "goes on where it stopped" in caught.value.way_out
    assert len(server.asked) == download.ATTEMPTS


def test_no_network_is_told_with_the_way_out(server, data_sets, tmp_path):
    server.shutdown()
    server.server_close()
    with pytest.raises(TrainingError, match="no connection"):
        download.download("tiny", tmp_path, data_sets)


def test_an_unknown_data_set_is_refused_with_those_that_there_are(tmp_path):
    with pytest.raises(TrainingError) as caught:
        download.download("flickr30k", tmp_path)
    assert "flickr8k" in caught.value.way_out


def test_a_folder_that_can_t_be_written_is_told(tmp_path, data_sets):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="can't be kept"):
        download.download("tiny", tmp_path / "file", data_sets)


@pytest.mark.parametrize("archives", DATA_SETS.values(), ids=DATA_SETS)
def test_the_table_holds_checksums_of_the_right_length_and_safe_addresses(archives):
    for archive in archives:
        kind, _, value = archive.checksum.partition(":")
        assert len(bytes.fromhex(value)) == hashlib.new(kind).digest_size
        assert archive.url.startswith("https://")
        assert archive.name.endswith(".zip")
