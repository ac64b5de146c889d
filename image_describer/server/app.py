"""The service, put together: routes, limits and what guards them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware

from image_describer import __version__
from image_describer.captioner.bundle import open_bundle
from image_describer.server import page, problems, routes, speech, wowme
from image_describer.server.addresses import allowed_host
from image_describer.server.config import ServerConfig
from image_describer.server.metrics import Metrics
from image_describer.server.middleware import access
from image_describer.server.middleware.access_log import WatchingMiddleware
from image_describer.server.middleware.limits import LimitsMiddleware
from image_describer.server.queue import DescribeQueue
from image_describer.server.schemas import ProblemBody

ABOUT = """\
Says what a photograph shows, and how sure it is. Pictures don't leave the computer it runs on.
What is said can be wrong.
"""
PREFLIGHT_S = 600


def create_app(settings: ServerConfig, on_ready: Callable[[], None] = lambda: None) -> FastAPI:
    """The service as ``settings`` want it; its processes start and end with its lifespan.

    ``app.state`` has ``settings``, ``queue``, ``metrics``, ``model`` (what /v1/version says),
    ``stopping``, and ``stop()``, after which it says that it stops. ``on_ready`` is called once
    pictures can be described. Raises BundleError, and UrlError for a wrong host in ``url_hosts``.
    """
    for host in settings.url_hosts:
        allowed_host(host)  # a wrong one is told now, not with the first picture
    manifest = open_bundle(settings.bundle).manifest
    app = FastAPI(
        title="Image Describer",
        description=ABOUT,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.settings = settings
    app.state.metrics = metrics = Metrics()
    app.state.queue = queue = DescribeQueue(settings, metrics)
    app.state.model = {
        "bundle": str(manifest.get("name", "")),
        "digests": {name: str(one["sha256"]) for name, one in manifest["files"].items()},
    }
    app.state.on_ready = on_ready
    app.state.stopping = False
    app.state.stop = lambda: setattr(app.state, "stopping", True)
    metrics.watch(queue.pids)
    problems.add_handlers(app)
    for room in (routes, page, wowme):
        app.include_router(room.router)
    _guard(app, settings)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _guard(app: FastAPI, settings: ServerConfig) -> None:
    """What each request passes through; the last that is added is the first that is asked."""
    app.add_middleware(LimitsMiddleware, settings=settings, metrics=app.state.metrics)
    free = frozenset({access.HEALTH, *page.PATHS})
    app.add_middleware(access.TokenMiddleware, settings=settings, free=free)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Accept"],
            max_age=PREFLIGHT_S,
        )
    app.add_middleware(access.NamesMiddleware, settings=settings)
    app.add_middleware(
        WatchingMiddleware, metrics=app.state.metrics, captions=settings.log_captions
    )


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    queue: DescribeQueue = app.state.queue

    async def tell() -> None:
        await queue.ready.wait()
        app.state.on_ready()

    queue.start()
    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
        await queue.stop()


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's description, with the problems' schema, 422 as the problem it is here, and the
    languages of the voice that was chosen.
    """
    if app.openapi_schema is None:
        described = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = described.setdefault("components", {}).setdefault("schemas", {})
        schemas["ProblemBody"] = ProblemBody.model_json_schema()
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for parameter in described["paths"]["/v1/describe"]["post"]["parameters"]:
            if parameter["name"] == "language":
                languages = speech.spoken(app.state.settings.online_voice)
                parameter["schema"] = {"type": "string", "enum": languages}
        if app.state.settings.token is not None:
            described["components"]["securitySchemes"] = {
                "token": {"type": "http", "scheme": "bearer"}
            }
            described["security"] = [{"token": []}]
        app.openapi_schema = described
    return app.openapi_schema
