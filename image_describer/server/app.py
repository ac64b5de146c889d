"""The application: routes, middleware, and the lifespan of the processes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware

from image_describer import __version__
from image_describer.captioner.bundle import check_language, open_bundle
from image_describer.server import page, problems, routes, speech, wowme
from image_describer.server.addresses import allowed_host
from image_describer.server.config import ServerConfig
from image_describer.server.metrics import ServiceMetrics
from image_describer.server.middleware import access_control
from image_describer.server.middleware.absolute_target import AbsoluteTargetMiddleware
from image_describer.server.middleware.access_control import OriginMiddleware
from image_describer.server.middleware.access_log import AccessLogMiddleware
from image_describer.server.middleware.language import LanguageMiddleware
from image_describer.server.middleware.limits import LimitsMiddleware
from image_describer.server.queue import DescribeQueue
from image_describer.server.schemas import ProblemSchema

ABOUT = (
    "Describes photographs and says how certain it is. "  # untranslated
    "Pictures don't leave the computer it runs on. Descriptions can be wrong."
)
PREFLIGHT_S = 600


def create_app(config: ServerConfig, on_ready: Callable[[], None] = lambda: None) -> FastAPI:
    """Return the application; its processes start and end with its lifespan.

    ``app.state`` has ``config``, ``languages`` (of the model), ``queue``, ``metrics``, ``model``
    (the response of /v1/version), ``stopping``, and ``stop()``, which sets it. ``on_ready`` is
    called once pictures can be described. Raises BundleError, DescriptionLanguageError, and
    UrlError for an invalid host in ``url_hosts``.
    """
    for host in config.url_hosts:
        allowed_host(host)  # report an invalid one now, not with the first picture
    bundle = open_bundle(config.bundle)
    manifest = bundle.manifest
    if config.language is not None:
        check_language(config.language, bundle.languages)
    app = FastAPI(
        title="Image Describer",  # untranslated
        description=ABOUT,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.config = config
    app.state.languages = bundle.languages
    app.state.metrics = metrics = ServiceMetrics()
    app.state.queue = queue = DescribeQueue(config, metrics)
    app.state.model = {
        "bundle": str(manifest.get("name", "")),
        "digests": {name: str(entry["sha256"]) for name, entry in manifest["files"].items()},
    }
    app.state.on_ready = on_ready
    app.state.stopping = False
    app.state.stop = lambda: setattr(app.state, "stopping", True)
    metrics.watch(queue.pids)
    problems.add_handlers(app)
    for module in (routes, page, wowme):
        app.include_router(module.router)
    _add_middleware(app, config)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _add_middleware(app: FastAPI, config: ServerConfig) -> None:
    """Add the middleware; what is added last runs first."""
    app.add_middleware(LimitsMiddleware, config=config, metrics=app.state.metrics)
    public = frozenset({access_control.HEALTH, *page.PATHS})
    app.add_middleware(access_control.TokenMiddleware, config=config, public=public)
    if config.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(config.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Accept"],
            max_age=PREFLIGHT_S,
        )
    app.add_middleware(OriginMiddleware, config=config)
    app.add_middleware(AccessLogMiddleware, metrics=app.state.metrics, captions=config.log_captions)
    app.add_middleware(AbsoluteTargetMiddleware)
    app.add_middleware(LanguageMiddleware)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    queue: DescribeQueue = app.state.queue

    async def report_ready() -> None:
        await queue.ready.wait()
        app.state.on_ready()

    queue.start()
    reporter = asyncio.create_task(report_ready())
    try:
        yield
    finally:
        reporter.cancel()
        await queue.stop()


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return FastAPI's OpenAPI description with problem JSON for 422, the languages, and the
    token.
    """
    if app.openapi_schema is None:
        description = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = description.setdefault("components", {}).setdefault("schemas", {})
        schemas["ProblemSchema"] = ProblemSchema.model_json_schema()
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for parameter in description["paths"]["/v1/describe"]["post"]["parameters"]:
            if parameter["name"] == "language":
                languages = speech.available_languages(app.state.languages)
                parameter["schema"] = {"type": "string", "enum": list(languages)}
        if app.state.config.token is not None:
            description["components"]["securitySchemes"] = {
                "token": {"type": "http", "scheme": "bearer"}
            }
            description["security"] = [{"token": []}]
        app.openapi_schema = description
    return app.openapi_schema
