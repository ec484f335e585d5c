"""What a page sends: a JSON object of bounded size. And what it hears that comes too late."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from racer.lab.core.desk import TEXT_MAX
from racer.render.words import in_language

BODY_MAX = 2 * TEXT_MAX + 4096  # bytes of a request: JSON may escape every character


async def body_of(request: Request) -> dict[str, Any]:
    """A JSON object of bounded size; an empty one of anything else."""
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > BODY_MAX:
            return {}
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def gone(sentence: str, request: Request) -> Response:
    """What an address says that was good once."""
    return PlainTextResponse(in_language(sentence, request.headers.get("accept-language", "")), 404)
