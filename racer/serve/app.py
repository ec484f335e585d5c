"""The HTTP of a service: POST /predict, GET /health, GET /metrics."""

from __future__ import annotations

import asyncio
import hmac
import time
from typing import Any

import fastapi
import prometheus_client
import pydantic
from fastapi import Request
from fastapi.responses import JSONResponse, Response

from racer.serve.arrays import Arrays, BadRequest, read_observation
from racer.serve.log import Log
from racer.serve.served import Served

BODY_MAX = 2**20  # bytes of a request; a picture of 160 x 120 has about 20,000
BODY_S = 10.0  # s until a request must be here
_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5)
_METHODS = {"/predict": "POST", "/health": "GET", "/metrics": "GET"}
# What curl and Python's urllib say of a body when nobody tells them; it is read as JSON.
_UNSAID = ("", "application/x-www-form-urlencoded")


class Question(pydantic.BaseModel):
    """Either an observation, or params, a picture, or both."""

    model_config = pydantic.ConfigDict(extra="forbid")

    observation: Any = None
    params: dict[str, Any] | None = None
    picture: str | None = None


class Metrics:
    """What /metrics shows, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = prometheus_client.CollectorRegistry()
        self.requests = prometheus_client.Counter(
            "racer_requests",
            "Answers by path and status",
            ["path", "status"],
            registry=self.registry,
        )
        self.seconds = prometheus_client.Histogram(
            "racer_predict_seconds",
            "From a whole request to its answer",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.log_failures = prometheus_client.Gauge(
            "racer_log_failures", "Lines that could not be logged", registry=self.registry
        )
        prometheus_client.ProcessCollector(registry=self.registry)


def make_app(served: Served, *, token: str = "", log: Log | None = None) -> fastapi.FastAPI:
    """The application that answers for `served`.

    Args:
        served: the policy.
        token: what a request must bring as `Authorization: Bearer TOKEN`; "" asks for none.
        log: where answers are written down.
    """
    app = fastapi.FastAPI(
        title="racer serve", docs_url=None, redoc_url=None, redirect_slashes=False
    )
    metrics = Metrics()
    app.add_middleware(_Door, token=token, metrics=metrics)

    @app.post("/predict", openapi_extra={"requestBody": _schema()})
    async def predict(request: Request) -> Response:
        return await _predict(request, served, metrics, log)

    @app.api_route("/health", methods=["GET", "HEAD"])
    async def health() -> dict[str, Any]:
        about = served.about
        arrays = [one._asdict() for one in about.arrays]
        return {"status": "ok", "run": about.name, "policy": about.policy, "observation": arrays}

    @app.api_route("/metrics", methods=["GET", "HEAD"])
    async def shown() -> Response:
        metrics.log_failures.set(log.failures if log else 0)
        text = prometheus_client.generate_latest(metrics.registry)
        return Response(text, media_type=prometheus_client.CONTENT_TYPE_LATEST)

    app.add_exception_handler(404, _nowhere)
    app.add_exception_handler(405, _wrong_method)
    return app


async def _predict(request: Request, served: Served, metrics: Metrics, log: Log | None) -> Response:
    try:
        body = await asyncio.wait_for(request.body(), BODY_S)
    except TimeoutError:
        return _refused(408, f"the request was not here after {BODY_S:g} s.")
    began = time.perf_counter()
    try:
        seen = _seen(_question(body), served)
    except BadRequest as error:
        return _refused(422, str(error))
    answer = served.act(seen)
    if log is not None:
        log.answered(time.time(), seen, answer)
    response = JSONResponse(answer._asdict())
    metrics.seconds.observe(time.perf_counter() - began)
    return response


def _question(body: bytes) -> Question:
    try:
        return Question.model_validate_json(body)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        wrong = f"{place}: {first['msg']}" if place else first["msg"]
        raise BadRequest(f"{wrong}. Send JSON with observation, or params and picture.") from None


def _seen(question: Question, served: Served) -> Arrays:
    """What the policy is to look at.

    Raises:
        BadRequest: too little, too much, or something wrong.
    """
    arrays = served.about.arrays
    given = [name for name in ("observation", "params", "picture") if getattr(question, name)]
    if question.observation is not None:
        if given != ["observation"] and len(given) > 1:
            raise BadRequest("send observation alone, or params and picture.")
        return read_observation(arrays, question.observation)
    found: Arrays = {}
    if question.picture is not None:
        pictures = [one for one in arrays if one.is_picture]
        if len(pictures) != 1:
            raise BadRequest("this policy does not see one picture; send observation.")
        found[pictures[0].name] = pictures[0].picture(question.picture)
    if question.params is not None:
        found = served.see(question.params) | found
    missing = [one.name for one in arrays if one.name not in found]
    if missing:
        raise BadRequest(f"{', '.join(missing)} is missing: send observation, or params.")
    return found


class _Door:
    """Who may come in, with how much; every answer is counted."""

    def __init__(self, app: Any, token: str, metrics: Metrics) -> None:
        self._app, self._token, self._metrics = app, token, metrics

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"] if scope["path"] in _METHODS else "other"

        async def counted(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._metrics.requests.labels(path, str(message["status"])).inc()
            await send(message)

        answer = _refusal(Request(scope), self._token) or self._app
        await answer(scope, receive, counted)


def _refusal(request: Request, token: str) -> Response | None:
    if token and request.url.path != "/health":
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return _refused(401, "send the header Authorization: Bearer TOKEN.")
    if request.method == "POST":
        length = request.headers.get("content-length", "")
        if not length.isdecimal():
            return _refused(411, "send the header Content-Length.")
        if len(length) > 9 or int(length) > BODY_MAX:
            return _refused(413, f"a request has at most {BODY_MAX} bytes.")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _UNSAID and not kind.endswith(("/json", "+json")):
            return _refused(415, "send JSON, with the header Content-Type: application/json.")
    return None


async def _nowhere(_request: Request, _error: Exception) -> Response:
    known = ", ".join(f"{method} {path}" for path, method in _METHODS.items())
    return _refused(404, f"there is nothing here. Ask one of {known}.")


async def _wrong_method(request: Request, _error: Exception) -> Response:
    method = _METHODS[request.url.path]
    answer = _refused(405, f"use {method} {request.url.path}.")
    answer.headers["Allow"] = method if method == "POST" else f"{method}, HEAD"
    return answer


def _refused(status: int, sentence: str) -> Response:
    unread = {"Connection": "close"} if status in (408, 411, 413, 415) else None
    return JSONResponse({"error": sentence}, status, headers=unread)


def _schema() -> dict[str, Any]:
    return {"content": {"application/json": {"schema": Question.model_json_schema()}}}
