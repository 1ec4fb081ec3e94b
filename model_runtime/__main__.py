"""python -m model_runtime: quantize, generate, logits, plan, bench."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from types import ModuleType

from model_runtime import bench_command, generate_command, logits_command, plan_command, quantize_command
from model_runtime.errors import ModelRuntimeError
from model_runtime.standard_output import reserved_standard_output

_DESCRIPTION = """\
Run BailingMoeV2 models (AntAngelMed, Ling-flash-2.0, Ling-mini-2.0, Ring) with 4-bit experts on one machine.

MODEL is a folder in the published layout (bf16 or FP8), a 4-bit folder that `quantize` wrote, or a hub id.
"""

# Each module has SUMMARY, add_arguments(parser) and run(arguments, output).
_COMMANDS: dict[str, ModuleType] = {
    "quantize": quantize_command,
    "generate": generate_command,
    "logits": logits_command,
    "plan": plan_command,
    "bench": bench_command,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command: 0 when it worked, 1 with one line on standard error when not; argparse exits with 2."""
    parsed = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO if parsed.verbose else logging.WARNING, format="%(message)s")
    with reserved_standard_output() as output:
        try:
            _COMMANDS[parsed.command].run(parsed, output)
        except ModelRuntimeError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m model_runtime", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--verbose", action="store_true", help="say what is being done on standard error")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    for name, module in _COMMANDS.items():
        module.add_arguments(commands.add_parser(name, help=module.SUMMARY, description=module.__doc__))
    return parser


if __name__ == "__main__":
    sys.exit(main())
