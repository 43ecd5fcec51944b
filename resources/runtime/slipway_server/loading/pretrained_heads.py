"""Question answering and text to text with models of transformers, of PyTorch and of TensorFlow.

Answers are those of the pipelines that transformers had up to version 4.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import ModelLoadError
from ..libraries import as_array, needed
from ..model import Model, Spec
from ..signature import Parameter, Signature

GENERATION = (
    *("max_new_tokens", "min_new_tokens", "do_sample", "temperature", "top_k", "top_p"),
    *("num_beams", "repetition_penalty"),
)
_FEW_TOKENS = 64
_MOST_TOKENS = 384
_OVERLAP = 128


def has_gpu() -> bool:
    """Whether PyTorch is here and sees a GPU."""
    return with_torch() and bool(needed("torch").cuda.is_available())


def length(model: Any) -> dict[str, int]:
    """How much is generated where the folder's generation_config.json does not say: the library would stop at 20 tokens
    or at 256, by its version."""
    config = model.generation_config
    if config.max_new_tokens is not None or config.max_length not in (None, 20):
        return {}
    room = getattr(model.config, "max_position_embeddings", None) or 2 * _FEW_TOKENS
    return {"max_new_tokens": min(_FEW_TOKENS, room // 2)}


def text_to_text(transformers: Any, folder: Path) -> Callable[..., Any]:
    """Answers each text with the text that the model makes of it."""
    tokenizer, model = _parts(transformers, "AutoModelForSeq2SeqLM", folder)
    defaults = length(model)

    def answer(texts: list[str], **options: Any) -> Any:
        given = _tensors(tokenizer(texts, truncation=True, padding=True, return_tensors=_framework()), model)
        wanted = {name: given[name] for name in ("input_ids", "attention_mask")}
        with _without_gradients():
            made = model.generate(**wanted, **{**defaults, **options})
        return [{"generated_text": text} for text in tokenizer.batch_decode(made, skip_special_tokens=True)]

    return answer


def question_answering(transformers: Any, folder: Path) -> Model:
    """Answers a question with the most likely span of its context. Long contexts are read in overlapping windows."""
    tokenizer, model = _parts(transformers, "AutoModelForQuestionAnswering", folder)
    if not tokenizer.is_fast:
        raise ModelLoadError("EntryUnsupported", f"The tokenizer in {folder.name} does not tell where its tokens stand")

    def predict(question: str, context: str, max_answer_len: int = 15) -> Any:
        windows = _windows(tokenizer, question, context)
        windows.pop("overflow_to_sample_mapping", None)
        ids, encodings = windows["input_ids"], windows.encodings
        with _without_gradients():
            found = model(**_tensors(windows.convert_to_tensors(_framework()), model))
        starts, ends = as_array(found.start_logits), as_array(found.end_logits)
        spans = [
            (_span(starts[at], ends[at], one.sequence_ids, ids[at] == tokenizer.cls_token_id, max_answer_len), one)
            for at, one in enumerate(encodings)
        ]
        (score, first, last), encoding = max(spans, key=lambda span: span[0][0])
        start, end = _characters(encoding, first, last)
        return {"score": score, "start": start, "end": end, "answer": context[start:end]}

    signature = Signature((Parameter("question", "str"), Parameter("context", "str")), frozenset({"max_answer_len"}))
    example = {"question": "What is this?", "context": "This is a text."}
    inputs = [Spec(name, "BYTES", (-1,)) for name in example]
    return Model(predict, signature, "transformers", example=example, inputs=inputs)


def _windows(tokenizer: Any, question: str, context: str) -> Any:
    most = min(tokenizer.model_max_length, _MOST_TOKENS)
    return tokenizer(
        question,
        context,
        truncation="only_second",
        max_length=most,
        stride=min(most // 2, _OVERLAP),
        padding=True,
        return_overflowing_tokens=True,
        return_tensors="np",
    )


def _span(starts: Any, ends: Any, parts: list[Any], summary: Any, most: int) -> tuple[float, int, int]:
    """Probability, first and last token of the best span in the context. The summary token stands for no answer."""
    numpy = needed("numpy")
    inside = numpy.array([part == 1 for part in parts])
    first, last = (
        numpy.where(inside, _softmax(numpy.where(inside | summary, logits.astype("f8"), -1e4)), 0.0)
        for logits in (starts, ends)
    )
    scores = numpy.tril(numpy.triu(numpy.outer(first, last)), most - 1)
    at = numpy.unravel_index(scores.argmax(), scores.shape)
    return float(scores[at]), int(at[0]), int(at[1])


def _characters(encoding: Any, first: int, last: int) -> tuple[int, int]:
    """Where a span of tokens stands in the context, in whole words where the tokenizer tells words."""
    one, other = encoding.token_to_word(first), encoding.token_to_word(last)
    if one is None or other is None:
        return encoding.offsets[first][0], encoding.offsets[last][1]
    return encoding.word_to_chars(one, 1)[0], encoding.word_to_chars(other, 1)[1]


def _softmax(logits: Any) -> Any:
    raised = needed("numpy").exp(logits - logits.max())
    return raised / raised.sum()


def _parts(transformers: Any, kind: str, folder: Path) -> tuple[Any, Any]:
    """Tokenizer and model, the model on a GPU where there is one."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
    made_by = getattr(transformers, kind if with_torch() else f"TF{kind}")
    model = made_by.from_pretrained(str(folder), trust_remote_code=False)
    return tokenizer, model.to("cuda") if has_gpu() else model


@functools.lru_cache(maxsize=None)
def with_torch() -> bool:
    """Whether PyTorch is here; else it is TensorFlow."""
    return importlib.util.find_spec("torch") is not None


def _framework() -> str:
    return "pt" if with_torch() else "tf"


def _tensors(given: Any, model: Any) -> Any:
    return given.to(model.device) if with_torch() else given


def _without_gradients() -> Any:
    return needed("torch").inference_mode() if with_torch() else contextlib.nullcontext()
