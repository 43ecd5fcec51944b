"""Entry `spacy`: a folder that `nlp.to_disk` of spaCy wrote. Each text is answered with its document as spaCy's JSON.

@see https://spacy.io/api/doc#to_json
"""

from __future__ import annotations

from typing import Any

from ..errors import ModelLoadError, load_error
from ..libraries import needed
from ..model import Model, Spec
from ..signature import Parameter, Signature
from .bundle import Bundle


def load(bundle: Bundle) -> Model:
    """The pipeline of the folder. ModuleMissing names spacy when it is not installed."""
    folder = bundle.file(bundle.entry.get("path"))
    try:
        spacy = needed("spacy")
    except ModuleNotFoundError as error:
        message = "The model needs the package spacy. Add it to the project's dependencies and deploy again"
        raise ModelLoadError("ModuleMissing", message) from error
    try:
        pipeline = spacy.load(folder)
    except (Exception, SystemExit) as error:
        raise load_error("LoadFailed", "Loading the spaCy model", error) from error

    def predict(texts: Any) -> Any:
        return [document.to_json() for document in pipeline.pipe([str(text) for text in texts])]

    signature = Signature((Parameter("texts", "list"),))
    return Model(predict, signature, "spacy", example=["A text."], inputs=[Spec("texts", "BYTES", (-1,))])
