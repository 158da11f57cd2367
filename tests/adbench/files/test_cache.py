from __future__ import annotations

from pathlib import Path

import pytest

from adbench.files.cache import cache_root


def test_cache_root_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ADBENCH_CACHE", str(tmp_path / "there"))
    assert cache_root() == tmp_path / "there"
    assert not cache_root().exists()


def test_cache_root_is_the_users_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADBENCH_CACHE", "")
    assert cache_root().is_absolute()
    assert "adbench" in str(cache_root())


def test_cache_root_expands_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADBENCH_CACHE", "~/cache")
    assert cache_root() == Path.home() / "cache"
