"""The command line: python -m assistant read | search | ask | summarize | verify | records ..."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from assistant.errors import AnamnesisError, SettingsError
from assistant.settings import Settings, from_process_environment

_LATER = {
    "assertions": "negation, uncertainty, history and experiencer of a condition",
    "values": "the current value of named quantities",
}
FAILED, WRONG_ARGUMENTS = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, 1 for a failure of the work, 2 for wrong arguments."""
    given = _given(arguments)
    end_as_if_interrupted()
    is_json = getattr(given, "json", False) or getattr(given, "format", None) == "json"
    output = _only_our_output() if is_json else sys.stdout
    try:
        settings = from_process_environment().with_choices(choices(given))
        # The parts bring torch and chromadb: a wrong argument must not wait for them.
        from assistant import commands

        status = commands.run(given, settings, output)
        output.flush()
        return status
    except BrokenPipeError:
        _write_no_more(output)
        return FAILED
    except SettingsError as failure:
        print(f"assistant: {failure.message}", file=sys.stderr)
        return WRONG_ARGUMENTS
    except (AnamnesisError, OSError) as failure:
        print(f"assistant: {_sentence(failure)}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("assistant: stopped", file=sys.stderr)
        return FAILED
    except Exception as failure:  # noqa: BLE001  the one place where anything becomes a sentence
        print(f"assistant: {unforeseen(failure)}", file=sys.stderr)
        return FAILED


def end_as_if_interrupted() -> None:
    """Let a request to end (SIGTERM, a closed terminal) clean up like Ctrl-C does: nothing temporary may stay."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(name) is not signal.SIG_IGN:  # nohup asked for the closed terminal to be ignored
            signal.signal(name, signal.default_int_handler)


def _given(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The parsed arguments. What a command that is not built yet would take is not known, and no mistake."""
    parser = command_parser()
    given, unknown = parser.parse_known_args(arguments)
    if unknown and given.command not in _LATER:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return given


def command_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(prog="python -m assistant", description="Read and question a patient's record.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_reading(commands)
    _add_answering(commands)
    _add_records(commands)
    for name, what in _LATER.items():
        commands.add_parser(name, help=f"{what} (not built yet)")
    return parser


def _add_reading(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    read = _command(commands, "read", "pages of text with the place of every word")
    read.add_argument("--json", action="store_true", help="one JSON object")
    search = _command(commands, "search", "the passages that answer a query")
    asked = search.add_mutually_exclusive_group(required=True)
    asked.add_argument("--query", metavar="Q", type=_readable)
    asked.add_argument("--queries", metavar="FILE.jsonl", type=Path, help='a line each: {"query": Q}')
    search.add_argument("--top-k", metavar="K", type=_count, default=10)
    search.add_argument("--json", action="store_true", help="a JSON object a query")
    verify = _command(commands, "verify", "check statements against the record, with no model")
    verify.add_argument("--statements", metavar="S.jsonl", type=Path, required=True)
    verify.add_argument("--json", action="store_true", help="a JSON object a statement")
    overview = _command(commands, "overview", "the patient at a glance, every item with its sources")
    overview.add_argument("--json", action="store_true", help="one JSON object (the only form so far)")
    overview.add_argument("--narrative-only", action="store_true", help="without the coded entries of C-CDA and FHIR")


def _add_answering(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    ask = _command(commands, "ask", "questions in one conversation, every statement checked")
    ask.add_argument(
        "--question", metavar="Q", type=_readable, action="append", required=True, help="repeat for the next question"
    )
    ask.add_argument("--json", action="store_true", help="one JSON object")
    summarize = _command(commands, "summarize", "a summary with its sources")
    summarize.add_argument("--kind", default="brief", metavar="KIND", help="brief (the others come later)")
    summarize.add_argument("--format", default="md", choices=("md", "json", "docx", "pdf"))
    summarize.add_argument("--out", metavar="FILE", type=Path, help="where to write it; standard output if left out")
    for command in (ask, summarize):
        add_model_choices(command)


def add_model_choices(parser: argparse.ArgumentParser) -> None:
    """The options that choose the answering model."""
    parser.add_argument("--model", metavar="MODEL", help="bundled, extractive, a checkpoint folder or a hub id")
    parser.add_argument("--model-server", metavar="URL", help="an OpenAI-compatible server (vLLM, SGLang, ...)")
    parser.add_argument("--server-model", metavar="NAME", help="which of the server's models")
    parser.add_argument("--quantize", metavar="experts|linears", help="what of a checkpoint becomes 4-bit")
    parser.add_argument("--kv-cache", metavar="bf16|int8", help="how a checkpoint remembers what it has read")
    parser.add_argument("--context", dest="context_tokens", metavar="N", help="the model's window in tokens")


def _add_records(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    records = commands.add_parser("records", help="list, show or delete the records kept on this machine")
    records.add_argument("action", choices=("list", "show", "delete", "purge"))
    records.add_argument("id", nargs="?", metavar="ID")
    records.add_argument("--yes", action="store_true", help="purge: really delete every record")
    records.add_argument("--data-dir", metavar="DIR")
    records.add_argument("--json", action="store_true", help="one JSON object")


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    command.add_argument("files", nargs="+", metavar="FILE", type=Path)
    command.add_argument("--data-dir", metavar="DIR", help="keep the record there; without it nothing is kept")
    return command


def choices(given: argparse.Namespace) -> dict[str, str]:
    """The settings that the arguments name, field to text."""
    fields = (field for field in Settings.__dataclass_fields__ if getattr(given, field, None) is not None)
    return {field: str(getattr(given, field)) for field in fields}


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("a whole number above 0 is wanted")
    return number


def _readable(text: str) -> str:
    """The text with a mark for every byte that was not UTF-8; Python has lone surrogates in their place."""
    return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)


def _only_our_output() -> TextIO:
    """Standard output for our JSON alone: what libraries print goes to standard error from here on."""
    ours = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return ours


def _write_no_more(output: TextIO) -> None:
    """Whoever read our output has gone. What is still in the buffer goes nowhere instead of failing at the exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, output.fileno())
    os.close(nowhere)


def unforeseen(failure: Exception) -> str:
    """A sentence for a mistake of our own. The exception's text may quote the record, so only its place is told."""
    last = traceback.extract_tb(failure.__traceback__)[-1]
    place = f"{type(failure).__name__} at {Path(last.filename).name}:{last.lineno}"
    return f"something went wrong inside the program ({place}); the record is unharmed, please report this"


def _sentence(failure: Exception) -> str:
    if isinstance(failure, AnamnesisError):
        return failure.message
    return f"the system refused: {getattr(failure, 'strerror', None) or type(failure).__name__}"


if __name__ == "__main__":
    sys.exit(main())
