"""The numbers in config.json; a field that changes the computation and is not known is an error.

Both spellings are read: `rope_scaling` with `rope_theta` (transformers 4) and `rope_parameters` (transformers 5),
`partial_rotary_factor` and `rotary_dim`. Nothing here reads a tensor.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from model_runtime.errors import ConfigError

Json = Mapping[str, object]

LONGEST_CONTEXT_TOKENS = 131_072  # what the family's cards claim with YaRN; beyond it nothing was ever measured

# The one value under which the network of model.py is the right one. Another value is another computation.
_FIXED: Mapping[str, tuple[object, ...]] = {
    "model_type": ("bailing_moe", "bailing_moe_v2"),
    "hidden_act": ("silu",),
    "score_function": ("sigmoid", None),
    "use_rmsnorm": (True,),
    "use_bias": (False,),
    "use_qkv_bias": (False,),
    "attention_bias": (False,),
    "mlp_bias": (False,),
    "tie_word_embeddings": (False,),
    "router_dtype": ("fp32", "float32", None),  # the router is computed in float32 whatever stands here
    "norm_head": (False, None),
    "norm_softmax": (False, None),
    "multi_gate": (False, None),
    "use_sliding_window": (False, None),
    "sliding_window": (None,),
    "is_encoder_decoder": (False,),
    "add_cross_attention": (False,),
}

# fmt: off
_READ = frozenset({
    "architectures", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
    "num_key_value_heads", "head_dim", "num_experts", "num_experts_per_tok", "num_shared_experts", "n_group",
    "topk_group", "moe_intermediate_size", "moe_shared_expert_intermediate_size", "first_k_dense_replace",
    "routed_scaling_factor", "norm_topk_prob", "moe_router_enable_expert_bias", "partial_rotary_factor", "rotary_dim",
    "rope_theta", "rope_scaling", "rope_parameters", "max_position_embeddings", "rms_norm_eps", "use_qk_norm",
    "num_nextn_predict_layers", "bos_token_id", "eos_token_id", "pad_token_id", "quantization_config",
})

# Known, and without effect on the logits of a forward pass: training, bookkeeping, what transformers writes by itself.
_INERT = frozenset({
    "_name_or_path", "add_router_probs", "attention_dropout", "attn_implementation", "auto_map", "dtype", "torch_dtype",
    "embedding_dropout", "output_dropout", "initializer_range", "max_window_layers", "mtp_loss_scaling_factor",
    "output_attentions", "output_hidden_states", "output_router_logits", "return_dict", "router_aux_loss_coef",
    "moe_router_bias_update_rate", "transformers_version", "use_cache", "id2label", "label2id", "problem_type",
    "finetuning_task", "task_specific_params", "tokenizer_class", "prefix", "sep_token_id", "decoder_start_token_id",
    "chunk_size_feed_forward", "pruned_heads", "torchscript", "use_bfloat16", "pretraining_tp", "license",
})

_ROPE_READ = frozenset({
    "rope_type", "type", "rope_theta", "partial_rotary_factor", "factor", "original_max_position_embeddings",
    "beta_fast", "beta_slow", "attention_factor", "mscale", "mscale_all_dim", "truncate",
})
# fmt: on


@dataclass(frozen=True, slots=True, kw_only=True)
class Yarn:
    """YaRN (arXiv 2309.00071) with the names and defaults that transformers gives its numbers."""

    factor: float
    original_max_position_embeddings: int
    beta_fast: float = 32.0
    beta_slow: float = 1.0
    attention_factor: float | None = None
    mscale: float | None = None
    mscale_all_dim: float | None = None
    truncate: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """One BailingMoeV2 network, under the field names of its config.json.

    `rotary_dim` is the number of leading dimensions of a head that turn. `shared_expert_intermediate_size` is the width
    of all shared experts of a layer together, 0 without them. `yarn` is None for plain RoPE. `context_tokens` is the
    window that the model is run with: `max_position_embeddings`, or what `with_context` was asked for.
    """

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    num_experts: int
    num_experts_per_tok: int
    n_group: int
    topk_group: int
    moe_intermediate_size: int
    shared_expert_intermediate_size: int
    first_k_dense_replace: int
    routed_scaling_factor: float
    norm_topk_prob: bool
    moe_router_enable_expert_bias: bool
    rotary_dim: int
    rope_theta: float
    yarn: Yarn | None
    max_position_embeddings: int
    context_tokens: int
    rms_norm_eps: float
    use_qk_norm: bool
    num_nextn_predict_layers: int
    eos_token_id: tuple[int, ...]
    pad_token_id: int | None
    quantization_config: Json | None = None

    @property
    def query_size(self) -> int:
        """Rows of the query part of `query_key_value`."""
        return self.num_attention_heads * self.head_dim

    @property
    def key_value_size(self) -> int:
        """Rows of the key part of `query_key_value`; the value part has as many."""
        return self.num_key_value_heads * self.head_dim

    @property
    def moe_layers(self) -> range:
        """The layers with routed experts; those before them are dense."""
        return range(self.first_k_dense_replace, self.num_hidden_layers)

    def with_context(self, context_tokens: int) -> ModelConfig:
        """The same network over `context_tokens`; YaRN stretches it above max_position_embeddings.

        The factor is context over original length. Raises ConfigError for a context that the family cannot read.
        """
        if context_tokens < 1:
            raise ConfigError(f"a context of {context_tokens:,} tokens holds nothing; ask for at least 1")
        longest = max(LONGEST_CONTEXT_TOKENS, self.max_position_embeddings)
        if context_tokens > longest:
            raise ConfigError(
                f"a context of {context_tokens:,} tokens is above the {longest:,} that YaRN can reach; ask for less"
            )
        if context_tokens <= self.max_position_embeddings:
            return replace(self, context_tokens=context_tokens)
        original = self.yarn.original_max_position_embeddings if self.yarn else self.max_position_embeddings
        factor = context_tokens / original
        if self.yarn is None:
            yarn = Yarn(factor=factor, original_max_position_embeddings=original)
        else:
            yarn = replace(self.yarn, factor=max(factor, self.yarn.factor))
        return replace(self, context_tokens=context_tokens, yarn=yarn)


def read_config(folder: Path) -> ModelConfig:
    """The config of a checkpoint folder. Raises ConfigError if it is missing, damaged or asks for another network."""
    path = folder / "config.json"
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{folder} has no config.json; name the folder of a BailingMoeV2 checkpoint") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    if not isinstance(fields, dict):
        raise ConfigError(f"{path} holds no JSON object")
    return parse_config(fields)


def parse_config(fields: Json) -> ModelConfig:
    """The config from the fields of config.json. Raises ConfigError and names the field."""
    _refuse_other_networks(fields)
    rope = _rope_fields(fields)
    head_dim = _optional_int(fields, "head_dim") or _int(fields, "hidden_size") // _int(fields, "num_attention_heads")
    max_position_embeddings = _int(fields, "max_position_embeddings")
    config = ModelConfig(
        vocab_size=_int(fields, "vocab_size"),
        hidden_size=_int(fields, "hidden_size"),
        intermediate_size=_int(fields, "intermediate_size"),
        num_hidden_layers=_int(fields, "num_hidden_layers"),
        num_attention_heads=_int(fields, "num_attention_heads"),
        num_key_value_heads=_int(fields, "num_key_value_heads"),
        head_dim=head_dim,
        num_experts=_int(fields, "num_experts"),
        num_experts_per_tok=_int(fields, "num_experts_per_tok"),
        n_group=_int(fields, "n_group"),
        topk_group=_int(fields, "topk_group"),
        moe_intermediate_size=_int(fields, "moe_intermediate_size"),
        shared_expert_intermediate_size=_shared_width(fields),
        first_k_dense_replace=_int(fields, "first_k_dense_replace", at_least=0),
        routed_scaling_factor=_number(fields, "routed_scaling_factor"),
        norm_topk_prob=_flag(fields, "norm_topk_prob", absent=True),
        moe_router_enable_expert_bias=_flag(fields, "moe_router_enable_expert_bias", absent=True),
        rotary_dim=_rotary_dim(fields, rope, head_dim),
        rope_theta=_number(rope if "rope_theta" in rope else fields, "rope_theta"),
        yarn=_yarn(rope, max_position_embeddings),
        max_position_embeddings=max_position_embeddings,
        context_tokens=max_position_embeddings,
        rms_norm_eps=_number(fields, "rms_norm_eps"),
        use_qk_norm=_flag(fields, "use_qk_norm", absent=True),  # the class default of the reference
        num_nextn_predict_layers=_optional_int(fields, "num_nextn_predict_layers") or 0,
        eos_token_id=_token_ids(fields, "eos_token_id"),
        pad_token_id=_optional_int(fields, "pad_token_id"),
        quantization_config=_optional_mapping(fields, "quantization_config"),
    )
    _check_shapes(config)
    return config


def _refuse_other_networks(fields: Json) -> None:
    architectures = fields.get("architectures")
    if architectures != ["BailingMoeV2ForCausalLM"]:
        raise ConfigError(
            f"architectures is {architectures!r}; this runtime runs BailingMoeV2ForCausalLM and no other network"
        )
    for name, value in fields.items():
        if name in _FIXED:
            if value not in _FIXED[name]:
                known = " or ".join(repr(choice) for choice in _FIXED[name])
                raise ConfigError(f"config.json has {name} = {value!r}; this runtime computes only {name} = {known}")
        elif name not in _READ and name not in _INERT:
            raise ConfigError(
                f"config.json has the field {name!r}: it is unknown and may change the computation; nothing is loaded"
            )


def _rope_fields(fields: Json) -> Json:
    """`rope_parameters` or `rope_scaling`, whichever is there; an empty mapping for plain RoPE."""
    found = [mapping for name in ("rope_parameters", "rope_scaling") if (mapping := _optional_mapping(fields, name))]
    if len(found) > 1 and {**found[0], **found[1]} != {**found[1], **found[0]}:
        raise ConfigError("config.json has rope_parameters and rope_scaling, and they disagree; remove one")
    rope = {name: value for mapping in found for name, value in mapping.items()}
    for name in rope:
        if name not in _ROPE_READ:
            raise ConfigError(
                f"config.json has the rope field {name!r}: it is unknown and changes the computation; nothing is loaded"
            )
    if "rope_theta" in rope and fields.get("rope_theta", rope["rope_theta"]) != rope["rope_theta"]:
        raise ConfigError("config.json gives two values of rope_theta; remove one")
    return rope


def _rotary_dim(fields: Json, rope: Json, head_dim: int) -> int:
    """Leading dimensions of a head that turn. Without a word about it all do, as in the reference implementation."""
    stated: dict[str, int] = {}
    if fields.get("rotary_dim") is not None:
        stated["rotary_dim"] = _int(fields, "rotary_dim")
    for place in (fields, rope):
        if place.get("partial_rotary_factor") is not None:
            stated["partial_rotary_factor"] = int(head_dim * _number(place, "partial_rotary_factor"))
    if len(set(stated.values())) > 1:
        raise ConfigError(f"config.json turns {stated} dimensions of a head: they disagree; remove one")
    rotary_dim = next(iter(stated.values()), head_dim)
    if not 0 < rotary_dim <= head_dim or rotary_dim % 2:
        raise ConfigError(
            f"config.json turns {rotary_dim} of {head_dim} dimensions of a head; an even number of them can turn"
        )
    return rotary_dim


def _yarn(rope: Json, max_position_embeddings: int) -> Yarn | None:
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind == "default":
        return None
    if kind != "yarn":
        raise ConfigError(f"config.json has rope_type = {kind!r}; this runtime knows default and yarn")
    return Yarn(
        factor=_number(rope, "factor"),
        original_max_position_embeddings=_optional_int(rope, "original_max_position_embeddings")
        or max_position_embeddings,
        beta_fast=_optional_number(rope, "beta_fast") or 32.0,
        beta_slow=_optional_number(rope, "beta_slow") or 1.0,
        attention_factor=_optional_number(rope, "attention_factor"),
        mscale=_optional_number(rope, "mscale"),
        mscale_all_dim=_optional_number(rope, "mscale_all_dim"),
        truncate=_flag(rope, "truncate", absent=True),
    )


def _shared_width(fields: Json) -> int:
    """Width of the shared experts together: that of one, times how many there are."""
    count = _optional_int(fields, "num_shared_experts") or 0
    one = _optional_int(fields, "moe_shared_expert_intermediate_size") or _int(fields, "moe_intermediate_size")
    return count * one


def _check_shapes(config: ModelConfig) -> None:
    if config.num_attention_heads % config.num_key_value_heads:
        raise ConfigError(
            f"{config.num_attention_heads} query heads cannot share {config.num_key_value_heads} key heads evenly"
        )
    if config.num_experts % config.n_group or config.num_experts // config.n_group < 2:
        raise ConfigError(
            f"{config.num_experts} experts in {config.n_group} groups: a group needs at least two, all the same number"
        )
    if config.topk_group > config.n_group:
        raise ConfigError(f"topk_group = {config.topk_group} of {config.n_group} groups")
    reachable = config.num_experts // config.n_group * config.topk_group
    if config.num_experts_per_tok > reachable:
        raise ConfigError(
            f"num_experts_per_tok is {config.num_experts_per_tok}; {config.topk_group} groups hold {reachable} experts"
        )
    if config.first_k_dense_replace > config.num_hidden_layers:
        raise ConfigError(
            f"first_k_dense_replace = {config.first_k_dense_replace} of {config.num_hidden_layers} layers"
        )


def _int(fields: Json, name: str, *, at_least: int = 1) -> int:
    value = _optional_int(fields, name)
    if value is None:
        raise ConfigError(f"config.json lacks {name}")
    if value < at_least:
        raise ConfigError(f"config.json has {name} = {value}; at least {at_least} is needed")
    return value


def _optional_int(fields: Json, name: str) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise ConfigError(f"config.json has {name} = {value!r}; a whole number is needed")
    return int(value)


def _number(fields: Json, name: str) -> float:
    value = _optional_number(fields, name)
    if value is None:
        raise ConfigError(f"config.json lacks {name}")
    return value


def _optional_number(fields: Json, name: str) -> float | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"config.json has {name} = {value!r}; a number is needed")
    return float(value)


def _flag(fields: Json, name: str, *, absent: bool) -> bool:
    value = fields.get(name, absent)
    if not isinstance(value, bool):
        raise ConfigError(f"config.json has {name} = {value!r}; true or false is needed")
    return value


def _optional_mapping(fields: Json, name: str) -> Json | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ConfigError(f"config.json has {name} = {value!r}; an object is needed")
    return value


def _token_ids(fields: Json, name: str) -> tuple[int, ...]:
    value = fields.get(name)
    if value is None:
        return ()
    ids = value if isinstance(value, list) else [value]
    if not all(isinstance(token, int) for token in ids):
        raise ConfigError(f"config.json has {name} = {value!r}; token ids are needed")
    return tuple(ids)
