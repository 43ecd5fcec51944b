"""The model in a server of KServe's SDK: `python kserve_server.py FILE PORT`. One process, without a log line a request."""

import sys
from typing import Any

import joblib
from kserve import InferRequest, InferResponse, Model, ModelServer
from kserve.utils.utils import get_predict_response


class Iris(Model):  # type: ignore[misc]
    """Decodes, predicts and encodes as KServe's own scikit-learn runtime does."""

    def __init__(self, file: str) -> None:
        super().__init__("iris")
        self._model = joblib.load(file)
        self.ready = True

    def predict(self, payload: InferRequest, headers: Any = None, response_headers: Any = None) -> InferResponse:
        """Classes of the rows of the first tensor."""
        return get_predict_response(payload, self._model.predict(payload.inputs[0].as_numpy()), self.name)


file, port = sys.argv[1:]
ModelServer(http_port=int(port), enable_grpc=False, workers=1, enable_latency_logging=False).start([Iris(file)])
