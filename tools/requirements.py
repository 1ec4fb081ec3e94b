"""Print the pins of pyproject.toml as requirements.txt, or those of one dependency group."""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
HEAD = "# Written from pyproject.toml by `make requirements`; a Hugging Face Space installs this file.\n"


def requirements_text() -> str:
    """The text of requirements.txt: every run-time dependency, a line each."""
    return HEAD + "".join(f"{pin}\n" for pin in _project()["project"]["dependencies"])


def group(name: str) -> list[str]:
    """The pins of one dependency group of pyproject.toml."""
    pins: list[str] = _project()["dependency-groups"][name]
    return pins


def _project() -> dict[str, dict[str, list[str]]]:
    with PROJECT.open("rb") as file:
        return tomllib.load(file)


def main() -> None:
    """Print what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", help="print this dependency group instead")
    arguments = parser.parse_args()
    print("\n".join(group(arguments.group)) + "\n" if arguments.group else requirements_text(), end="")


if __name__ == "__main__":
    main()
