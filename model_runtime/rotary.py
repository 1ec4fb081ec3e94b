"""Positions: partial rotation of a head's leading dimensions, stretched by YaRN above the length that was trained.

Letters: T tokens, R rotary_dim. Dimensions j and j + R/2 of a head turn together ("rotate half", as in GPT-NeoX).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from model_runtime.config import ModelConfig, Yarn


class Rotary:
    """Turns queries and keys by their positions. Angles and the turn itself are float32, rounded once at the end."""

    def __init__(self, config: ModelConfig, device: torch.device) -> None:
        self.rotary_dim = config.rotary_dim
        self._inverse_frequencies = inverse_frequencies(config).to(device)  # [R/2]
        self._attention_factor = attention_factor(config.yarn) if config.yarn else 1.0

    def angles(self, start: int, tokens: int) -> tuple[Tensor, Tensor]:
        """Cosine and signed sine for positions start .. start + tokens, as `turn` takes them: float32 [T, 1, R]."""
        positions = torch.arange(start, start + tokens, dtype=torch.float32, device=self._inverse_frequencies.device)
        return self.angles_at(positions)

    def angles_at(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """The same for positions float32 [T] that only the device knows."""
        turns = positions[:, None] * self._inverse_frequencies  # [T, R/2]
        # YaRN scales cosine and sine, and so only the part of the product of query and key that turns.
        cosine, sine = turns.cos() * self._attention_factor, turns.sin() * self._attention_factor
        return torch.cat((cosine, cosine), dim=-1)[:, None], torch.cat((-sine, sine), dim=-1)[:, None]

    def turn(self, heads: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """Turn `heads` [T, heads, head_dim]; dimensions from rotary_dim on pass through."""
        turning = heads[..., : self.rotary_dim].float()
        partners = turning.roll(self.rotary_dim // 2, dims=-1)  # j meets j + R/2 and the other way round
        turned = torch.addcmul(turning * cosine, partners, sine).to(heads.dtype)
        if self.rotary_dim == heads.shape[-1]:
            return turned
        return torch.cat((turned, heads[..., self.rotary_dim :]), dim=-1)


def inverse_frequencies(config: ModelConfig) -> Tensor:
    """Radians per position of each pair, float32 [R/2]: theta^(-2j/R), or YaRN's blend of it with the stretched one."""
    exponents = torch.arange(0, config.rotary_dim, 2, dtype=torch.float32) / config.rotary_dim
    frequencies = 1.0 / config.rope_theta**exponents
    if config.yarn is None:
        return frequencies
    # YaRN, arXiv 2309.00071, section 3.2: fast pairs stay as trained, slow ones are stretched, a ramp lies between.
    low, high = _ramp_ends(config.yarn, config.rotary_dim, config.rope_theta)
    pairs = torch.arange(config.rotary_dim // 2, dtype=torch.float32)
    stretched = ((pairs - low) / (high - low)).clamp(0, 1)
    return frequencies / config.yarn.factor * stretched + frequencies * (1 - stretched)


def attention_factor(yarn: Yarn) -> float:
    """What YaRN multiplies cosine and sine with: 0.1 ln(factor) + 1, unless the config says otherwise."""
    if yarn.attention_factor is not None:
        return yarn.attention_factor
    if yarn.mscale and yarn.mscale_all_dim:
        return _mscale(yarn.factor, yarn.mscale) / _mscale(yarn.factor, yarn.mscale_all_dim)
    return _mscale(yarn.factor, 1.0)


def _mscale(factor: float, weight: float) -> float:
    return 1.0 if factor <= 1 else 0.1 * weight * math.log(factor) + 1.0


def _ramp_ends(yarn: Yarn, rotary_dim: int, theta: float) -> tuple[float, float]:
    """The pairs between which the blend goes from trained to stretched."""
    low = _pair_that_turns(yarn.beta_fast, yarn.original_max_position_embeddings, rotary_dim, theta)
    high = _pair_that_turns(yarn.beta_slow, yarn.original_max_position_embeddings, rotary_dim, theta)
    if yarn.truncate:
        low, high = float(math.floor(low)), float(math.ceil(high))
    low, high = max(low, 0.0), min(high, rotary_dim - 1.0)
    return low, high if high != low else high + 0.001  # as transformers does, against a division by zero


def _pair_that_turns(times: float, over_tokens: int, rotary_dim: int, theta: float) -> float:
    """The (fractional) pair that makes this many full turns over the trained length."""
    return rotary_dim * math.log(over_tokens / (times * 2 * math.pi)) / (2 * math.log(theta))
