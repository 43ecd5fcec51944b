"""ASGI and WSGI applications in Python files, told by how they are made."""

from __future__ import annotations

import ast
from typing import Any

from .syntax import Aliases, dotted

_FACTORIES = {
    "fastapi.FastAPI": "asgi",
    "starlette.applications.Starlette": "asgi",
    "litestar.Litestar": "asgi",
    "starlite.Starlite": "asgi",
    "quart.Quart": "asgi",
    "sanic.Sanic": "asgi",
    "blacksheep.Application": "asgi",
    "falcon.asgi.App": "asgi",
    "channels.routing.ProtocolTypeRouter": "asgi",
    "django.core.asgi.get_asgi_application": "asgi",
    "socketio.ASGIApp": "asgi",
    "fasthtml.common.FastHTML": "asgi",
    "flask.Flask": "wsgi",
    "falcon.App": "wsgi",
    "falcon.API": "wsgi",
    "bottle.Bottle": "wsgi",
    "bottle.default_app": "wsgi",
    "pyramid.config.Configurator.make_wsgi_app": "wsgi",
    "django.core.wsgi.get_wsgi_application": "wsgi",
    "connexion.FlaskApp": "wsgi",
    "connexion.AsyncApp": "asgi",
}
_PREFERRED = ("app", "application", "api", "server")


def find_apps(tree: ast.Module, aliases: Aliases) -> list[dict[str, Any]]:
    """`{attribute, protocol, line}` of top-level applications, the usual names first."""
    found: list[dict[str, Any]] = []
    for node in tree.body:
        value = getattr(node, "value", None)
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        protocol = _protocol(value, aliases) if isinstance(value, ast.Call) else None
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        if protocol and names:
            found.append({"attribute": names[0], "protocol": protocol, "line": node.lineno})
        if isinstance(node, ast.AsyncFunctionDef) and [a.arg for a in node.args.args] == ["scope", "receive", "send"]:
            found.append({"attribute": node.name, "protocol": "asgi", "line": node.lineno})
        if isinstance(node, ast.FunctionDef) and [a.arg for a in node.args.args] == ["environ", "start_response"]:
            found.append({"attribute": node.name, "protocol": "wsgi", "line": node.lineno})
    return sorted(
        found, key=lambda app: _PREFERRED.index(app["attribute"]) if app["attribute"] in _PREFERRED else len(_PREFERRED)
    )


def _protocol(call: ast.Call, aliases: Aliases) -> str | None:
    origin = aliases.resolve(call.func)
    if origin is None and isinstance(call.func, ast.Attribute) and call.func.attr == "make_wsgi_app":
        return "wsgi"
    if origin and origin.endswith(".make_wsgi_app"):
        return "wsgi"
    if origin == "fastapi.applications.FastAPI" or (
        origin and origin.startswith("fastapi") and origin.endswith(".FastAPI")
    ):
        return "asgi"
    found = _FACTORIES.get(origin or "")
    if found is None and origin and dotted(call.func) == origin:
        return None
    return found
