# What a person types who serves the notebook without Slipway. PYTHON is the interpreter; the last line stays in the foreground.
set -eu
uv venv --quiet --python "$PYTHON" .venv
uv pip install --quiet --python .venv/bin/python -r requirements.txt joblib nbclient ipykernel fastapi uvicorn
. .venv/bin/activate
jupyter execute iris.ipynb >/dev/null 2>&1
exec python server.py "$PORT"
