"""The server that a person writes for the model of the iris notebook."""

import sys
from typing import Any

import joblib
import pandas as pd
import uvicorn
from fastapi import FastAPI

app = FastAPI()
model, species = joblib.load("model.joblib")


@app.post("/predict")
def predict(body: dict[str, Any]) -> dict[str, Any]:
    """Species of each flower of a `dataframe_split` body."""
    split = body["dataframe_split"]
    frame = pd.DataFrame(split["data"], columns=split["columns"])
    return {"predictions": [str(species[index]) for index in model.predict(frame)]}


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
