"""The two ways to predict, from the bytes of a request to the bytes of its answer. Runs in pool threads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from .accesslog import ErrorLog
from .answers import Answer, UserCodeError
from .binding import Binder, Calls
from .errors import HttpError, cell_of, describe, traceback_of
from .infer import decode_request, encode_answer
from .invocations import decode_invocation, encode_predictions
from .metadata import specs_of
from .model import Model
from .outputs import Named, name_outputs, name_rows
from .payload import Payload
from .plain import UnsupportedResult

_JSON = (b"content-type", b"application/json")


class Service:
    """Predicts with one model. Thread-safe as far as the model is."""

    def __init__(self, model: Model, name: str, version: str) -> None:
        self.model = model
        self._name = name
        self._version = version
        self._binder = Binder(model)
        self._errors = ErrorLog()

    def infer(self, body: bytes | bytearray, headers: Mapping[bytes, bytes]) -> Answer:
        """POST …/infer."""
        request = decode_request(body, headers.get(b"inference-header-content-length"))
        calls, results = self._predict(request.payload)
        outputs = self._encode(_named, calls, results)
        if not self.model.outputs:
            self.model.outputs = specs_of(outputs)
        head, content = encode_answer(self._name, self._version, request, outputs)
        return Answer(200, head, content)

    def invoke(self, body: bytes | bytearray, headers: Mapping[bytes, bytes]) -> Answer:
        """POST /invocations."""
        calls, results = self._predict(decode_invocation(body, headers.get(b"content-type", b"")))
        result = results if calls.by_row else results[0]
        return Answer(200, [_JSON], self._encode(encode_predictions, result))

    def _predict(self, payload: Payload) -> tuple[Calls, list[Any]]:
        try:
            calls = self._binder.bind(payload)
        except RecursionError:
            raise HttpError(400, "The request body nests too deeply") from None
        predict = self.model.predict
        try:
            return calls, [predict(*arguments, **keywords) for arguments, keywords in calls.arguments]
        except BaseException as error:  # SystemExit in a notebook is an error of that request only
            raise self._user_error(error) from error

    def _encode(self, encode: Callable[..., Any], *results: Any) -> Any:
        try:
            return encode(*results)
        except HttpError:
            raise
        except (UnsupportedResult, RecursionError, ValueError, TypeError) as error:
            if isinstance(error, UnsupportedResult):
                raise HttpError(500, str(error)) from None
            self._errors.add(traceback_of(error))
            raise HttpError(500, f"What predict returned cannot be sent: {describe(error)}") from error

    def _user_error(self, error: BaseException) -> UserCodeError:
        self._errors.add(traceback_of(error))
        return UserCodeError(describe(error), *cell_of(error))


def _named(calls: Calls, results: list[Any]) -> list[Named]:
    return name_rows(results) if calls.by_row else name_outputs(results[0])
