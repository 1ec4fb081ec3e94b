"""An OpenAI-compatible server (vLLM, SGLang, transformers serve) as the answering model."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import httpx
import openai
from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel

from assistant.errors import ModelAnswerError, ModelError, ModelUnavailableError
from assistant.language_models.answering import AnsweringModel, ModelDescription
from assistant.language_models.waiting import notice
from assistant.settings import Settings

CONNECT_SECONDS = 5.0
# A server may read a 128K-token record for minutes before its first word.
SILENCE_SECONDS = 600.0
PROBE_SECONDS = 10.0
UNKNOWN_CONTEXT_TOKENS = 32_768
# Without the server's tokenizer: English clinical text has about 4 characters a token, tables and Chinese fewer.
CHARACTERS_PER_TOKEN = 2.5
ANSWER_TOKENS = 4_096


def open_server(settings: Settings) -> AnsweringModel:
    """Ask the server what it runs and open it. Raises ModelUnavailableError in a sentence if it does not answer."""
    url = _without_credentials(settings)
    base = url if url.endswith("/v1") else f"{url}/v1"
    served = _served_model(url, base, settings)
    name = settings.server_model or str(served.get("id") or "")
    if not name:
        raise ModelUnavailableError(f"the model server at {url} names no model; name one with --server-model")
    context_tokens = settings.context_tokens or _whole_number(served.get("max_model_len")) or UNKNOWN_CONTEXT_TOKENS
    return AnsweringModel(
        chat=_chat(name, base, settings, min(ANSWER_TOKENS, context_tokens // 4)),
        description=ModelDescription(
            name=name,
            badge=f"{name.rsplit('/', 1)[-1]} · server {httpx.URL(url).host}",
            limits=f"The record's text is sent to the server at {httpx.URL(url).host}, and nowhere else.",
            context_tokens=context_tokens,
        ),
        count_tokens=_counter(base, name, settings),
        explain=lambda failure: explain(failure, url),
        may_be_silent=True,
        answer_tokens=min(ANSWER_TOKENS, context_tokens // 4),
    )


def explain(failure: Exception, url: str) -> ModelError | None:
    """The sentence for what went wrong with the server at `url`, or None for a failure of our own."""
    if isinstance(failure, openai.APITimeoutError | httpx.TimeoutException):
        return ModelUnavailableError(
            f"the model server at {url} has not answered for too long; ask again, or look at the server"
        )
    if isinstance(failure, openai.APIConnectionError | httpx.TransportError):
        return ModelUnavailableError(
            f"the model server at {url} cannot be reached; start it, or correct --model-server"
        )
    if isinstance(failure, openai.AuthenticationError | openai.PermissionDeniedError):
        return ModelUnavailableError(f"the model server at {url} refuses the key; set ANAMNESIS_SERVER_KEY")
    if isinstance(failure, openai.NotFoundError):
        return ModelUnavailableError(f"the model server at {url} does not know this model; correct --server-model")
    if isinstance(failure, openai.BadRequestError):
        return ModelAnswerError(
            f"the model server at {url} refused the request; if it is too long, set --context to the server's window"
        )
    if isinstance(failure, openai.APIStatusError):
        return ModelUnavailableError(
            f"the model server at {url} failed (status {failure.status_code}); ask again, or look at the server"
        )
    if isinstance(failure, openai.OpenAIError | httpx.HTTPError | ValueError | TypeError | KeyError | AttributeError):
        return ModelAnswerError(
            f"the model server at {url} sent something that is not an answer; check that it speaks the OpenAI protocol"
        )
    return None


def _chat(name: str, base: str, settings: Settings, answer_tokens: int) -> BaseChatModel:
    timeout = httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
    # A connection for each question, which can be hung up without touching another's.
    client = httpx.Client(
        **_client_options(settings),
        timeout=timeout,
        limits=httpx.Limits(max_keepalive_connections=0),
        event_hooks={"request": [notice]},
    )
    model: BaseChatModel = init_chat_model(
        name,
        model_provider="openai",
        base_url=base,
        api_key=settings.server_key or "none",
        http_client=client,
        # Never used; left out, it would be made from the environment's proxies, and may fail there.
        http_async_client=httpx.AsyncClient(**_client_options(settings), timeout=timeout),
        openai_proxy=None,
        max_retries=0,
        timeout=timeout,
        max_tokens=answer_tokens,
        stream_usage=False,
        use_responses_api=False,
    )
    return model


def _served_model(url: str, base: str, settings: Settings) -> dict[str, Any]:
    """The entry of /models that answers: the named one, else the first."""
    try:
        with _probing_client(settings) as client:
            reply = client.get(f"{base}/models")
        reply.raise_for_status()
        models = reply.json()["data"]
        named = [model for model in models if model.get("id") == settings.server_model]
        return dict((named or models or [{}])[0])
    except httpx.HTTPStatusError as failure:
        if settings.server_model:  # some servers cannot list what they serve; a named model answers or says why not
            return {}
        raise ModelUnavailableError(
            f"the model server at {url} does not list its models "
            f"(status {failure.response.status_code}); name one with --server-model, or correct --model-server"
        ) from None
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as failure:
        raise explain(failure, url) or failure from None


def _counter(base: str, name: str, settings: Settings) -> Callable[[str], int]:
    """Count with the server's own tokenizer where it offers one (vLLM's /tokenize), else estimate on the safe side."""
    endpoint = f"{base.removesuffix('/v1')}/tokenize"
    client = _probing_client(settings)
    offers = [True]

    def count(text: str) -> int:
        if offers[0]:
            try:
                counted = _whole_number(
                    client.post(endpoint, json={"model": name, "prompt": text}).raise_for_status().json()["count"]
                )
                if counted is not None:
                    return counted
            except (httpx.HTTPError, ValueError, KeyError, TypeError):
                offers[0] = False
        return estimated_tokens(text)

    return count


def estimated_tokens(text: str) -> int:
    """Tokens of `text` where no tokenizer is at hand: never fewer than one an ideograph."""
    wide = sum(character > "⺀" for character in text)
    return wide + math.ceil((len(text) - wide) / CHARACTERS_PER_TOKEN)


def _without_credentials(settings: Settings) -> str:
    """The server's address as it is shown and logged: without the name and password it may hold."""
    url = settings.model_server or ""
    return str(httpx.URL(url).copy_with(userinfo=b"")) if httpx.URL(url).userinfo else url


def _probing_client(settings: Settings) -> httpx.Client:
    return httpx.Client(**_client_options(settings), timeout=PROBE_SECONDS, headers=_headers(settings.server_key))


def _client_options(settings: Settings) -> dict[str, Any]:
    """How every request reaches the server: directly, never through a proxy that the environment names."""
    url = httpx.URL(settings.model_server or "")
    return {
        "trust_env": False,
        "auth": (url.username, url.password) if url.userinfo else None,
        # An authority of the clinic's own (SSL_CERT_FILE) stays trusted.
        "verify": httpx.create_ssl_context() if url.scheme == "https" else True,
    }


def _headers(key: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


def _whole_number(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
