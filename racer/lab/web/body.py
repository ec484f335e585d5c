"""What a page sends: a JSON object of bounded size. And what it hears that comes too late."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from racer.errors import BadReward
from racer.lab.core.desk import TEXT_MAX, TOO_LONG
from racer.render.words import in_language

BODY_MAX = 2 * TEXT_MAX + 4096  # bytes of a request: JSON may escape every character
DRAINED_MAX = 8 * 2**20  # of one that is too long: a browser that still sends hears no answer


async def body_of(request: Request) -> dict[str, Any]:
    """A JSON object; an empty one of anything else. Half characters in its texts become `?`.

    Raises:
        BadReward: it is too long; only a reward can be.
    """
    content, size = b"", 0
    async for part in request.stream():
        size += len(part)
        if size <= BODY_MAX:
            content += part
        elif size > DRAINED_MAX:
            break
    if size > BODY_MAX:
        raise BadReward(TOO_LONG)
    try:
        found = json.loads(content)
        if b"\\ud" in content.lower():  # a surrogate may be alone; no file and no database takes it
            found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def gone(sentence: str, request: Request) -> Response:
    """What an address says that was good once."""
    return PlainTextResponse(in_language(sentence, request.headers.get("accept-language", "")), 404)
