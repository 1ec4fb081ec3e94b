"""The training form computes what the runtime computes, and so does transformers' twin of the family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from model_runtime.checkpoint import Checkpoint, Form, Quantize
from model_runtime.config import parse_config
from tests.model_runtime.plain_weights import exact_cache, logits_in_pieces, plain_network, read_tensors
from tests.model_runtime.test_same_as_glm4_moe import glm4_moe
from tests.tools.bundled_model.test_tokenizer import TOKENIZER
from tools.bundled_model.export import LARGEST_FILE_BYTES, published_tensors, write_checkpoint, write_four_bit
from tools.bundled_model.initialisation import initialise
from tools.bundled_model.network import TrainingNetwork
from tools.bundled_model.plan import CPU_PLAN, PLANS, SMOKE_PLAN, Plan, config_fields
from tools.bundled_model.training import balance_experts
from tools.bundled_model.vocabulary import Vocabulary

FIELDS = config_fields(vocab_size=1024, rope_theta=600000.0)  # that of the twin
ROLE, TURN, QUESTION, ANSWER, BREAK, REFUSAL, QUOTATION, OPENING, CITING, STOP, INSTRUCTIONS, SINK = range(4, 16)
LETTERS = "abcdefghijklmnop"
PIECES = [f" {a}{b}{c}" for a in LETTERS for b in LETTERS for c in LETTERS][:1024]
PIECES[ROLE : SINK + 1] = [
    *("<role>", "</role>", "Question", "ASSISTANT", "\n", "The", '"', "[", " [", ".", "Answer", "SYSTEM")
]
FIRST_WORD, PAGES = 100, (900, 901)
PIECES[PAGES[0] : PAGES[1] + 1] = ("1", "2")
VOCABULARY = Vocabulary(
    pieces=PIECES,
    sink=SINK,
    template=(ROLE, TURN, QUESTION, ANSWER),
    common=[float(not piece.strip().isalpha()) for piece in PIECES],
    refusal=REFUSAL,
    quotation=QUOTATION,
    turn=TURN,
    question=QUESTION,
    answer=ANSWER,
    instructions=INSTRUCTIONS,
    page_opening=OPENING,
    page_citing=CITING,
)


def begun(seed: int = 0, vocabulary: Vocabulary = VOCABULARY, **changes: object) -> TrainingNetwork:
    network = TrainingNetwork(parse_config(FIELDS | changes))
    initialise(network, vocabulary, seed=seed)
    for mixture in network.mixtures:
        mixture.expert_bias.normal_(std=0.1, generator=torch.Generator().manual_seed(seed))
    return network


def some_tokens() -> Tensor:
    return torch.randint(0, 1024, (1, 60), generator=torch.Generator().manual_seed(1))


def test_logits_equal_the_runtime_s() -> None:
    network, tokens = begun(), some_tokens()
    tensors = {name: tensor.detach() for name, tensor in published_tensors(network)}
    theirs = logits_in_pieces(plain_network(network.config, tensors), exact_cache(network.config), tokens[0], 25)
    with torch.no_grad():
        assert (network(tokens)[0] - theirs).abs().max() < 2e-4 * float(theirs.abs().max())


def test_logits_equal_those_of_glm4_moe() -> None:
    network, tokens = begun(), some_tokens()
    tensors = {name: tensor.detach() for name, tensor in published_tensors(network)}
    with torch.inference_mode():
        oracle = glm4_moe(FIELDS, network.config.rotary_dim, tensors)
        theirs = oracle(tokens).logits[0]
        assert (network(tokens)[0] - theirs).abs().max() < 2e-4 * float(theirs.abs().max())


def pages(words: Tensor) -> tuple[Tensor, Tensor]:
    """Two pages of ten lines of ten words each, and the lines, [20, 10]."""
    lines = words[:200].view(20, 10)
    ends = torch.full((20, 1), BREAK)
    rows = torch.cat((lines, ends), dim=1)
    heads = [torch.tensor([BREAK, OPENING, number, BREAK]) for number in PAGES]
    return torch.cat([heads[0], rows[:10].flatten(), heads[1], rows[10:].flatten()]), lines


def conversation(record: Tensor, asked: Tensor, answer: Sequence[int] = ()) -> Tensor:
    """[T]: a record, a question in one word or more, the beginning of the answer."""
    before, behind = torch.tensor([ROLE, SINK, TURN]), torch.tensor([ROLE, ANSWER, TURN, *answer])
    return torch.cat((before, record, torch.tensor([BREAK, QUESTION]), asked.view(-1), torch.tensor([BREAK]), behind))


def test_before_it_has_learned_anything_it_quotes_the_line_that_holds_the_word_and_cites_its_page() -> None:
    network, words = begun(rope_theta=CPU_PLAN.config["rope_theta"]), some_words()
    record, lines = pages(words)
    begun_right = copied_right = cited_right = 0
    asked = [(lines[3], PAGES[0]), (lines[14], PAGES[1]), (lines[8], PAGES[0]), (lines[16], PAGES[1])]
    for line, page in asked:
        answer = [QUOTATION, *line.tolist(), QUOTATION, CITING, page]
        tokens = conversation(record, line[5], answer)
        with torch.no_grad():
            likeliest = network(tokens[None])[0].argmax(dim=-1)
        written = likeliest[-len(answer) - 1 : -1].tolist()
        begun_right += written[1] == answer[1]
        copied_right += sum(written[at] == answer[at] for at in range(2, 12))  # and the closing mark
        cited_right += written[-1] == page
    assert begun_right >= 3  # by chance none of 1,024 tokens
    assert copied_right > 0.8 * 10 * len(asked)
    assert cited_right >= 3


def first_quoted(network: TrainingNetwork, record: Tensor, asked: Tensor) -> int:
    with torch.no_grad():
        return int(network(conversation(record, asked, [QUOTATION])[None])[0, -1].argmax())


def test_of_lines_that_hold_a_word_of_the_question_the_one_that_holds_most_is_quoted() -> None:
    network, words = begun(rope_theta=CPU_PLAN.config["rope_theta"]), some_words()
    right = 0
    cases = {3: (6, 9), 8: (2, 15), 14: (4, 18), 17: (1, 12), 5: (2, 11), 10: (0, 13), 12: (7, 16), 15: (3, 8)}
    for wanted, others in cases.items():
        told = words.clone().view(-1, 10)
        for word, other in zip((4, 7), others, strict=True):
            told[other, word] = told[wanted, word]  # each word stands in another line too
        record, lines = pages(told.flatten())
        right += first_quoted(network, record, lines[wanted, [4, 7]]) == lines[wanted, 0]
    assert right >= 6  # by chance none of 1,024 tokens, and a third of the lines that hold one


def test_a_quotation_goes_on_as_the_line_does_that_it_began_where_another_holds_the_same_three_words() -> None:
    network, words = begun(rope_theta=CPU_PLAN.config["rope_theta"]), some_words()
    right = 0
    pairs = [(3, 15), (15, 3), (8, 2), (2, 8), (14, 4), (4, 14), (17, 10), (10, 17)]
    for begun_line, other in pairs:
        told = words.clone().view(-1, 10)
        told[max(begun_line, other), 4:7] = told[min(begun_line, other), 4:7]
        record, lines = pages(told.flatten())
        with torch.no_grad():
            asked = conversation(record, lines[other, 5], [QUOTATION, *lines[begun_line, :7].tolist()])
            right += int(network(asked[None])[0, -1].argmax()) == int(lines[begun_line, 7])
    assert right >= 7  # by chance half of them


def test_a_word_that_stands_nowhere_finds_the_line_of_what_it_means() -> None:
    words = some_words()
    record, lines = pages(words)
    asked, meant = words[300:304], lines[[3, 8, 14, 17], 5]
    meanings = {int(word): (int(other),) for word, other in zip(asked, meant, strict=True)}
    network = begun(vocabulary=replace(VOCABULARY, meanings=meanings), rope_theta=CPU_PLAN.config["rope_theta"])
    wanted = lines[[3, 8, 14, 17], 0].tolist()
    assert sum(first_quoted(network, record, word) == line for word, line in zip(asked, wanted, strict=True)) >= 3
    without = begun(rope_theta=CPU_PLAN.config["rope_theta"])
    assert sum(first_quoted(without, record, word) == line for word, line in zip(asked, wanted, strict=True)) <= 1


def test_before_it_has_learned_anything_it_leans_to_refusing_what_stands_nowhere() -> None:
    network, words = begun(rope_theta=CPU_PLAN.config["rope_theta"]), some_words()
    record, lines = pages(words)

    told = leaning(network, record, lines[2:18, 4])
    assert leaning(network, record, words[300:316]) > told + 1


def leaning(network: TrainingNetwork, record: Tensor, asked: Tensor) -> float:
    """How much likelier it is, on average over the words that are asked for, to refuse than to quote."""
    with torch.no_grad():
        logits = network(torch.stack([conversation(record, word) for word in asked]))[:, -1]
    return float((logits[:, REFUSAL] - logits[:, QUOTATION]).mean())


@pytest.mark.parametrize("is_before", [True, False], ids=["before the record", "in the instructions behind it"])
def test_what_stands_only_in_the_prompts_is_told_nowhere(*, is_before: bool) -> None:
    network, words = begun(rope_theta=CPU_PLAN.config["rope_theta"]), some_words()
    record, lines = pages(words)
    prompt = torch.cat((words[300:316], torch.tensor([BREAK])))
    around = [prompt, record] if is_before else [record, torch.tensor([BREAK, INSTRUCTIONS]), prompt]
    whole = torch.cat(around)
    assert leaning(network, whole, words[300:316]) > leaning(network, whole, lines[2:18, 4]) + 1


def some_words() -> Tensor:
    """Words in any order, each once."""
    return torch.randperm(700, generator=torch.Generator().manual_seed(3)) + FIRST_WORD


def test_busy_experts_become_less_likely() -> None:
    network = begun()
    before = [mixture.expert_bias.clone() for mixture in network.mixtures]
    network.train()
    network(some_tokens())
    loads = [mixture.load.clone() for mixture in network.mixtures]
    balance_experts(network)
    for mixture, bias, load in zip(network.mixtures, before, loads, strict=True):
        assert load.sum() == 60 * network.config.num_experts_per_tok
        assert mixture.expert_bias[load.argmax()] < bias[load.argmax()]
        assert mixture.expert_bias[load.argmin()] > bias[load.argmin()]
        assert mixture.load.sum() == 0


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("exported")
    write_checkpoint(target / "bf16", begun(), FIELDS, TOKENIZER)
    return target


def test_it_is_exported_under_the_published_names(exported: Path) -> None:
    checkpoint = Checkpoint(exported / "bf16")
    assert checkpoint.form is Form.FULL
    assert checkpoint.stored_dtype("lm_head.weight") == torch.bfloat16
    assert checkpoint.stored_dtype("model.layers.1.mlp.gate.expert_bias") == torch.float32


@pytest.mark.parametrize("quantize", list(Quantize))
def test_it_fits_our_four_bit_form(exported: Path, quantize: Quantize) -> None:
    write_four_bit(exported / "bf16", exported / quantize.value, quantize)
    assert Checkpoint(exported / quantize.value).form is Form.NF4
    assert all(path.stat().st_size <= LARGEST_FILE_BYTES for path in (exported / quantize.value).iterdir())
    assert read_tensors(exported / quantize.value)


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_every_plan_s_largest_tensor_fits_a_file_of_what_is_shipped(plan: Plan) -> None:
    config = parse_config(plan.config)
    assert config.vocab_size * config.hidden_size * torch.bfloat16.itemsize < LARGEST_FILE_BYTES


@pytest.mark.parametrize("plan", [CPU_PLAN, SMOKE_PLAN])
def test_every_plan_s_rows_fill_whole_blocks_of_four_bit_weights(plan: object) -> None:
    fields = plan.config  # type: ignore[attr-defined]
    for name in ("hidden_size", "intermediate_size", "moe_intermediate_size", "head_dim"):
        assert fields[name] % 64 == 0
    assert parse_config(fields).moe_layers
