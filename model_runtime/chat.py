"""Messages to the prompt that the family was trained on, and text out of tokens piece by piece.

The checkpoint's own chat template is used; the Ling template where it has none. Tokens are byte-level BPE, so text is
put together from bytes and half a character is never handed out.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast

from model_runtime.errors import CheckpointError, RequestError

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"
_FAMILY_STOP_TOKENS = ("<|endoftext|>", "<|role_end|>")  # where generation_config.json says nothing

# The family's format: a system block always stands and ends in the thinking switch; past reasoning is not repeated.
LING_TEMPLATE = """\
{%- set switch = 'on' if enable_thinking else 'off' -%}
{%- set first = messages[0] -%}
<role>SYSTEM</role>
{%- if first.role == 'system' %}{{ first.content + '\\n' }}{% endif -%}
{{ 'detailed thinking ' + switch + '<|role_end|>' }}
{%- for message in messages -%}
{%- if message.role == 'user' -%}
{{ '<role>HUMAN</role>' + message.content + '<|role_end|>' }}
{%- elif message.role == 'assistant' -%}
{{ '<role>ASSISTANT</role>' + message.content.split('</think>')[-1].lstrip('\\n') + '<|role_end|>' }}
{%- elif not loop.first -%}
{{ '<role>SYSTEM</role>' + message.content + '<|role_end|>' }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt %}<role>ASSISTANT</role>{% endif -%}
"""


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A conversation in tokens, ready for the answer. `opens_reasoning`: the prompt itself ends in <think>."""

    tokens: tuple[int, ...]
    opens_reasoning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPiece:
    """Some more text of the answer, or of the reasoning before it."""

    text: str
    is_reasoning: bool


class Chat:
    """The tokenizer of a checkpoint with what the family says about conversations."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, stop_tokens: frozenset[int]) -> None:
        self._tokenizer = tokenizer
        self.stop_tokens = stop_tokens
        self._template = tokenizer.chat_template or LING_TEMPLATE
        self._added = {index: token.content for index, token in tokenizer.added_tokens_decoder.items()}
        self._special = frozenset(
            index
            for index, token in tokenizer.added_tokens_decoder.items()
            if (token.special or index in tokenizer.all_special_ids) and token.content not in (THINK_OPEN, THINK_CLOSE)
        )
        self._special_texts = [text for index, text in self._added.items() if index in self._special]

    @classmethod
    def from_folder(cls, folder: Path) -> Chat:
        """Read tokenizer, chat template and stop tokens. Raises CheckpointError and names what is missing."""
        if not (folder / "tokenizer.json").is_file():
            raise CheckpointError(f"{folder} has no tokenizer.json; copy it from the model's repository")
        try:
            tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        except Exception as error:  # the tokenizers library raises bare Exception for a damaged file
            raise CheckpointError(f"the tokenizer in {folder} cannot be read: {error}") from error
        decoder = json.loads(tokenizer.backend_tokenizer.to_str()).get("decoder") or {}
        if decoder.get("type") != "ByteLevel":
            raise CheckpointError(f"the tokenizer in {folder} is not byte-level BPE, as this family's are")
        return cls(tokenizer, _stop_tokens(folder, tokenizer))

    def prompt(self, messages: Sequence[Message], *, thinking: bool = False) -> Prompt:
        """The conversation in the family's format, up to where the answer begins."""
        text = self.render(messages, thinking=thinking)
        return Prompt(tokens=tuple(self.encode(text)), opens_reasoning=text.rstrip().endswith(THINK_OPEN))

    def render(self, messages: Sequence[Message], *, thinking: bool = False) -> str:
        """The prompt as text. What stands in a document can't speak as another role: its special tokens are broken."""
        if not messages:
            raise RequestError("a conversation needs at least one message")
        turns = [{"role": message.role.value, "content": self._disarmed(message.content)} for message in messages]
        switches: dict[str, Any] = {"enable_thinking": thinking, "thinking_option": "on" if thinking else "off"}
        text = self._tokenizer.apply_chat_template(
            turns, chat_template=self._template, tokenize=False, add_generation_prompt=True, **switches
        )
        assert isinstance(text, str)
        if thinking:  # the published template writes "off" whatever it is asked
            text = text.replace("detailed thinking off<|role_end|>", "detailed thinking on<|role_end|>", 1)
        return text

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, special ones included, with none added."""
        tokens: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return tokens

    def count_tokens(self, text: str) -> int:
        """How many tokens the text takes in a prompt."""
        return len(self.encode(self._disarmed(text)))

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens, special ones left out."""
        return b"".join(self.token_bytes(token) for token in tokens).decode("utf-8", errors="replace")

    def token_bytes(self, token: int) -> bytes:
        """The bytes that a token stands for; none for special tokens and for the unused rows of the vocabulary."""
        if token in self._special:
            return b""
        if token in self._added:
            return self._added[token].encode()
        piece: Any = self._tokenizer.convert_ids_to_tokens(token)
        return b"" if piece is None else bytes(_BYTE_OF[character] for character in piece)

    def _disarmed(self, text: str) -> str:
        for special in self._special_texts:
            if special in text:
                text = text.replace(special, special[0] + "\u200b" + special[1:])  # a zero-width space
        return text


