"""From a bundle on disk to something that answers: one module for each kind of entry."""

from __future__ import annotations

from typing import Union

from ..errors import ModelLoadError, load_error
from ..metadata import arguments_of, learn_inputs, specs_of
from ..model import Model
from ..outputs import name_outputs
from . import apps, mlmodel, model_file, pretrained, snapshot, spacy_folder
from .apps import MountedApp
from .bundle import Bundle

__all__ = ["Bundle", "MountedApp", "load"]


def load(bundle: Bundle) -> Union[Model, MountedApp]:  # noqa: UP007 - evaluated on 3.9
    """Loads the entry of a bundle whose process state (`Bundle.enter`) is set up. ModelLoadError when it cannot."""
    kind = bundle.entry.get("kind")
    if kind in ("asgi", "wsgi"):
        return apps.load(bundle)
    if kind == "snapshot":
        model = snapshot.load(bundle)
    elif kind == "modelFile":
        model = model_file.load(bundle)
    elif kind == "mlmodel":
        model = mlmodel.load(bundle)
    elif kind == "spacy":
        model = spacy_folder.load(bundle)
    elif kind == "transformers":
        model = pretrained.load(bundle)
    else:
        raise ModelLoadError("EntryUnsupported", f"The bundle's entry kind {kind!r} is not known to this server")
    learn_inputs(model)
    if model.example is not None:
        _predict_example(model, must_work=kind in ("snapshot", "transformers"))
    return model


def _predict_example(model: Model, *, must_work: bool) -> None:
    """Readiness means that the model answered its example. One that was made up for a model file may fail."""
    arguments, keywords = arguments_of(model)
    try:
        model.outputs = specs_of(name_outputs(model.predict(*arguments, **keywords)))
    except (Exception, SystemExit) as error:
        if must_work:
            raise load_error("ExampleFailed", "predict on its own input example", error) from error
