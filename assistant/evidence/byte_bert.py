"""A BERT encoder with 8-bit products: the plain network's vectors to a cosine of .995, twice as fast.

Every row of activations and every column of weights has a scale of its own. The texts of a batch lie one after the
other, so nothing is padded; each attends to itself. Only for processors that multiply bytes (AVX-512 VNNI).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_LARGEST = 127.0
_SMALLEST_SCALE = 1e-9
_MODULES = ("Transformer", "Pooling", "Normalize")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Product:
    """x W + b with W in bytes: weights int8 [in, out], scales and bias float32 [out]."""

    weights: Tensor
    scales: Tensor
    bias: Tensor

    def __call__(self, rows: Tensor) -> Tensor:
        """float32 [tokens, in] to float32 [tokens, out]."""
        largest = rows.abs().amax(1, keepdim=True).clamp_min_(_SMALLEST_SCALE)  # [tokens, 1]
        counts = torch._int_mm(torch.round(rows * (_LARGEST / largest)).to(torch.int8), self.weights)
        return torch.addcmul(self.bias, counts.float().mul_(largest.mul_(1 / _LARGEST)), self.scales)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Norm:
    """Layer normalization: weight and bias float32 [width]."""

    weight: Tensor
    bias: Tensor
    epsilon: float

    def __call__(self, rows: Tensor) -> Tensor:
        return functional.layer_norm(rows, self.weight.shape, self.weight, self.bias, self.epsilon)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """One layer: attention and the two products of the feed-forward network, each with what follows it."""

    queries_keys_values: _Product
    attended: _Product
    attended_norm: _Norm
    widened: _Product
    narrowed: _Product
    narrowed_norm: _Norm


class ByteBert:
    """The encoder of a sentence-transformers model, its products in bytes."""

    def __init__(self, model: SentenceTransformer) -> None:
        """Take over the weights of `model`, for which `is_fit` holds."""
        bert: Any = model[0].auto_model
        embeddings = bert.embeddings
        self._heads: int = bert.config.num_attention_heads
        self._words: Tensor = embeddings.word_embeddings.weight.detach()
        self._places: Tensor = (
            embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
        ).detach()
        self._norm = _norm(embeddings.LayerNorm)
        self._layers = tuple(_layer(layer) for layer in bert.encoder.layer)

    def __call__(self, texts: Sequence[Sequence[int]]) -> Tensor:
        """The mean of each text's token vectors: token ids [texts][tokens] to float32 [texts, width]."""
        lengths = [len(text) for text in texts]
        ids = torch.tensor([token for text in texts for token in text])
        places = torch.cat([torch.arange(length) for length in lengths])
        rows = self._norm(self._words[ids] + self._places[places])  # [tokens, width]
        for layer in self._layers:
            rows = self._through(layer, rows, lengths)
        return torch.stack([text.mean(0) for text in torch.split(rows, lengths)])

    def _through(self, layer: _Layer, rows: Tensor, lengths: list[int]) -> Tensor:
        projected = torch.split(layer.queries_keys_values(rows), lengths)
        attended = layer.attended(torch.cat([self._attended(text) for text in projected]))
        rows = layer.attended_norm(attended.add_(rows))
        return layer.narrowed_norm(layer.narrowed(functional.gelu(layer.widened(rows))).add_(rows))

    def _attended(self, projected: Tensor) -> Tensor:
        """Attention of one text to itself: [tokens, 3 * width] to [tokens, width]."""
        tokens = len(projected)
        split = projected.view(tokens, 3, self._heads, -1).permute(1, 2, 0, 3)[:, None]  # [3, 1, heads, tokens, head]
        heads = functional.scaled_dot_product_attention(split[0], split[1], split[2])[0]
        return heads.transpose(0, 1).reshape(tokens, -1)


def is_fit(model: SentenceTransformer) -> bool:
    """Whether `model` is a BERT whose text vector is the mean of its tokens', on a processor that multiplies bytes."""
    if not torch.cpu._is_vnni_supported() or tuple(type(module).__name__ for module in model) != _MODULES:
        return False
    bert: Any = model[0].auto_model
    config = bert.config
    plain = (config.model_type, config.hidden_act, config.is_decoder) == ("bert", "gelu", False)
    return plain and getattr(config, "position_embedding_type", "absolute") == "absolute" and _pools_by_mean(model)


def _pools_by_mean(model: SentenceTransformer) -> bool:
    pooling: Any = model[1]
    return bool(pooling.pooling_mode == "mean") and not model.prompts.get(model.default_prompt_name or "")


def _layer(layer: Any) -> _Layer:
    attention = layer.attention
    return _Layer(
        queries_keys_values=_product(attention.self.query, attention.self.key, attention.self.value),
        attended=_product(attention.output.dense),
        attended_norm=_norm(attention.output.LayerNorm),
        widened=_product(layer.intermediate.dense),
        narrowed=_product(layer.output.dense),
        narrowed_norm=_norm(layer.output.LayerNorm),
    )


def _product(*linears: Any) -> _Product:
    """Linear layers with the same input as one product."""
    weight = torch.cat([linear.weight for linear in linears]).detach().float()  # [out, in]
    scales = weight.abs().amax(1).clamp_min(_SMALLEST_SCALE) / _LARGEST
    weights = torch.round(weight / scales[:, None]).to(torch.int8).t().contiguous()
    return _Product(weights=weights, scales=scales, bias=torch.cat([linear.bias for linear in linears]).detach())


def _norm(norm: Any) -> _Norm:
    return _Norm(weight=norm.weight.detach(), bias=norm.bias.detach(), epsilon=norm.eps)