class TextStream:
    """Turns the tokens of one answer into pieces of text: whole characters, reasoning apart, cut at a stop text."""

    def __init__(self, chat: Chat, *, opens_reasoning: bool = False, stop_texts: Sequence[str] = ()) -> None:
        self._chat = chat
        self._characters = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._held = ""  # not yet handed out: it may be the beginning of a tag or of a stop text
        self._is_reasoning = opens_reasoning
        self._may_open = not opens_reasoning  # <think> counts only where nothing stands before it
        self._drops_newlines = opens_reasoning  # those around the tags are the template's
        self._stop_texts = tuple(text for text in stop_texts if text)
        self.is_stopped = False

    def push(self, token: int) -> list[TextPiece]:
        """The text that this token completes."""
        return self._take(self._characters.decode(self._chat.token_bytes(token)), is_last=False)

    def finish(self) -> list[TextPiece]:
        """What was held back."""
        return self._take(self._characters.decode(b"", final=True), is_last=True)

    def _take(self, text: str, *, is_last: bool) -> list[TextPiece]:
        self._held += text
        if self._may_open and not self._opens_or_not(is_last=is_last):
            return []
        pieces: list[TextPiece] = []
        while not self.is_stopped:
            marks = (THINK_CLOSE,) if self._is_reasoning else self._stop_texts
            found = _first_of(self._held, marks)
            if found is None:
                ready = len(self._held) - (0 if is_last else _possible_beginning(self._held, marks))
                self._hand_out(ready, pieces)
                break
            position, mark = found
            self._hand_out(position, pieces)
            self._held = self._held[len(mark) :]
            self.is_stopped = not self._is_reasoning
            self._is_reasoning, self._drops_newlines = False, True
        return pieces

    def _opens_or_not(self, *, is_last: bool) -> bool:
        """Whether it is clear by now if the answer opens with reasoning."""
        begun = self._held.lstrip()
        if begun.startswith(THINK_OPEN):
            self._held = begun[len(THINK_OPEN) :]
            self._is_reasoning, self._drops_newlines = True, True
        elif THINK_OPEN.startswith(begun) and not is_last:
            return False
        self._may_open = False
        return True

    def _hand_out(self, length: int, pieces: list[TextPiece]) -> None:
        text, self._held = self._held[:length], self._held[length:]
        if self._drops_newlines:
            text = text.lstrip("\n")
        if text:
            pieces.append(TextPiece(text=text, is_reasoning=self._is_reasoning))
            self._drops_newlines = False


def _stop_tokens(folder: Path, tokenizer: PreTrainedTokenizerFast) -> frozenset[int]:
    """eos_token_id of generation_config.json, else of config.json's kind, else the family's own."""
    for name in ("generation_config.json", "config.json"):
        path = folder / name
        stated = json.loads(path.read_text(encoding="utf-8")).get("eos_token_id") if path.is_file() else None
        if stated is not None:
            return frozenset(stated if isinstance(stated, list) else [stated])
    known = tokenizer.get_vocab()
    return frozenset(known[text] for text in _FAMILY_STOP_TOKENS if text in known)


def _first_of(text: str, marks: Sequence[str]) -> tuple[int, str] | None:
    found = [(position, mark) for mark in marks if (position := text.find(mark)) >= 0]
    return min(found, default=None)


def _possible_beginning(text: str, marks: Sequence[str]) -> int:
    """The length of the longest end of `text` that could grow into a mark."""
    longest = max((len(mark) - 1 for mark in marks), default=0)
    for length in range(min(longest, len(text)), 0, -1):
        if any(mark.startswith(text[-length:]) for mark in marks):
            return length
    return 0


def _byte_of_character() -> dict[str, int]:
    """GPT-2's printable stand-ins for the 256 bytes: printable ones stay, the rest follow from U+0100."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + index): byte for index, byte in enumerate(others)}


_BYTE_OF = _byte_of_character()
