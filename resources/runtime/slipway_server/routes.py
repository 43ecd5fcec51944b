"""The server's routes as one dict lookup; what the lookup misses is explained afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Mapping, Optional, Union

from . import pages
from .answers import Answer, json_answer
from .errors import HttpError
from .openapi import describe_api

if TYPE_CHECKING:
    from .service import Service

SERVER_VERSION = "1"
Get = Callable[[], Answer]
Work = Callable[[Union[bytes, bytearray], Mapping[bytes, bytes]], Answer]


@dataclass(frozen=True)
class Route:
    """`label` names the route in metrics; `quiet` ones are neither logged nor counted."""

    label: str
    get: Optional[Get] = None  # noqa: UP045 - evaluated on 3.9
    work: Optional[Work] = None  # noqa: UP045
    quiet: bool = False

    @property
    def allow(self) -> bytes:
        """The value of the header Allow."""
        return b"GET, HEAD, OPTIONS" if self.get else b"POST, OPTIONS"


def common_routes(is_live: Callable[[], bool], is_ready: Callable[[], bool], metrics: Get) -> dict[str, Route]:
    """What every entry has, mounted apps too."""
    return {
        "/v2/health/live": Route("live", get=lambda: _health("live", is_live()), quiet=True),
        "/v2/health/ready": Route("ready", get=lambda: _health("ready", is_ready()), quiet=True),
        "/metrics": Route("metrics", get=metrics, quiet=True),
    }


def model_routes(
    service: Service, name: str, version: str, is_ready: Callable[[], bool], root: str = ""
) -> dict[str, Route]:
    """Open Inference Protocol v2, MLflow's scoring protocol, documentation. Links lead below `root`."""
    model = service.model

    def metadata() -> Answer:
        return json_answer(
            {
                "name": name,
                "versions": [version],
                "platform": model.platform,
                "inputs": [spec.to_json() for spec in model.inputs],
                "outputs": [spec.to_json() for spec in model.outputs],
            }
        )

    def ready() -> Answer:
        good = is_ready()
        return json_answer({"name": name, "ready": good}, 200 if good else 503)

    server = {"name": "slipway", "version": SERVER_VERSION, "extensions": ["binary_tensor_data"]}
    infer = Route("infer", work=service.infer)
    routes = {
        "/v2": Route("server", get=lambda: json_answer(server)),
        "/v2/models": Route("models", get=lambda: json_answer({"models": [name]})),
        "/invocations": Route("invocations", work=service.invoke),
        "/docs": Route("docs", get=lambda: pages.docs(name, version, model, root)),
        "/openapi.json": Route("openapi", get=lambda: json_answer(describe_api(name, version, model, root))),
        "/": Route("root", get=lambda: pages.index(name, version, root)),
    }
    for base in (f"/v2/models/{name}", f"/v2/models/{name}/versions/{version}"):
        routes[base] = Route("metadata", get=metadata)
        routes[f"{base}/ready"] = Route("model_ready", get=ready, quiet=True)
        routes[f"{base}/infer"] = infer
    return routes


def not_found(path: str, name: str, version: str) -> HttpError:
    """404 that says which part of the path is unknown."""
    parts = path.split("/")
    if parts[1:3] == ["v2", "models"] and len(parts) > 3:
        if parts[3] != name:
            return HttpError(404, f"There is no model '{parts[3]}' here: this server has '{name}'")
        if parts[4:5] == ["versions"] and len(parts) > 5 and parts[5] != version:
            return HttpError(404, f"Model '{name}' has no version '{parts[5]}' here: this server has '{version}'")
    return HttpError(404, f"There is nothing at {path}. GET /docs lists what this server answers")


def not_allowed(method: str, route: Route) -> HttpError:
    """405 with Allow."""
    allowed = "GET" if route.get else "POST"
    return HttpError(405, f"This path does not answer {method}: use {allowed}", ((b"allow", route.allow),))


def _health(word: str, good: bool) -> Answer:
    return json_answer({word: good}, 200 if good else 503)
