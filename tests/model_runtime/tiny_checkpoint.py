"""A tiny random BailingMoeV2 checkpoint in the published layout: weights, tokenizer, template, stop tokens."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from model_runtime.chat import LING_TEMPLATE

SPECIAL_TOKENS = (
    "<|startoftext|>",
    "<|endoftext|>",
    "[CLS]",
    "[gMASK]",
    "<role>",
    "</role>",
    "<|role_end|>",
)

# What the family's pre-tokenizer does: contractions, words, single digits, punctuation, white space.
_WORDS = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"

# Invented, and only here to learn some merges from.
_SENTENCES = (
    "The patient was admitted with chest pain and takes metformin 500 mg twice a day.",
    "No known allergies. Blood pressure 132/84 mmHg, pulse 72, haemoglobin 13.4 g/dL.",
    "Der Patient klagt über Schwindel; die Größe beträgt 1,75 m. L'enfant a été vacciné à l'hôpital.",
    "患者因胸痛入院，既往有高血压病史。",
)


def tiny_config(**changes: object) -> dict[str, object]:
    """The fields of a config.json small enough to run in milliseconds; `changes` replace some, None removes one."""
    fields: dict[str, object] = {
        "architectures": ["BailingMoeV2ForCausalLM"],
        "model_type": "bailing_moe",
        "vocab_size": 640,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "num_experts": 16,
        "num_experts_per_tok": 4,
        "num_shared_experts": 1,
        "n_group": 4,
        "topk_group": 2,
        "moe_intermediate_size": 64,
        "moe_shared_expert_intermediate_size": 64,
        "first_k_dense_replace": 1,
        "routed_scaling_factor": 2.5,
        "norm_topk_prob": True,
        "score_function": "sigmoid",
        "moe_router_enable_expert_bias": True,
        "router_dtype": "fp32",
        "partial_rotary_factor": 0.5,
        "rope_theta": 600000.0,
        "rope_scaling": None,
        "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-6,
        "use_rmsnorm": True,
        "use_qk_norm": True,
        "use_bias": False,
        "use_qkv_bias": False,
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "num_nextn_predict_layers": 0,
        "eos_token_id": 6,
        "pad_token_id": 1,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.52.3",
    }
    fields.update(changes)
    return {name: value for name, value in fields.items() if value is not None or name == "rope_scaling"}


def tiny_tensors(fields: dict[str, object], *, seed: int = 0) -> dict[str, Tensor]:
    """Random weights for a config, under the published names: bf16, expert biases float32."""
    random = torch.Generator().manual_seed(seed)
    size = {name: value for name, value in fields.items() if isinstance(value, int)}
    hidden, head = size["hidden_size"], size["head_dim"]
    queries, keys = size["num_attention_heads"] * head, size["num_key_value_heads"] * head
    tensors: dict[str, Tensor] = {}

    def matrix(name: str, rows: int, columns: int) -> None:
        tensors[name] = (torch.randn(rows, columns, generator=random) * columns**-0.5).bfloat16()

    def norm(name: str, width: int) -> None:
        tensors[name] = (1 + 0.1 * torch.randn(width, generator=random)).bfloat16()

    def mlp(name: str, width: int) -> None:
        matrix(f"{name}.gate_proj.weight", width, hidden)
        matrix(f"{name}.up_proj.weight", width, hidden)
        matrix(f"{name}.down_proj.weight", hidden, width)

    matrix("model.word_embeddings.weight", size["vocab_size"], hidden)
    for index in range(size["num_hidden_layers"]):
        layer = f"model.layers.{index}"
        norm(f"{layer}.input_layernorm.weight", hidden)
        norm(f"{layer}.post_attention_layernorm.weight", hidden)
        matrix(f"{layer}.attention.query_key_value.weight", queries + 2 * keys, hidden)
        matrix(f"{layer}.attention.dense.weight", hidden, queries)
        if fields.get("use_qk_norm", True):
            norm(f"{layer}.attention.query_layernorm.weight", head)
            norm(f"{layer}.attention.key_layernorm.weight", head)
        if index < size["first_k_dense_replace"]:
            mlp(f"{layer}.mlp", size["intermediate_size"])
            continue
        matrix(f"{layer}.mlp.gate.weight", size["num_experts"], hidden)
        if fields.get("moe_router_enable_expert_bias", True):
            bias = torch.randn(size["num_experts"], generator=random) * 0.3 - 0.3  # some are negative enough to matter
            tensors[f"{layer}.mlp.gate.expert_bias"] = bias
        for expert in range(size["num_experts"]):
            mlp(f"{layer}.mlp.experts.{expert}", size["moe_intermediate_size"])
        if size.get("num_shared_experts"):
            mlp(f"{layer}.mlp.shared_experts", size["moe_intermediate_size"] * size["num_shared_experts"])
    norm("model.norm.weight", hidden)
    matrix("lm_head.weight", size["vocab_size"], hidden)
    return tensors


def tiny_tokenizer(*, chat_template: str | None = LING_TEMPLATE) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer with the family's special tokens, trained on a few invented sentences."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=620,
        show_progress=False,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(_SENTENCES * 4, trainer)
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        bos_token="<|startoftext|>",
        eos_token="<|role_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<role>", "</role>"],
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = chat_template
    return fast


def write_tiny_checkpoint(
    folder: Path, *, seed: int = 0, chat_template: str | None = LING_TEMPLATE, **changes: object
) -> Path:
    """Write a whole checkpoint folder in two shards; `changes` go into config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    fields = tiny_config(**changes)
    tensors = tiny_tensors(fields, seed=seed)
    names = sorted(tensors)
    shards = {
        "model-00001-of-00002.safetensors": names[: len(names) // 2],
        "model-00002-of-00002.safetensors": names[len(names) // 2 :],
    }
    for shard, members in shards.items():
        save_file({name: tensors[name] for name in members}, folder / shard, metadata={"format": "pt"})
    weight_map = {name: shard for shard, members in shards.items() for name in members}
    total_bytes = sum(tensor.nbytes for tensor in tensors.values())
    index = {"metadata": {"total_size": total_bytes}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text(json.dumps(fields, indent=2))
    generation = {"eos_token_id": [1, 6], "pad_token_id": 1, "transformers_version": "4.52.3"}
    (folder / "generation_config.json").write_text(json.dumps(generation))
    tiny_tokenizer(chat_template=chat_template).save_pretrained(folder)
    return folder
