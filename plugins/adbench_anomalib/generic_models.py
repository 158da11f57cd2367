"""Any image model of the installed anomalib by its class name, built from resolved weights and without a download."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor
from torchvision.models import WeightsEnum
from torchvision.transforms.v2 import Resize

from adbench import UserError, Weights, did_you_mean
from adbench_anomalib.models import AnomalibModule, image_models
from adbench_anomalib.parameters import AnomalibParameters
from adbench_nets import TINY_CNN, architecture_of, as_float32, count_classes, load_backbone, seeded

# Constructor arguments that mean `backbone`.
BACKBONE_ARGUMENTS = ("backbone", "encoder_name")
# Models whose encoder has anomalib's own names; set it with `arguments`.
OTHER_NAMES = ("FoundAD",)
COMPONENTS = ("pre_processor", "post_processor", "evaluator", "visualizer")
ELSEWHERE = {
    "AnomalyVFM": "it downloads its own weights, which have no name here",
    "CFM": "it needs point clouds as well as images",
    "Cflow": "its scores depend on the batch; run cflow, with cflow.maxima=batch for anomalib's way",
    "Dsr": "it downloads its own weights, which have no name here",
    "EfficientAd": "it downloads its own weights and the Imagenette images that it trains on",
    "VlmAd": "it calls a language model service",
    "WinClip": "it takes no weights; run winclip",
}
# Constructor arguments for a folder of pictures, which anomalib would download, and whether it is required.
FOLDERS = {"Draem": ("dtd_dir", True), "Glass": ("anomaly_source_path", False)}
DEFAULT_SIZE = 256


def find_class(name: str) -> type[AnomalibModule]:
    """The Lightning class of this name. Raises `UserError` if there is none, or if it cannot be run this way."""
    known = [known for known in image_models.__all__ if issubclass(getattr(image_models, known), AnomalibModule)]
    if name not in known:
        raise UserError(f"The installed anomalib has no image model {name!r}.{did_you_mean(name, known)}")
    if name in ELSEWHERE:
        raise UserError(f"anomalib:{name} cannot be run: {ELSEWHERE[name]}.")
    return getattr(image_models, name)


def build_module(name: str, parameters: AnomalibParameters, weights: Weights) -> AnomalibModule:
    """The model with its own defaults and the user's changes, and nothing after its raw outputs.

    Raises:
        UserError: no such model, arguments that its constructor does not accept, or unavailable weights.
    """
    found = find_class(name)
    taken = inspect.signature(found).parameters
    arguments = parse_arguments(name, parameters.arguments, [key for key in taken if key not in COMPONENTS])
    _check_folder(name, arguments)
    if "batch_size" in taken:
        arguments.setdefault("batch_size", parameters.batch_size)
    backbone = _backbone_argument(name, parameters.backbone, taken)
    architecture = architecture_of(parameters.backbone, parameters.architecture) if backbone else ""
    if backbone:
        arguments[backbone] = architecture
    arguments.update({key: False for key in COMPONENTS[1:] if key in taken})
    with resolved_weights(weights, parameters.backbone if backbone else "", architecture), in_one_line(name, "built"):
        if parameters.image_size:
            arguments["pre_processor"] = found.configure_pre_processor((parameters.image_size, parameters.image_size))
        return found(**arguments)


@contextmanager
def in_one_line(name: str, done: str) -> Iterator[None]:
    """Turn a model's error into one sentence: each fails in its own way, some only when they see an image.

    Args:
        name: name of the class.
        done: what cannot be done with it, as a participle.
    """
    try:
        yield
    except (UserError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"anomalib:{name} cannot be {done} with these parameters ({reason[:300]}): change anomalib:{name}.arguments, "
            "backbone or image_size."
        ) from error


class NotedWeights:
    """A resolver that remembers which names' tensors were requested."""

    def __init__(self, source: Weights) -> None:
        self.source = source
        self.names: list[str] = []
        self.path, self.sha256, self.card = source.path, source.sha256, source.card

    def state_dict(self, name: str, *, as_stored: bool = False) -> dict[str, Tensor]:
        """The source's tensors."""
        self.names.append(name)
        return self.source.state_dict(name, as_stored=as_stored)


