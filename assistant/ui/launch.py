"""How Gradio is started for patient data: nothing recorded, nothing shared, nothing fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.middleware import Middleware

from assistant.ui.page_settings import PageSettings
from assistant.ui.theme import stylesheet, theme
from assistant.ui.visitors import KeepVisitorsApart

ASSETS = Path(__file__).resolve().parents[2] / "assets"
_MAX_OPEN_TABS = 200

# Before anything is drawn: the shade chosen earlier, else the system's. The browser keeps this choice and nothing else.
_HEAD = """
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<script>
document.documentElement.lang = "en";
(() => { const chosen = localStorage.getItem("anamnesis-shade");
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.addEventListener("DOMContentLoaded", () => document.body.classList.toggle("dark", dark)); })();
</script>
"""


def launch_arguments(settings: PageSettings) -> dict[str, Any]:
    """The arguments for `page.launch(...)`, all but those of where it listens when the caller knows better."""
    style = (ASSETS / "style.css").read_text(encoding="utf-8")
    return {
        "server_name": settings.host,
        "server_port": settings.port,
        "inbrowser": settings.open_browser,
        "share": False,
        "run_history": False,
        "enable_monitoring": False,
        "mcp_server": False,
        "pwa": False,
        "ssr_mode": False,
        "show_error": False,
        "quiet": True,
        "strict_cors": True,
        "footer_links": [],
        "allowed_paths": [],
        "max_file_size": settings.max_file_bytes,
        "state_session_capacity": _MAX_OPEN_TABS,
        "favicon_path": str(ASSETS / "favicon.png"),
        "theme": theme(),
        "head": f"{_HEAD}<style>{stylesheet()}{style}</style>",  # not `css`: Gradio would rewrite its selectors
        "app_kwargs": {
            "middleware": [Middleware(KeepVisitorsApart, is_shared=settings.is_shared)],
            "docs_url": None,
            "redoc_url": None,
            "openapi_url": None,
        },
    }
