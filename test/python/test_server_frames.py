"""A table of plain floats is made in one step, and is what the long way makes of it."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path
from typing import Any

import numpy
import pandas

sys.path.insert(0, str(Path(__file__).parents[2] / "resources" / "runtime"))

from slipway_server.errors import BadRequest
from slipway_server.frames import to_frame
from slipway_server.metadata import learn_inputs
from slipway_server.model import Model
from slipway_server.payload import Table, Tensors
from slipway_server.signature import signature_of
from slipway_server.tensors import Tensor

EXAMPLE = pandas.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.5]})


def predict(X: pandas.DataFrame) -> Any:  # noqa: N803
    return X


def model() -> Model:
    made = Model(predict, signature_of(predict, {"X": "pandas.DataFrame"}, 0, EXAMPLE), "python", example=EXAMPLE)
    learn_inputs(made)
    return made


class Frames(unittest.TestCase):
    def made(self, data: Any, quick: bool) -> Any:
        chosen = model()
        self.assertIsNotNone(chosen.floats)
        if not quick:
            chosen.floats = None
        try:
            return to_frame(chosen, data)
        except BadRequest as error:
            return str(error)

    def assert_same(self, data: Any) -> None:
        quick, slow = self.made(data, True), self.made(data, False)
        if isinstance(slow, str):
            self.assertEqual(quick, slow)
        else:
            pandas.testing.assert_frame_equal(quick, slow)

    def test_rows(self) -> None:
        rows = [
            [[1.5, 2.5]],
            [[1, 2.5], [3, 4]],
            [[1, 2]],
            [[True, 2.5]],
            [[None, 2.5]],
            [[float("nan"), float("inf")]],
            [["1.5", 2.5]],
            [["x", 2.5]],
            [[2**70, 2.5]],
            [[[1.5], [2.5]]],
            [],
        ]
        for given in rows:
            for columns in (["a", "b"], ["b", "a"]):
                with self.subTest(rows=given, columns=columns):
                    self.assert_same(Table(columns, given))
        self.assert_same(Table(["a", "b"], [[1.5, 2.5]], [7]))

    def test_tensors(self) -> None:
        for datatype, dtype in (("FP64", "f8"), ("FP32", "f4"), ("INT64", "i8")):
            for names in (["a", "b"], ["b", "a"], ["a"]):
                with self.subTest(datatype=datatype, names=names):
                    values = numpy.array([1, 2], dtype)
                    self.assert_same(Tensors([Tensor(name, datatype, (2,), values) for name in names]))

    def test_the_columns_of_a_request_are_its_own(self) -> None:
        chosen = model()
        to_frame(chosen, Table(["a", "b"], [[1.5, 2.5]])).columns.name = "changed"
        self.assertIsNone(to_frame(chosen, Table(["a", "b"], [[1.5, 2.5]])).columns.name)

    def test_a_model_of_other_types_takes_the_long_way(self) -> None:
        made = model()
        made.columns, made.floats = None, None
        made.example = pandas.DataFrame({"a": [1.0], "b": [2]})
        learn_inputs(made)
        self.assertIsNone(made.floats)


if __name__ == "__main__":
    unittest.main()
