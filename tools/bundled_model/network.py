"""BailingMoeV2 as it is trained: a batch of whole conversations, with gradients, for the runtime's config and names.

Router and rotation are those of model_runtime, so that what is trained is what is run. Letters: B conversations,
T tokens of the longest, N = B x T, H hidden_size, E experts, I width of an expert, Q and K query and key heads,
D head_dim, V vocabulary.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model_runtime.config import ModelConfig
from model_runtime.rotary import Rotary
from model_runtime.router import Router


class TrainingNetwork(nn.Module):
    """The network; `expert_loads` holds, per layer of experts, how often each was chosen since `forget_loads`."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(_Layer(config, index) for index in range(config.num_hidden_layers))
        self.norm = _norm(config, config.hidden_size)
        self.lm_head = _linear(config.hidden_size, config.vocab_size)

    def hidden_states(self, tokens: Tensor) -> Tensor:
        """tokens int64 [B, T] -> normed hidden states [B, T, H], ready for `lm_head`."""
        rotary = Rotary(self.config, tokens.device)
        angles = rotary.angles(0, tokens.shape[1])
        hidden: Tensor = self.word_embeddings(tokens)
        for layer in self.layers:
            hidden = layer(hidden, rotary, angles)
        normed: Tensor = self.norm(hidden)
        return normed

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens int64 [B, T] -> logits [B, T, V]."""
        logits: Tensor = self.lm_head(self.hidden_states(tokens))
        return logits

    @property
    def mixtures(self) -> list[MixtureOfExperts]:
        """The layers' routed experts, first layer first."""
        return [module for module in self.modules() if isinstance(module, MixtureOfExperts)]


class _Layer(nn.Module):
    def __init__(self, config: ModelConfig, index: int) -> None:
        super().__init__()
        self.input_layernorm = _norm(config, config.hidden_size)
        self.attention = Attention(config)
        self.post_attention_layernorm = _norm(config, config.hidden_size)
        is_mixture = index in config.moe_layers
        self.mlp = MixtureOfExperts(config) if is_mixture else SwiGlu(config.hidden_size, config.intermediate_size)

    def forward(self, hidden: Tensor, rotary: Rotary, angles: tuple[Tensor, Tensor]) -> Tensor:
        hidden = hidden + self.attention(self.input_layernorm(hidden), rotary, angles)
        added: Tensor = self.mlp(self.post_attention_layernorm(hidden))
        return hidden + added


class Attention(nn.Module):
    """Grouped-query attention with normed queries and keys, of which the leading half of a head turns."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        rows = config.query_size + 2 * config.key_value_size
        self.query_key_value = _linear(config.hidden_size, rows)
        self.dense = _linear(config.query_size, config.hidden_size)
        self.query_layernorm = _norm(config, config.head_dim)
        self.key_layernorm = _norm(config, config.head_dim)

    def forward(self, hidden: Tensor, rotary: Rotary, angles: tuple[Tensor, Tensor]) -> Tensor:
        """hidden [B, T, H] -> [B, T, H]."""
        config, (batch, tokens, _) = self.config, hidden.shape
        heads = self.query_key_value(hidden).view(batch, tokens, -1, config.head_dim)  # [B, T, Q + 2K, D]
        sizes = [config.num_attention_heads, config.num_key_value_heads, config.num_key_value_heads]
        query, key, value = torch.split(heads, sizes, dim=2)
        query = rotary.turn(self.query_layernorm(query), *angles).transpose(1, 2)  # [B, Q, T, D]
        key = rotary.turn(self.key_layernorm(key), *angles).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(query, key, value.transpose(1, 2), is_causal=True, enable_gqa=True)
        dense: Tensor = self.dense(mixed.transpose(1, 2).flatten(2))
        return dense


class SwiGlu(nn.Module):
    """A gated MLP: down(silu(gate(x)) * up(x))."""

    def __init__(self, hidden: int, width: int) -> None:
        super().__init__()
        self.gate_proj = _linear(hidden, width)
        self.up_proj = _linear(hidden, width)
        self.down_proj = _linear(width, hidden)

    def forward(self, hidden: Tensor) -> Tensor:
        """hidden [..., H] -> [..., H]."""
        down: Tensor = self.down_proj(F.silu(self.gate_proj(hidden)) * self.up_proj(hidden))
        return down


class MixtureOfExperts(nn.Module):
    """Routed experts, tokens sorted by expert so that each expert is three matrix products, and the shared expert."""

    expert_bias: Tensor
    load: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        experts, hidden, width = config.num_experts, config.hidden_size, config.moe_intermediate_size
        self.gate = _linear(hidden, experts)
        self.gate_proj = nn.Parameter(torch.empty(experts, width, hidden))
        self.up_proj = nn.Parameter(torch.empty(experts, width, hidden))
        self.down_proj = nn.Parameter(torch.empty(experts, hidden, width))
        self.shared_experts = SwiGlu(hidden, config.shared_expert_intermediate_size)
        self.register_buffer("expert_bias", torch.zeros(experts))
        self.register_buffer("load", torch.zeros(experts), persistent=False)  # tokens since it was last cleared

    def forward(self, hidden: Tensor) -> Tensor:
        """hidden [B, T, H] -> [B, T, H]."""
        flat = hidden.flatten(0, 1)  # [N, H]
        with torch.autocast(flat.device.type, enabled=False):  # the router is float32 whatever the products are
            expert_ids, weights = Router(self.config, self.gate.weight, self.expert_bias).choose(flat)
        order = expert_ids.flatten().argsort()  # [N k], slots of one expert side by side
        counts = torch.bincount(expert_ids.flatten(), minlength=self.config.num_experts)
        if self.training:
            self.load += counts
        token = order // self.config.num_experts_per_tok
        outputs = self._outputs(flat[token], counts.tolist()) * weights.flatten()[order, None]
        routed = torch.zeros_like(flat).index_add_(0, token, outputs.to(flat.dtype))
        shared: Tensor = self.shared_experts(flat)
        return (routed + shared).view_as(hidden)

    def _outputs(self, rows: Tensor, counts: list[int]) -> Tensor:
        """rows [N k, H], those of expert 0 first -> what each expert makes of its rows [N k, H]."""
        made = []
        for expert, inside in enumerate(torch.split(rows, counts)):
            if len(inside):
                gated = F.silu(F.linear(inside, self.gate_proj[expert])) * F.linear(inside, self.up_proj[expert])
                made.append(F.linear(gated, self.down_proj[expert]))
        return torch.cat(made)


def _linear(columns: int, rows: int) -> nn.Linear:
    return nn.Linear(columns, rows, bias=False)


def _norm(config: ModelConfig, width: int) -> nn.RMSNorm:
    return nn.RMSNorm(width, eps=config.rms_norm_eps)
