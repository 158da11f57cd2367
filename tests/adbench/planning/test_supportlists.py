"""Released support lists: exactly those images in that order, and errors that name file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from toyplugin import ToySet, toy_registry
from toyrun import toy_run

from adbench import Dataset, Item, UserError, api
from adbench.contracts.protocol import SupportList
from adbench.leaderboard.tables import build_tables
from adbench.planning.draws import draw_support
from adbench.planning.options import RunOptions
from adbench.planning.supportlists import read_support_list


@pytest.fixture
def dataset() -> ToySet:
    return ToySet(toy_registry().dataset("toy-a"), None)


def lists(folder: Path, text: str, name: str = "toy-a", k: int = 2) -> Path:
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / f"{k}-shot.txt").write_text(text)
    return folder


TWO = "n-0: 3.png 1.png\na-0: 4.png 0.png\n"


def test_the_images_of_the_list_in_its_order(tmp_path: Path, dataset: ToySet) -> None:
    given = read_support_list(lists(tmp_path, TWO), dataset, "few-shot", 2, seed=0)
    assert given == SupportList(("good/3", "good/1"), ("Ungood/4", "Ungood/0"))
    draw = draw_support(dataset, "few-shot", 2, 0, given=given)
    assert [entry.item.id for entry in draw.normal] == ["good/3", "good/1"]
    assert [entry.item.id for entry in draw.abnormal] == ["Ungood/4", "Ungood/0"]
    assert {entry.item.id for entry in draw.valid} == {"good/0", "good/2", "good/4", "Ungood/1", "Ungood/2", "Ungood/3"}


def test_few_normal_takes_the_normals_alone(tmp_path: Path, dataset: ToySet) -> None:
    given = read_support_list(lists(tmp_path, "n-0: 3 1\n"), dataset, "few-normal", 2, seed=5)
    assert given == SupportList(("good/3", "good/1"))
    draw = draw_support(dataset, "few-normal", 2, 0, given=given)
    assert ([entry.item.id for entry in draw.normal], draw.abnormal) == (["good/3", "good/1"], [])


def test_of_several_draws_the_seed_chooses(tmp_path: Path, dataset: ToySet) -> None:
    folder = lists(tmp_path, "n-0: 0 1\nn-2: 2 3\n")
    assert read_support_list(folder, dataset, "few-normal", 2, seed=2).normal == ("good/2", "good/3")
    with pytest.raises(UserError, match=r"no line `n-1:` for seed 1: use --seeds 0,2"):
        read_support_list(folder, dataset, "few-normal", 2, seed=1)


@pytest.mark.parametrize("name", ["TOY-A", "toy-a_AD"])
def test_the_folder_is_that_of_the_set_in_any_case(tmp_path: Path, dataset: ToySet, name: str) -> None:
    assert read_support_list(lists(tmp_path, TWO, name), dataset, "few-shot", 2, 0).normal == ("good/3", "good/1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n-0: 3 9\na-0: 4 0\n", r"2-shot.txt, line 1: '9' is not among the normal images of toy-a"),
        ("n-0: 3 1\n\na-0: 4 9.png\n", r"2-shot.txt, line 3: '9.png' is not among the abnormal images"),
        ("n-0: 3 1 2\na-0: 4 0\n", r"line 1: 3 normal images are named, but k is 2"),
        ("n-0: 3 3.png\na-0: 4 0\n", r"line 1: '3.png' is named twice"),
        ("n-0: 3 1\nx-0: 4 0\n", r"line 2: 'x-0: 4 0' does not begin with a kind"),
        ("n-0: 3 1\nn-0: 4 0\n", r"line 2: n-0 appears twice"),
        ("n-0: 3 1\n", r"2-shot.txt has no line `a-0:`"),
    ],
)
def test_a_bad_list_is_told_by_file_and_line(tmp_path: Path, dataset: ToySet, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_support_list(lists(tmp_path, text), dataset, "few-shot", 2, 0)


def test_a_missing_set_or_k_is_told(tmp_path: Path, dataset: ToySet) -> None:
    with pytest.raises(UserError, match="has no folder toy-a with lists"):
        read_support_list(lists(tmp_path, TWO, "other"), dataset, "few-shot", 2, 0)
    with pytest.raises(UserError, match=r"4-shot.txt, the list of toy-a for k = 4, cannot be read.*The folder has 2-shot.txt"):
        read_support_list(lists(tmp_path, TWO), dataset, "few-shot", 4, 0)
    with pytest.raises(UserError, match="cannot be read"):
        read_support_list(tmp_path / "nowhere", dataset, "few-shot", 2, 0)


class TwiceSet(Dataset):
    """The same name in two folders of a class."""

    def items(self, split: str) -> list[Item]:
        return [Item(f"good/{part}/7", False) for part in "ab"]


def test_a_name_that_means_two_images_asks_for_the_id(tmp_path: Path) -> None:
    dataset = TwiceSet(toy_registry().dataset("toy-a"), None)
    with pytest.raises(UserError, match="'7.png' could be good/a/7 or good/b/7: write one of these"):
        read_support_list(lists(tmp_path, "n-0: 7.png\n", k=1), dataset, "few-normal", 1, 0)
    named = read_support_list(lists(tmp_path, "n-0: good/b/7\n", k=1), dataset, "few-normal", 1, 0)
    assert named.normal == ("good/b/7",)


def test_the_list_is_part_of_what_a_cell_is(tmp_path: Path) -> None:
    def run(folder: Path | None) -> api.Run:
        return toy_run(tmp_path / "run", datasets="toy-a", track=("few-shot",), shots=(2,), support_lists=folder)

    drawn, given = run(None).records[0], run(lists(tmp_path / "lists", TWO)).records[0]
    assert "support_list" not in drawn.identity["protocol"]
    assert list(given.identity["protocol"]["support_list"]["normal"]) == ["good/3", "good/1"]
    other = run(lists(tmp_path / "lists", TWO.replace("3.png 1.png", "1.png 3.png"))).records[0]
    assert len({drawn.id, given.id, other.id}) == 3
    assert [table.condition for table in build_tables([drawn, other])] == ["", "support_list=given"]


def test_lists_without_a_track_that_reads_them_are_a_mistake(tmp_path: Path) -> None:
    options = RunOptions(methods=("peak",), datasets=("toy-a",), track=("full-normal",), support_lists=lists(tmp_path, TWO))
    with pytest.raises(UserError, match="no cell here uses one"):
        api.plan(options, toy_registry())


def test_the_released_lists(shared: Path) -> None:
    """Names and order of `golden/e2e/fewshot_seed`, through the set that the data root holds."""
    options = RunOptions(
        methods=("mvfa",),
        datasets=("bmad-brain", "bmad-chest"),
        data_root=shared / "golden/e2e/data",
        preset="demo",
        support_lists=shared / "golden/e2e/fewshot_seed",
    )
    from adbench.registry.cards import load_registry

    for cell in api.plan(options, load_registry()).cells:
        prefix = cell.dataset.list_name.lower()[:3]
        given = cell.protocol.support_list
        assert given is not None
        assert given.normal == tuple(f"good/{prefix}_vn_{number}" for number in (59, 22, 85, 48))
        assert given.abnormal == tuple(f"Ungood/{prefix}_va_{number}" for number in (48, 85, 22, 59))
