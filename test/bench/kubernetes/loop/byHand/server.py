"""The server that a person writes for the model of the notebook."""

from typing import Any

import joblib
import pandas as pd
import uvicorn
from fastapi import FastAPI

app = FastAPI()
model, species, edition = joblib.load("model.joblib")


@app.get("/health")
def health() -> dict[str, str]:
    """It answers."""
    return {"status": "ok"}


@app.post("/invocations")
def predict(body: dict[str, Any]) -> dict[str, Any]:
    """Species of each flower of a `dataframe_split` body."""
    split = body["dataframe_split"]
    frame = pd.DataFrame(split["data"], columns=split["columns"])
    wording = 0
    return {"predictions": [f"{species[index]}-{edition}.{wording}" for index in model.predict(frame)]}


uvicorn.run(app, host="0.0.0.0", port=8080, log_level="warning")
