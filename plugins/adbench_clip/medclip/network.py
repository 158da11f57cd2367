"""MedCLIP's two towers, in the key names of its checkpoints."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import resnet50
from transformers import BertConfig, BertModel, SwinConfig, SwinModel

from adbench_clip.medclip.architecture import Architecture

LARGEST_SCALE = 4.6052  # the logarithm of 100, as the release rounds it


class SwinTower(nn.Module):
    """A Swin transformer and a projection without bias.

    Attributes:
        smallest_side: of an image whose last stage still fills a window; for smaller ones transformers shrinks the
        windows, but not their position biases.
    """

    def __init__(self, config: SwinConfig, embedding: int) -> None:
        super().__init__()
        halvings = len(config.depths) - 1
        self.smallest_side = config.patch_size * 2**halvings * (config.window_size - 1) + 1
        self.model = SwinModel(config)
        self.projection_head = nn.Linear(self.model.num_features, embedding, bias=False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S) to the pooled features (B, C) and those of the last stage (B, L, C), row by row."""
        output = self.model(images)
        return output.pooler_output, output.last_hidden_state

    def project(self, features: Tensor) -> Tensor:
        """(..., C) to (..., E), not normalised."""
        return self.projection_head(features)


class ResnetTower(nn.Module):
    """torchvision's ResNet50, whose classifier is the projection without bias."""

    smallest_side = 1

    def __init__(self, embedding: int) -> None:
        super().__init__()
        self.model = resnet50(weights=None)
        self.model.fc = nn.Linear(self.model.fc.in_features, embedding, bias=False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S) to the pooled features (B, C) and those of the last stage (B, L, C), row by row."""
        net = self.model
        features = net.maxpool(net.relu(net.bn1(net.conv1(images))))
        for stage in (net.layer1, net.layer2, net.layer3, net.layer4):
            features = stage(features)
        return net.avgpool(features).flatten(1), features.flatten(2).transpose(1, 2)

    def project(self, features: Tensor) -> Tensor:
        """(..., C) to (..., E), not normalised."""
        return self.model.fc(features)


class TextTower(nn.Module):
    """BERT, three of its hidden states averaged, and a projection without bias."""

    def __init__(self, config: BertConfig, embedding: int) -> None:
        super().__init__()
        self.model = BertModel(config)
        self.projection_head = nn.Linear(config.hidden_size, embedding, bias=False)

    def hidden_states(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(N, T, H) after the first, the second and the last layer."""
        states = self.model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        return states[1], states[2], states[-1]

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(N, T) token ids and mask to (N, E), not normalised.

        As in the release the mean runs over all positions, so it depends on the padding.
        """
        return self.projection_head(torch.stack(self.hidden_states(ids, mask)).mean(dim=(0, 2)))


class MedClip(nn.Module):
    """Both towers and the scale of their logits (Wang et al., EMNLP 2022)."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.vision_model: SwinTower | ResnetTower
        if architecture.vision is None:
            self.vision_model = ResnetTower(architecture.embedding)
        else:
            self.vision_model = SwinTower(SwinConfig(**architecture.vision), architecture.embedding)
        self.text_model = TextTower(BertConfig(**architecture.text), architecture.embedding)
        self.logit_scale = nn.Parameter(torch.tensor(0.0))

    def encode_images(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 1, S, S) to unit embeddings (B, E) of the images and (B, L, E) of the cells of the last stage, row by row."""
        pooled, cells = self.vision_model(images.expand(-1, 3, -1, -1))
        return tuple(F.normalize(self.vision_model.project(features), dim=-1) for features in (pooled, cells))

    def encode_texts(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(N, T) token ids and mask (1 = a token, 0 = padding) to unit embeddings (N, E)."""
        return F.normalize(self.text_model(ids, mask), dim=-1)

    def logits(self, images: Tensor, texts: Tensor) -> Tensor:
        """Unit embeddings (..., E) and (N, E) to (..., N): cosines times the scale.

        The stored scale is first clamped to [0, `LARGEST_SCALE`], as in the release.
        """
        self.logit_scale.data.clamp_(0, LARGEST_SCALE)
        return self.logit_scale.exp() * (images @ texts.T)
