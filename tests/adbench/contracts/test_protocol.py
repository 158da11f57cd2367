"""What names a track, a cell and a protocol; these words are part of every cell's identity."""

from __future__ import annotations

import dataclasses

import pytest

from adbench.contracts.protocol import POOLS, TRACKS, TRACKS_WITH_K, Protocol, SupportList, cell_words, track_words


def test_tracks() -> None:
    assert TRACKS == ("full-normal", "few-normal", "few-shot", "zero-shot")
    assert TRACKS_WITH_K == ("few-normal", "few-shot")


def test_words_for_people() -> None:
    assert track_words("few-shot", 4) == "few-shot k=4"
    assert track_words("zero-shot", 0) == "zero-shot"
    assert cell_words("mvfa", "few-shot", 4, "phantom-brain", 0) == "mvfa, few-shot k=4, phantom-brain, seed 0"


@pytest.mark.parametrize(
    ("asked", "pool", "splits"),
    [
        ("official", "test", ("test",)),
        ("test", "test", ("test",)),
        ("valid", "valid", ("valid",)),
        ("valid+test", "valid+test", ("valid", "test")),
    ],
)
def test_official_is_another_name_of_test(asked: str, pool: str, splits: tuple[str, ...]) -> None:
    protocol = Protocol(pool=asked)  # type: ignore[arg-type]
    assert protocol.pool == pool
    assert POOLS[protocol.pool] == splits


def test_the_identity_of_the_usual_protocol() -> None:
    usual = {"pool": "valid+test", "other_modalities_only": False, "limit": None, "version": "1"}
    assert Protocol().identity() == usual
    given = Protocol(limit=3, support_list=SupportList(("good/3",), ("Ungood/1",)))
    assert given.identity() == {**usual, "limit": 3, "support_list": {"normal": ("good/3",), "abnormal": ("Ungood/1",)}}


def test_a_protocol_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Protocol().limit = 3  # type: ignore[misc]
