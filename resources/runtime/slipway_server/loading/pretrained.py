"""Entry `transformers`: a folder that `save_pretrained` of transformers, or `save` of sentence-transformers, wrote.

Texts are answered as the pipelines of transformers answer a list of them; question answering and text to text, which
version 5 has no pipelines for, as those of version 4 did. Nothing is asked of a hub, and code in the folder never runs.
@see https://huggingface.co/docs/transformers/main_classes/pipelines
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import ModelLoadError, load_error
from ..libraries import needed
from ..model import Model, Spec
from ..signature import Parameter, Signature
from . import pretrained_heads
from .bundle import Bundle

# What requests may set in params. Not more: `generate` of transformers can be told to load code.
_KEYWORDS = {
    "text-classification": ("top_k", "function_to_apply"),
    "token-classification": ("aggregation_strategy", "ignore_labels"),
    "fill-mask": ("top_k", "targets"),
    "text-generation": (*pretrained_heads.GENERATION, "return_full_text", "num_return_sequences"),
    "feature-extraction": (),
}


def load(bundle: Bundle) -> Model:
    """The model of the folder. ModuleMissing names the library when it is not installed."""
    folder, task = bundle.file(bundle.entry.get("path")), str(bundle.entry.get("task"))
    library = "sentence_transformers" if task == "sentence-embedding" else "transformers"
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        os.environ.setdefault(name, "1")
    try:
        module = needed(library)
    except ModuleNotFoundError as error:
        message = f"The model needs the package {library.replace('_', '-')}. Add it to the project's dependencies and"
        raise ModelLoadError("ModuleMissing", f"{message} deploy again") from error
    try:
        return _model(module, task, folder)
    except ModelLoadError:
        raise
    except (Exception, SystemExit) as error:
        raise load_error("LoadFailed", f"Loading the model of {folder.name}", error) from error


def _model(module: Any, task: str, folder: Path) -> Model:
    if task == "sentence-embedding":
        return _sentences(module, folder)
    if task == "question-answering":
        return pretrained_heads.question_answering(module, folder)
    if task == "text2text-generation":
        predict, keywords = pretrained_heads.text_to_text(module, folder), pretrained_heads.GENERATION
        return _of_texts(predict, keywords, "A text.")
    if task in _KEYWORDS:
        return _pipeline(module, task, folder)
    raise ModelLoadError("EntryUnsupported", f"The task {task!r} of a model is not known to this server")


def _of_texts(
    answer: Callable[..., Any], keywords: tuple[str, ...], example: str, read: Callable[[Any], Any] = str
) -> Model:
    def predict(texts: Any, **options: Any) -> Any:
        return answer([read(text) for text in texts], **options) if texts else []

    signature = Signature((Parameter("texts", "list"),), frozenset(keywords))
    inputs = [Spec("texts", "BYTES", (-1,))]
    return Model(predict, signature, "transformers", example=[example], inputs=inputs)


def _text_or_pair(given: Any) -> Any:
    """A text, or two that are classified together, as transformers names them."""
    if isinstance(given, dict) and set(given) == {"text", "text_pair"}:
        return {name: str(text) for name, text in given.items()}
    return str(given)


def _pipeline(transformers: Any, task: str, folder: Path) -> Model:
    named = {"model": str(folder), "tokenizer": str(folder), "trust_remote_code": False}
    pipe = transformers.pipeline(task, **named, **_placed(transformers.pipeline))
    options = _options(task, pipe)

    def answer(texts: list[Any], **given: Any) -> Any:
        if task == "fill-mask":  # a list of one would be answered without a list around
            return [pipe(text, **given) for text in texts]
        answers = pipe(texts, **{**options, **given})
        return [tokens[0] for tokens in answers] if task == "feature-extraction" else answers

    example = f"A {pipe.tokenizer.mask_token} text." if task == "fill-mask" else "A text."
    return _of_texts(answer, _KEYWORDS[task], example, _text_or_pair if task == "text-classification" else str)


def _placed(pipeline: Callable[..., Any]) -> dict[str, Any]:
    if pretrained_heads.has_gpu():
        return {"device": 0}
    # The last versions that know TensorFlow look for the default type of numbers in PyTorch, which may not be there.
    is_looked_up = "dtype" in inspect.signature(pipeline).parameters and not pretrained_heads.with_torch()
    return {"dtype": None} if is_looked_up else {}


def _options(task: str, pipe: Any) -> dict[str, Any]:
    """Texts longer than the model takes are cut. Those whose answers padding does not change go through together."""
    if task == "text-generation":
        return pretrained_heads.length(pipe.model)
    cut = {} if task == "token-classification" else {"truncation": True}
    can_pad = pipe.tokenizer.pad_token_id is not None and task != "feature-extraction"
    return {**cut, "batch_size": 8} if can_pad else cut


def _sentences(module: Any, folder: Path) -> Model:
    encoder = module.SentenceTransformer(str(folder), trust_remote_code=False)

    def answer(texts: list[Any], **options: Any) -> Any:
        return encoder.encode(texts, show_progress_bar=False, **options)

    return _of_texts(answer, ("normalize_embeddings", "prompt_name"), "A text.")
