from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from transformers import BertTokenizer

from adbench import Context, UserError
from adbench_clip.medclip.loading import load_medclip
from adbench_clip.medclip.network import MedClip
from adbench_clip.medclip.texts import SPECIAL, class_logits, load_tokenizer, read_vocabulary, state_embeddings
from adbench_nets import ABNORMAL_STATES, NORMAL_STATES, prompts

TINY = ("tiny-medclip", "tiny-vocabulary")


@pytest.fixture
def tiny(context: Callable[..., Context]) -> tuple[MedClip, BertTokenizer]:
    """The embedded towers and their tokenizer."""
    weights = context().weights
    return load_medclip(weights, TINY[0]), load_tokenizer(weights, TINY[1])


def test_words_are_lowered_and_cut_into_known_pieces(tiny: tuple[MedClip, BertTokenizer]) -> None:
    tokenizer = tiny[1]
    assert tokenizer.tokenize("a Photo of the X-ray mri.") == ["a", "photo", "of", "the", "x", "-", "ray", "m", "##r", "##i", "."]
    assert tokenizer("photo")["input_ids"] == tokenizer.convert_tokens_to_ids(["[CLS]", "photo", "[SEP]"])


def test_no_prompt_of_the_ensemble_holds_an_unknown_token(tiny: tuple[MedClip, BertTokenizer]) -> None:
    texts = [text for states in (NORMAL_STATES, ABNORMAL_STATES) for text in prompts("Histopathological image", states)]
    assert tiny[1].unk_token_id not in {token for ids in tiny[1](texts)["input_ids"] for token in ids}


def test_a_file_that_is_no_vocabulary_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("\n".join([*SPECIAL[:2], "brain"]))
    with pytest.raises(UserError, match=r"words has no token \[CLS\]: give the vocab.txt of Bio_ClinicalBERT"):
        read_vocabulary(tmp_path / "words")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is not a text file with one token per line"):
        read_vocabulary(tmp_path / "binary")
    (tmp_path / "good").write_text("\n".join([*SPECIAL, "brain"]) + "\n")
    assert read_vocabulary(tmp_path / "good")["brain"] == len(SPECIAL)


def test_a_vocabulary_of_other_weights_is_refused(context: Callable[..., Context], tmp_path: Path) -> None:
    (tmp_path / "many").write_text("\n".join([*SPECIAL, *(f"w{number}" for number in range(500))]))
    ctx = context(many=tmp_path / "many")
    model, tokenizer = load_medclip(ctx.weights, TINY[0]), load_tokenizer(ctx.weights, "many")
    with pytest.raises(UserError, match="The vocabulary has 505 tokens, these weights know 1"):
        state_embeddings(model, tokenizer, "Brain", "mean")


def test_features_are_the_unit_mean_of_all_prompts(tiny: tuple[MedClip, BertTokenizer]) -> None:
    every, one = (state_embeddings(*tiny, "Brain", ensemble) for ensemble in ("mean", "features"))
    assert [embeddings.shape for embeddings in every] == [(245, 32), (175, 32)]
    for embeddings, feature in zip(every, one, strict=True):
        torch.testing.assert_close(feature, F.normalize(embeddings.mean(dim=0), dim=0)[None])


def test_prompts_of_a_state_are_padded_alike(tiny: tuple[MedClip, BertTokenizer]) -> None:
    model, tokenizer = tiny
    texts = prompts("Brain", ABNORMAL_STATES)
    tokens = tokenizer(texts, padding=True, return_tensors="pt")
    assert len(set(tokens["attention_mask"].sum(dim=1).tolist())) > 1
    with torch.no_grad():
        together = model.encode_texts(tokens["input_ids"], tokens["attention_mask"])
    torch.testing.assert_close(state_embeddings(model, tokenizer, "Brain", "max")[1], together)


def test_the_name_is_in_the_prompts(tiny: tuple[MedClip, BertTokenizer]) -> None:
    brain, liver = (state_embeddings(*tiny, name, "features")[0] for name in ("Brain", "Liver"))
    assert not torch.allclose(brain, liver)


@pytest.mark.parametrize("ensemble", ["features", "mean", "max"])
def test_class_logits(tiny: tuple[MedClip, BertTokenizer], ensemble: str) -> None:
    images = F.normalize(torch.rand(2, 3, 32), dim=-1)
    classes = [F.normalize(torch.rand(count, 32), dim=-1) for count in (4, 5)]
    found = class_logits(tiny[0], images, classes, ensemble)
    assert found.shape == (2, 3, 2)
    scale = float(tiny[0].logit_scale.exp())
    for number, texts in enumerate(classes):
        one_by_one = torch.stack([(images * text).sum(dim=-1) for text in texts])
        pooled = one_by_one.max(dim=0).values if ensemble == "max" else one_by_one.sum(dim=0) / len(texts)
        torch.testing.assert_close(found[..., number], scale * pooled)
