"""The model in a server of KServe's SDK: `python kserve_server.py FILE PORT`. One process, without a log line a request."""

import sys
from typing import Any

import joblib
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer


class Iris(Model):  # type: ignore[misc]
    """Answers Open Inference Protocol v2 as KServe's own scikit-learn runtime does."""

    def __init__(self, file: str) -> None:
        super().__init__("iris")
        self._model = joblib.load(file)
        self.ready = True

    def predict(self, payload: InferRequest, headers: Any = None, response_headers: Any = None) -> InferResponse:
        """Classes of the rows of the first tensor."""
        classes = self._model.predict(payload.inputs[0].as_numpy())
        output = InferOutput("output-0", list(classes.shape), "INT64", classes.tolist())
        return InferResponse(payload.id, self.name, [output])


file, port = sys.argv[1:]
ModelServer(http_port=int(port), enable_grpc=False, workers=1, enable_latency_logging=False).start([Iris(file)])
