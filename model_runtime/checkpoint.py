"""Names and shards of a checkpoint; what each tensor is, and what it is called in the 4-bit form.

Three forms are read: full width (bf16 and wider), the FP8 release (e4m3 with float32 scales of 128 x 128 blocks under
`<name>_scale_inv`), and our own 4-bit folders, where the experts of a layer are stacks: one of gate, up and down each.
A tensor that is not known stops the load; so does one that is missing. Nothing here computes with the network.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import torch
from torch import Tensor

from model_runtime.config import Json, ModelConfig, read_config
from model_runtime.errors import CheckpointError
from model_runtime.shards import Shard

logger = logging.getLogger(__name__)

FP8_BLOCK = 128
EXPERT_PROJECTIONS = ("gate_proj", "up_proj", "down_proj")
_SAMPLES, _SAMPLE_BYTES = 16, 65_536  # of each shard, for the fingerprint of a checkpoint that has no manifest


class Quantize(StrEnum):
    """Which weights are kept in 4 bits."""

    EXPERTS = "experts"  # the routed experts
    LINEARS = "linears"  # attention, dense layers, shared experts and lm_head too


class Form(StrEnum):
    """How the weights lie on disk."""

    FULL = "full"
    FP8 = "fp8"
    NF4 = "nf4"


class Role(StrEnum):
    """What a tensor is for; decides in which precision it may be kept."""

    EXPERTS = "experts"
    LINEAR = "linear"
    EMBEDDING = "embedding"
    NORM = "norm"
    ROUTER = "router"
    EXPERT_BIAS = "expert bias"


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """A tensor of the network. Experts are one stack: "model.layers.3.mlp.experts.gate_proj.weight" [E, I, H]."""

    name: str
    shape: tuple[int, ...]
    role: Role

    @property
    def weights(self) -> int:
        """How many numbers it holds."""
        return torch.Size(self.shape).numel()

    def is_quantized(self, quantize: Quantize) -> bool:
        """Whether it is kept in 4 bits."""
        return self.role is Role.EXPERTS or (self.role is Role.LINEAR and quantize is Quantize.LINEARS)


def network_tensors(config: ModelConfig) -> Iterator[TensorSpec]:
    """All tensors of the network in the order in which it uses them."""
    yield TensorSpec(
        name="model.word_embeddings.weight", shape=(config.vocab_size, config.hidden_size), role=Role.EMBEDDING
    )
    for layer in range(config.num_hidden_layers):
        yield from _attention_tensors(config, f"model.layers.{layer}")
        if layer in config.moe_layers:
            yield from _mixture_tensors(config, f"model.layers.{layer}.mlp")
        else:
            yield from _mlp_tensors(f"model.layers.{layer}.mlp", config.hidden_size, config.intermediate_size)
    yield TensorSpec(name="model.norm.weight", shape=(config.hidden_size,), role=Role.NORM)
    yield TensorSpec(name="lm_head.weight", shape=(config.vocab_size, config.hidden_size), role=Role.LINEAR)


def _attention_tensors(config: ModelConfig, layer: str) -> Iterator[TensorSpec]:
    hidden = config.hidden_size
    rows = config.query_size + 2 * config.key_value_size
    linears = {"query_key_value": (rows, hidden), "dense": (hidden, config.query_size)}
    yield TensorSpec(name=f"{layer}.input_layernorm.weight", shape=(hidden,), role=Role.NORM)
    for name, shape in linears.items():
        yield TensorSpec(name=f"{layer}.attention.{name}.weight", shape=shape, role=Role.LINEAR)
    if config.use_qk_norm:
        for name in ("query_layernorm", "key_layernorm"):
            yield TensorSpec(name=f"{layer}.attention.{name}.weight", shape=(config.head_dim,), role=Role.NORM)
    yield TensorSpec(name=f"{layer}.post_attention_layernorm.weight", shape=(hidden,), role=Role.NORM)


def _mixture_tensors(config: ModelConfig, mlp: str) -> Iterator[TensorSpec]:
    experts, hidden, width = config.num_experts, config.hidden_size, config.moe_intermediate_size
    yield TensorSpec(name=f"{mlp}.gate.weight", shape=(experts, hidden), role=Role.ROUTER)
    if config.moe_router_enable_expert_bias:
        yield TensorSpec(name=f"{mlp}.gate.expert_bias", shape=(experts,), role=Role.EXPERT_BIAS)
    for projection in EXPERT_PROJECTIONS:
        shape = (hidden, width) if projection == "down_proj" else (width, hidden)
        yield TensorSpec(name=f"{mlp}.experts.{projection}.weight", shape=(experts, *shape), role=Role.EXPERTS)
    if config.shared_expert_intermediate_size:
        yield from _mlp_tensors(f"{mlp}.shared_experts", hidden, config.shared_expert_intermediate_size)


def _mlp_tensors(mlp: str, hidden: int, width: int) -> Iterator[TensorSpec]:
    for projection in EXPERT_PROJECTIONS:
        shape = (hidden, width) if projection == "down_proj" else (width, hidden)
        yield TensorSpec(name=f"{mlp}.{projection}.weight", shape=shape, role=Role.LINEAR)


def absmax_name(name: str) -> str:
    """Where a 4-bit folder keeps the magnitudes of a 4-bit tensor."""
    return f"{name}.absmax"


def expert_name(stack: str, expert: int) -> str:
    """The published name of one expert's matrix of a stack."""
    return stack.replace(".experts.", f".experts.{expert}.")


