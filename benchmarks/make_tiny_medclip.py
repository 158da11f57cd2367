"""Make the random towers of `tiny-medclip` and their vocabulary: `python benchmarks/make_tiny_medclip.py --out FOLDER`.

Nothing is trained. Matrices are normal, scaled to keep a signal's length, so that tokens of different pictures
differ. Takes seconds on one core; the same seed gives the same files.
"""

from __future__ import annotations

import argparse
import math
import re
import string
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from adbench_clip.medclip.architecture import tiny
from adbench_clip.medclip.network import MedClip
from adbench_clip.medclip.texts import SPECIAL
from adbench_nets import ABNORMAL_STATES, NORMAL_STATES, TEMPLATES

NAMES = "object brain liver retinal oct chest x ray film histopathological image"
LOGIT_SCALE = math.log(1 / 0.07)


def vocabulary() -> list[str]:
    """Special tokens, letters and digits alone and as continuations, punctuation, and the words of the prompts."""
    symbols = string.ascii_lowercase + string.digits
    words = re.findall("[a-z]+", " ".join((*TEMPLATES, *NORMAL_STATES, *ABNORMAL_STATES, NAMES)).lower())
    known = [*SPECIAL, *symbols, *(f"##{symbol}" for symbol in symbols), *string.punctuation, *sorted(set(words))]
    return list(dict.fromkeys(known))


def random_state(words: int, generator: torch.Generator) -> dict[str, Tensor]:
    """The tensors of a MedCLIP, float16."""
    model = MedClip(tiny(words))
    state = model.state_dict()
    for key, tensor in state.items():
        if tensor.ndim > 1:
            fan_in = 1 if "embeddings.weight" in key else tensor[0].numel()
            state[key] = torch.randn(tensor.shape, generator=generator) / math.sqrt(fan_in)
    state["logit_scale"] = torch.tensor(LOGIT_SCALE)
    return {key: tensor.half().contiguous() for key, tensor in sorted(state.items())}


def main() -> None:
    """Write `tiny_medclip.safetensors` and `tiny_vocabulary.txt`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "plugins" / "adbench_clip" / "medclip")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tokens = vocabulary()
    (options.out / "tiny_vocabulary.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    state = random_state(len(tokens), torch.Generator().manual_seed(options.seed))
    file = options.out / "tiny_medclip.safetensors"
    save_file(state, file, metadata={"seed": str(options.seed), "made_by": "benchmarks/make_tiny_medclip.py"})
    file.chmod(0o644)
    print(f"{len(tokens)} tokens; {file}: {file.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
