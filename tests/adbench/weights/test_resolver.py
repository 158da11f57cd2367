"""The resolver: where weights are found, and what each failure says."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
import torch
from safetensors.torch import save, save_file

from adbench import UserError, WeightsCard, WeightsResolver

BODY = save({"weight": torch.arange(6, dtype=torch.float16).reshape(2, 3)})
DIGEST = hashlib.sha256(BODY).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves /good, /truncated (ends early), /page (HTML with status 200); 404 for the rest. Counts requests."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        body = b"<html>log in first</html>" if self.path == "/page" else BODY
        if self.path not in ("/good", "/truncated", "/page"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.path == "/truncated" else body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture(autouse=True)
def forget_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adbench.files.http.PAUSE_SECONDS", 0)
    Handler.asked.clear()


def weights_at(url: str, cache: Path, sha256: str = "", **options: object) -> WeightsResolver:
    card = WeightsCard(name="net", file="net.safetensors", url=url, sha256=sha256)
    return WeightsResolver({"net": card}, cache=cache, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("sha256", [DIGEST, ""])
def test_downloads_once_and_keeps_it(server: str, tmp_path: Path, sha256: str) -> None:
    weights = weights_at(f"{server}/good", tmp_path / "new", sha256)
    assert weights.status("net") == f"to download: {server}/good"
    assert weights.path("net").read_bytes() == BODY
    assert weights.sha256("net") == DIGEST
    assert weights.state_dict("net")["weight"].dtype == torch.float16
    assert Handler.asked == ["/good"]
    assert weights.status("net") == f"cached: {tmp_path / 'new' / 'net.safetensors'}"
    assert weights_at("", tmp_path / "new", sha256, offline=True).path("net").read_bytes() == BODY


@pytest.mark.parametrize(
    ("page", "sha256", "reason"),
    [
        ("good", "0" * 64, "SHA-256"),
        ("truncated", DIGEST, "ended early"),
        ("truncated", "", "ended early"),
        ("missing", "", "404"),
    ],
)
def test_failed_download_leaves_nothing(server: str, tmp_path: Path, page: str, sha256: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as caught:
        weights_at(f"{server}/{page}", tmp_path, sha256).path("net")
    assert f"{server}/{page}" in str(caught.value)
    assert "--weights net=PATH" in str(caught.value)
    assert "net.safetensors" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_remembered(server: str, tmp_path: Path) -> None:
    weights = weights_at(f"{server}/missing", tmp_path)
    for _ in range(3):
        with pytest.raises(UserError, match="404"):
            weights.path("net")
    assert Handler.asked == ["/missing"]


def test_connection_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="connection failed .*--weights net=PATH"):
        weights_at("http://127.0.0.1:9/net", tmp_path).path("net")


def test_page_instead_of_weights_names_the_file(server: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="net.safetensors is not a whole safetensors file"):
        weights_at(f"{server}/page", tmp_path).state_dict("net")


def test_offline_asks_nobody(server: str, tmp_path: Path) -> None:
    weights = weights_at(f"{server}/good", tmp_path, offline=True)
    with pytest.raises(UserError, match=f"--offline forbids .*{server}/good.*--weights net=PATH"):
        weights.path("net")
    assert weights.status("net") == f"not cached, and offline: {server}/good"
    assert Handler.asked == []


def test_cached_file_with_another_hash(tmp_path: Path) -> None:
    (tmp_path / "net.safetensors").write_bytes(BODY[:-1])
    with pytest.raises(UserError, match="not have the published SHA-256 .*delete it"):
        weights_at("", tmp_path, DIGEST).path("net")


def test_a_changed_file_is_hashed_again(tmp_path: Path) -> None:
    file = tmp_path / "own.bin"
    file.write_bytes(b"one")
    weights = WeightsResolver({}, given={"own": file})
    first = weights.sha256("own")
    file.write_bytes(b"other")
    assert weights.sha256("own") == hashlib.sha256(b"other").hexdigest() != first


def test_given_comes_first_and_needs_no_card(tmp_path: Path) -> None:
    file = tmp_path / "mine.safetensors"
    save_file({"a": torch.ones(2)}, file)
    cards = {"net": WeightsCard(name="net", file="net", sha256=DIGEST)}
    weights = WeightsResolver(cards, given={"net": file, "unheard-of": file}, offline=True)
    assert weights.path("net") == weights.path("unheard-of") == file
    assert weights.status("net") == f"given: {file}"
    assert weights.state_dict("unheard-of")["a"].tolist() == [1, 1]


def test_given_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--weights net=.*does not exist"):
        WeightsResolver({}, given={"net": tmp_path / "none"}).path("net")
    with pytest.raises(UserError, match="is a folder"):
        WeightsResolver({}, given={"net": tmp_path}).path("net")


def test_embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package_with_weights"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "net.safetensors").write_bytes(BODY)
    monkeypatch.syspath_prepend(tmp_path)
    cards = {
        name: WeightsCard(name=name, file=name, embedded=f"package_with_weights:{name}.safetensors") for name in ("net", "lost")
    }
    weights = WeightsResolver(cards, offline=True)
    assert weights.path("net") == package / "net.safetensors"
    assert weights.status("net") == "embedded"
    with pytest.raises(UserError, match="lost.safetensors.* missing: reinstall adbench"):
        weights.path("lost")


def test_without_any_source(tmp_path: Path) -> None:
    weights = weights_at("", tmp_path)
    assert weights.status("net") == "must be given: --weights net=PATH"
    with pytest.raises(UserError, match="have no known source"):
        weights.path("net")


def test_unknown_name_suggests(tmp_path: Path) -> None:
    weights = WeightsResolver({"tiny-cnn": WeightsCard(name="tiny-cnn", file="x")}, cache=tmp_path)
    with pytest.raises(UserError, match=r"called 'tiny-cn'\. Did you mean 'tiny-cnn'.*--weights tiny-cn=PATH"):
        weights.path("tiny-cn")
    with pytest.raises(UserError, match=r"Did you mean 'wide_resnet50_2.tv_in1k'"):
        weights.path("wide_resnet50_2.tv_in1kk")


def test_default_cache_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADBENCH_CACHE", str(tmp_path))
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "net.safetensors").write_bytes(BODY)
    card = WeightsCard(name="net", file="net.safetensors")
    assert WeightsResolver({"net": card}).path("net") == tmp_path / "weights" / "net.safetensors"


def test_import_is_light() -> None:
    code = "import adbench.weights.resolver, sys; print({'torch', 'timm', 'requests', 'numpy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