class Checkpoint:
    """A checkpoint folder whose config, shards and tensor names have been checked; tensors are mapped, not read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = read_config(folder)
        self.form, self.quantize = _form(self.config.quantization_config)
        self.shards = [Shard(path) for path in shard_paths(folder)]
        self._places = {name: shard for shard in self.shards for name in shard.tensors}
        self.specs = {spec.name: spec for spec in network_tensors(self.config)}
        self._check_names()

    def stored_dtype(self, name: str) -> torch.dtype:
        """The dtype on disk."""
        return self._places[name].tensors[name].dtype

    def raw(self, name: str) -> Tensor:
        """The tensor as it lies on disk, mapped."""
        return self._places[name].read(name)

    def matrix(self, name: str) -> Tensor:
        """One published tensor at full width: as stored, or bf16 where it is FP8 on disk."""
        stored = self.raw(name)
        if stored.dtype != torch.float8_e4m3fn:
            return stored
        return dequantize_fp8(stored, self.raw(f"{name}_scale_inv"))

    def fingerprint(self) -> str:
        """What names these weights: a hash over the manifest, or over config, headers and samples of the shards."""
        digest = hashlib.sha256((self.folder / "config.json").read_bytes())
        manifest = self.folder / "manifest.json"
        if manifest.exists():
            digest.update(manifest.read_bytes())
            return digest.hexdigest()
        for shard in self.shards:
            digest.update(shard.header)
            size = shard.path.stat().st_size
            with shard.path.open("rb") as file:
                for sample in range(_SAMPLES):
                    file.seek(size * sample // _SAMPLES)
                    digest.update(file.read(_SAMPLE_BYTES))
        return digest.hexdigest()

    def _check_names(self) -> None:
        expected = dict(self._expected())
        unknown = sorted(name for name in self._places if name not in expected and not self._is_skipped(name))
        if unknown:
            raise CheckpointError(
                f"{self.folder} holds {len(unknown):,} tensors that this network does not have, the first is "
                f"{unknown[0]!r}; they may change the computation, so nothing is loaded"
            )
        missing = [name for name in expected if name not in self._places]
        if missing:
            raise CheckpointError(
                f"{self.folder} lacks {len(missing):,} of {len(expected):,} tensors, the first is {missing[0]!r}; "
                "fetch or make the checkpoint again"
            )
        for name, shape in expected.items():
            found = self._places[name].tensors[name].shape
            if found != shape:
                raise CheckpointError(f"{name} has the shape {list(found)}; config.json says {list(shape)}")
        self._check_dtypes()

    def _expected(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Names and shapes on disk."""
        for spec in self.specs.values():
            if self.form is Form.NF4:
                yield from self._expected_in_4_bits(spec)
            elif spec.role is Role.EXPERTS:
                for expert in range(spec.shape[0]):
                    yield from self._expected_at_full_width(expert_name(spec.name, expert), spec.shape[1:])
            else:
                yield from self._expected_at_full_width(spec.name, spec.shape)

    def _expected_in_4_bits(self, spec: TensorSpec) -> Iterator[tuple[str, tuple[int, ...]]]:
        if spec.is_quantized(self.quantize):
            yield spec.name, (*spec.shape[:-1], spec.shape[-1] // 2)
            yield absmax_name(spec.name), (*spec.shape[:-1], spec.shape[-1] // 64)
        else:
            yield spec.name, spec.shape

    def _expected_at_full_width(self, name: str, shape: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield name, shape
        if name in self._places and self.stored_dtype(name) == torch.float8_e4m3fn:
            yield f"{name}_scale_inv", tuple(-(-size // FP8_BLOCK) for size in shape)

    def _is_skipped(self, name: str) -> bool:
        """Layers after the last one predict further tokens (MTP) and have no part in the next one."""
        found = re.match(r"model\.layers\.(\d+)\.", name)
        return found is not None and int(found[1]) >= self.config.num_hidden_layers

    def _check_dtypes(self) -> None:
        wide = {torch.bfloat16, torch.float16, torch.float32}
        for name, shard in self._places.items():
            dtype = shard.tensors[name].dtype
            if dtype in wide or self._is_skipped(name):
                continue
            is_code = self.form is Form.NF4 and dtype == torch.uint8 and absmax_name(name) in self._places
            if not is_code and not (self.form is Form.FP8 and dtype == torch.float8_e4m3fn):
                raise CheckpointError(
                    f"{name} is stored as {dtype}, which a checkpoint of form {self.form} does not use"
                )
        skipped = sum(1 for name in self._places if self._is_skipped(name))
        if skipped:
            logger.info("%d tensors of layers that predict further tokens (MTP) are skipped", skipped)


def dequantize_fp8(stored: Tensor, scale: Tensor) -> Tensor:
    """bf16 [rows, columns] from e4m3 and the scale of each 128 x 128 block, float32 [rows / 128, columns / 128]."""
    rows, columns = stored.shape
    wide = scale.float().repeat_interleave(FP8_BLOCK, 0)[:rows].repeat_interleave(FP8_BLOCK, 1)[:, :columns]
    return (stored.float() * wide).to(torch.bfloat16)


def shard_paths(folder: Path) -> list[Path]:
    """The shards that the index names, or the one file without an index. Raises CheckpointError if one is missing."""
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        single = folder / "model.safetensors"
        if single.exists():
            return [single]
        raise CheckpointError(f"{folder} holds neither model.safetensors nor an index of shards; no weights are there")
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{index} is damaged; fetch or make it again") from error
    if any(Path(name).name != name for name in names):
        raise CheckpointError(f"{index} names a file outside its folder; it is not to be trusted")
    missing = [name for name in names if not (folder / name).exists()]
    if missing:
        raise CheckpointError(
            f"{folder} has {len(names) - len(missing)} of {len(names)} shards, {missing[0]} is missing; "
            "the download is not complete, start it again and it goes on where it stopped"
        )
    return [folder / name for name in names]


def quantize_of(config: ModelConfig) -> Quantize:
    """Which weights a checkpoint holds in 4 bits; experts, the default, for one that holds none."""
    return _form(config.quantization_config)[1]


def _form(quantization: Json | None) -> tuple[Form, Quantize]:
    """How the weights lie on disk, and which of them in 4 bits, by `quantization_config`."""
    if quantization is None:
        return Form.FULL, Quantize.EXPERTS
    method = quantization.get("quant_method")
    if method == QUANT_METHOD:
        if dict(quantization) != dict(quantization_config(_quantize(quantization.get("quantize")))):
            raise CheckpointError("quantization_config is of another version of the 4-bit folder; quantize again")
        return Form.NF4, _quantize(quantization.get("quantize"))
    if method == "fp8":
        if quantization.get("weight_block_size") != [FP8_BLOCK, FP8_BLOCK] or quantization.get("fmt", "e4m3") != "e4m3":
            raise CheckpointError("this FP8 checkpoint is not e4m3 in 128 x 128 blocks; use the bf16 release")
        return Form.FP8, Quantize.EXPERTS
    if method == "compressed-tensors":
        raise CheckpointError(
            "this is the INT4 release (compressed-tensors), which holds 4-bit integers and no NF4; "
            "use the bf16 release (MedAIBase/AntAngelMed) or the FP8 one (MedAIBase/AntAngelMed-FP8)"
        )
    raise CheckpointError(
        f"quantization_config has quant_method {method!r}; use a bf16, an FP8 or our own 4-bit checkpoint"
    )


QUANT_METHOD = "anamnesis_nf4"


def quantization_config(quantize: Quantize) -> Mapping[str, object]:
    """What config.json of a 4-bit folder says."""
    return {
        "quant_method": QUANT_METHOD,
        "format_version": 1,
        "quant_type": "nf4",
        "blocksize": 64,
        "absmax_dtype": "bfloat16",
        "quantize": quantize.value,
    }


def _quantize(value: object) -> Quantize:
    try:
        return Quantize(str(value))
    except ValueError:
        raise CheckpointError(f"quantization_config has quantize = {value!r}; experts or linears is known") from None
