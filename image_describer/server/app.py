"""The service, put together: routes, limits and what guards them."""

from contextlib import suppress
from importlib import import_module

from fastapi import FastAPI

from image_describer import __version__
from image_describer.server import problems
from image_describer.server.crew import Crew
from image_describer.server.settings import Settings

# Each has a ``router``. What needs no token is named in ``PATHS`` of page.py.
ROOMS = ("image_describer.server.page", "image_describer.server.wowme")


def create_app(settings: Settings) -> FastAPI:
    """The service as ``settings`` want it. ``app.state`` has ``settings`` and ``crew``."""
    app = FastAPI(title="Image Describer", version=__version__, docs_url=None, redoc_url=None)
    app.state.settings = settings
    app.state.crew = Crew(settings)
    problems.add_handlers(app)
    for room in ROOMS:
        with suppress(ModuleNotFoundError):
            app.include_router(import_module(room).router)
    return app