def own_weights(name: str, parameters: AnomalibParameters, weights: Weights) -> list[str]:
    """Names of the weights that a model uses by default. It is built once to find them: its class does not say.

    Raises:
        UserError: as for `build_module`.
    """
    noted = NotedWeights(weights)
    with seeded(0):
        build_module(name, parameters, noted)
    return list(dict.fromkeys(noted.names))


def parse_arguments(name: str, text: str, known: list[str]) -> dict[str, Any]:
    """A JSON object of constructor arguments. Raises `UserError` if it is wrong."""
    try:
        arguments = json.loads(text or "{}")
    except json.JSONDecodeError as error:
        raise UserError(f"anomalib:{name}.arguments is not JSON ({error}): write it as '{{\"n_features\": 50}}'.") from error
    if not isinstance(arguments, dict):
        raise UserError(f"anomalib:{name}.arguments must be a JSON object: write it as '{{\"n_features\": 50}}'.")
    for key in arguments:
        if key not in known:
            raise UserError(f"anomalib:{name} has no argument {key!r}.{did_you_mean(key, known)}")
    return arguments


def image_side(module: AnomalibModule) -> tuple[int, int]:
    """Height and width to which the model's pre-processing resizes images, before any crop."""
    transforms = getattr(module.pre_processor.transform, "transforms", [module.pre_processor.transform])
    for transform in transforms:
        if isinstance(transform, Resize) and transform.size:
            size = [int(side) for side in transform.size]
            return (size[0], size[-1])
    return module.input_size or (DEFAULT_SIZE, DEFAULT_SIZE)


@contextmanager
def resolved_weights(weights: Weights, named: str, architecture: str) -> Iterator[None]:
    """Within this context, weights that timm or torchvision would download come from the resolver.

    anomalib's classes build their networks themselves, and many take no weights.

    Args:
        named: weights of the network called `architecture`; "" = a network gets those of its own name, a torchvision one
        those named like `torchvision/EfficientNet_B5_Weights.IMAGENET1K_V1`.
    """
    create, get_state = timm.create_model, WeightsEnum.get_state_dict

    def create_resolved(model_name: str, pretrained: bool = False, **options: Any) -> Any:
        if not pretrained:
            return create(model_name, pretrained=False, **options)
        name = named if named and model_name == architecture else model_name
        plain = model_name.partition(".")[0]
        load_backbone(weights, name, plain)  # strict, where timm may be lenient
        state = as_float32(weights.state_dict(name))
        overlay = {"state_dict": state, "num_classes": count_classes(plain, state), "source": ""}
        return create(model_name, pretrained=True, pretrained_cfg_overlay=overlay, **options)

    def get_resolved(self: WeightsEnum, *args: Any, **options: Any) -> Mapping[str, Tensor]:
        return as_float32(weights.state_dict(named or f"torchvision/{self}"))

    timm.create_model, WeightsEnum.get_state_dict = create_resolved, get_resolved
    try:
        yield
    finally:
        timm.create_model, WeightsEnum.get_state_dict = create, get_state


def _backbone_argument(name: str, backbone: str, taken: Mapping[str, Any]) -> str:
    """The constructor's argument for the backbone, or "" if it has none or none is given."""
    argument = next((argument for argument in BACKBONE_ARGUMENTS if argument in taken and name not in OTHER_NAMES), "")
    if backbone and not argument and backbone != TINY_CNN.name:
        raise UserError(
            f"anomalib:{name} has no single backbone to choose: leave anomalib:{name}.backbone out, see its arguments."
        )
    if argument == "encoder_name" and backbone == TINY_CNN.name:
        raise UserError(
            f"anomalib:{name} needs a DINO vision transformer, and none is embedded: "
            f"--set anomalib:{name}.backbone=vit_small_patch14_dinov2 --weights vit_small_patch14_dinov2=PATH."
        )
    return argument if backbone else ""


def _check_folder(name: str, arguments: Mapping[str, Any]) -> None:
    argument, needed = FOLDERS.get(name, ("", False))
    folder = arguments.get(argument)
    if (folder is None and needed) or (folder is not None and not Path(str(folder)).is_dir()):
        raise UserError(
            f"anomalib:{name} paints textures on images: name a folder of pictures, such as the Describable Textures, with "
            f'--set \'anomalib:{name}.arguments={{"{argument}": "PATH"}}\'.'
        )
