"""Two small pages: what is here, and how to call it. Self-contained, nothing is loaded from elsewhere."""

from __future__ import annotations

import html
import json

from .answers import Answer
from .model import Model, Spec

_HEAD = [
    (b"content-type", b"text/html; charset=utf-8"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'",
    ),
]
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "table{border-collapse:collapse}td,th{text-align:left;padding:.2rem 1rem .2rem 0}"
    "textarea{width:100%;min-height:12rem;font:13px monospace}pre{overflow:auto;padding:.5rem;border:1px solid gray}"
)
_SCRIPT = (
    "for(const f of document.forms)f.addEventListener('submit',async e=>{e.preventDefault();"
    "const o=f.querySelector('pre'),t=performance.now();"
    "try{const r=await fetch(f.dataset.path,{method:'POST',headers:{'Content-Type':'application/json'},"
    "body:f.querySelector('textarea').value});const b=await r.text();"
    "o.textContent=r.status+' in '+(performance.now()-t).toFixed(1)+' ms\\n'+b}catch(x){o.textContent=String(x)}})"
)


def index(name: str, version: str, root: str = "") -> Answer:
    """GET /: where to go."""
    paths = ("/docs", "/openapi.json", f"/v2/models/{name}", "/v2/health/ready", "/metrics")
    links = [root + path for path in paths]
    items = "".join(f'<li><a href="{html.escape(link)}">{html.escape(link)}</a></li>' for link in links)
    return _page(name, f"<h1>{html.escape(name)} {html.escape(version)}</h1><ul>{items}</ul>")


def docs(name: str, version: str, model: Model, root: str = "") -> Answer:
    """GET /docs: inputs, outputs and a form for each way to predict."""
    title = f"{html.escape(name)} {html.escape(version)}"
    forms = _form(f"{root}/v2/models/{name}/infer", "Open Inference Protocol v2", model.infer_example)
    forms += _form(f"{root}/invocations", "MLflow scoring protocol", model.invocation)
    tables = _table("Inputs", model.inputs) + _table("Outputs", model.outputs)
    more = f'<p>The full description is <a href="{html.escape(root)}/openapi.json">openapi.json</a>.</p>'
    return _page(name, f"<h1>{title}</h1>{tables}{forms}{more}<script>{_SCRIPT}</script>")


def _page(title: str, body: str) -> Answer:
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style><main>{body}</main></html>"
    )
    return Answer(200, list(_HEAD), text.encode())


def _table(title: str, specs: list[Spec]) -> str:
    if not specs:
        return f"<h2>{title}</h2><p>Not known: the model has no input example.</p>"
    rows = "".join(f"<tr><td>{html.escape(spec.name)}<td>{spec.datatype}<td>{list(spec.shape)}" for spec in specs)
    return f"<h2>{title}</h2><table><tr><th>name<th>datatype<th>shape{rows}</table>"


def _form(path: str, title: str, example: object) -> str:
    text = html.escape(json.dumps(example, indent=1, ensure_ascii=False)) if example is not None else ""
    place = html.escape(path)
    return (
        f'<h2>{title}</h2><form data-path="{place}"><p>POST <code>{place}</code></p>'
        f'<textarea aria-label="Body of {place}">{text}</textarea>'
        f'<p><button>Send</button></p><pre aria-live="polite"></pre></form>'
    )
