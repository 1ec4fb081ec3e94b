"""Read the settings, build the parts, launch the page. Also the entry point of a Hugging Face Space."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.__main__ import add_model_choices, choices, end_as_if_interrupted, unforeseen
from assistant.errors import AnamnesisError, SettingsError
from assistant.settings import Settings, from_process_environment

if TYPE_CHECKING:
    from assistant.parts import Parts


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the page; returns when it is stopped. The exit status is 0, 1 for a failure, 2 for wrong arguments."""
    given = page_parser().parse_args(arguments)
    end_as_if_interrupted()
    try:
        settings = from_process_environment().with_choices(choices(given))
        _run(replace(settings, open_browser=settings.open_browser and not given.no_browser))
    except SettingsError as failure:
        print(f"app.py: {failure.message}", file=sys.stderr)
        return 2
    except AnamnesisError as failure:
        print(f"app.py: {failure.message}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    except Exception as failure:  # noqa: BLE001  the one place where anything becomes a sentence
        print(f"app.py: {unforeseen(failure)}", file=sys.stderr)
        return 1
    return 0


def _run(settings: Settings) -> None:
    """Build the parts and serve the page in a temporary folder of its own."""
    from assistant.library.temporary_folder import temporary_folder

    with temporary_folder(settings.data_dir) as folder:
        # Both would write into the system's temporary folder, and look these up when they are imported.
        os.environ["GRADIO_TEMP_DIR"] = str(folder / "gradio")
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder / "torch")
        # These bring gradio, torch and chromadb: a wrong argument must not wait for them, and telemetry is off by now.
        from assistant.parts import open_parts

        parts = open_parts(settings)
        try:
            _serve(parts, settings, folder)
        finally:
            parts.close()


def _serve(parts: Parts, settings: Settings, upload_folder: Path) -> None:
    """Launch the page and wait until it is stopped."""
    from assistant.ui.launch import launch_arguments
    from assistant.ui.page import build_page
    from assistant.ui.page_settings import PageSettings

    page_settings = PageSettings(
        upload_folder=upload_folder,
        is_shared=settings.is_shared,
        host=settings.host,
        port=settings.port,
        open_browser=settings.open_browser,
    )
    page = build_page(parts.service_for, page_settings)
    try:
        page.launch(**launch_arguments(page_settings), prevent_thread_lock=True)
    except OSError:
        raise SettingsError(
            f"port {settings.port} of {settings.host} is taken or not to be had; choose another with --port"
        ) from None
    print(f"Anamnesis is at http://{settings.host}:{settings.port}", flush=True)
    print(f"Answering: {parts.model.name}. {parts.model.limits}", flush=True)
    page.block_thread()


def page_parser() -> argparse.ArgumentParser:
    """The parser of the page's own command line."""
    parser = argparse.ArgumentParser(
        prog="python app.py", description="Anamnesis: talk a patient's long record through, every statement sourced."
    )
    add_model_choices(parser)
    parser.add_argument("--data-dir", metavar="DIR", help="where records are kept")
    parser.add_argument("--host", metavar="H", help="address to listen on (default 127.0.0.1: this machine only)")
    parser.add_argument("--port", metavar="P", help="port to listen on (default 7860)")
    parser.add_argument("--no-browser", action="store_true", help="do not open the browser")
    return parser


if __name__ == "__main__":
    status = main()
    # Gradio's and the readers' threads must not keep a stopped page alive.
    sys.stdout.flush()
    os._exit(status)
