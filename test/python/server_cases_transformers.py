"""Cases that need transformers, with TensorFlow or PyTorch: run by test/images/pretrained.test.ts.

Models are tiny and untrained.
"""

from __future__ import annotations

import importlib.util
import json
import random
from pathlib import Path
from typing import Any

import transformers
from server_harness import Client, ServerCase, infer, tensor
from slipway_server import ModelLoadError
from tokenizers import Tokenizer, models, pre_tokenizers, processors

WITH_TORCH = importlib.util.find_spec("torch") is not None
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "text", "good", "bad", "ghent", "rome", "to", "from", "."]
SMALL = {
    "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
    "max_position_embeddings": 32, "vocab_size": len(WORDS),
}  # fmt: skip


def save(folder: Path, kind: str, config: Any) -> None:
    """A model with weights by chance, and a tokenizer to which a word is a token."""
    transformers.set_seed(1)
    model = getattr(transformers, kind if WITH_TORCH else f"TF{kind}")(config)
    if not WITH_TORCH:
        model.build_in_name_scope()
    model.save_pretrained(folder)
    words = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, "[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    around = [("[CLS]", 2), ("[SEP]", 3)]
    words.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", around)
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, mask_token="[MASK]", model_max_length=32, **special
    ).save_pretrained(folder)


class Pretrained(ServerCase):
    def serve_model(self, task: str, kind: str, **config: Any) -> Client:
        root = self.bundle({"kind": "transformers", "path": "project/model", "task": task})
        save(root / "project/model", f"Bert{kind}", transformers.BertConfig(**SMALL, **config))
        return self.client(root)

    def predictions(self, call: Client, texts: Any, **params: Any) -> Any:
        reply = call("POST", "/invocations", {"inputs": texts, **({"params": params} if params else {})})
        self.assertEqual(reply.status, 200, reply.body)
        return reply.json["predictions"]

    def test_text_classification(self) -> None:
        call = self.serve_model("text-classification", "ForSequenceClassification", id2label={0: "bad", 1: "good"})
        metadata = call("GET", "/v2/models/m").json
        self.assertEqual(metadata["inputs"], [{"name": "texts", "datatype": "BYTES", "shape": [-1]}])
        self.assertEqual([one["name"] for one in metadata["outputs"]], ["label", "score"])
        long = " ".join(["good"] * 100)
        found = self.predictions(call, ["a good text", "a bad text", long])
        self.assertEqual([set(one) for one in found], [{"label", "score"}] * 3)
        self.assertTrue(all(one["label"] in ("bad", "good") and 0 < one["score"] < 1 for one in found))
        every = self.predictions(call, ["a good text"], top_k=5)
        self.assertAlmostEqual(sum(one["score"] for one in every[0]), 1, places=5)
        pair = call("POST", "/invocations", {"instances": [{"text": "a text", "text_pair": "good"}]}).json
        self.assertEqual(set(pair["predictions"][0]), {"label", "score"})
        reply = infer(call, tensor("texts", "BYTES", [2], ["a good text", "a bad text"]))
        self.assertEqual(reply.json["outputs"][0]["data"], [one["label"] for one in found[:2]])
        self.assertEqual(self.predictions(call, []), [])
        refused = call("POST", "/invocations", {"inputs": ["a text"], "params": {"trust_remote_code": True}})
        self.assertEqual(refused.status, 400)

    def test_token_classification(self) -> None:
        call = self.serve_model("token-classification", "ForTokenClassification", id2label={0: "CITY", 1: "CITY"})
        one, two = self.predictions(call, ["from ghent to rome", "a"])
        self.assertEqual([(token["word"], token["start"], token["end"]) for token in two], [("a", 0, 1)])
        self.assertEqual([token["word"] for token in one], ["from", "ghent", "to", "rome"])
        together = self.predictions(call, ["from ghent"], aggregation_strategy="simple")
        self.assertEqual(together[0][0]["entity_group"], "CITY")

    def test_fill_mask(self) -> None:
        call = self.serve_model("fill-mask", "ForMaskedLM")
        (only,) = self.predictions(call, ["a [MASK] text"], top_k=2)
        self.assertEqual(len(only), 2)
        self.assertEqual(self.predictions(call, ["a [MASK] text", "[MASK]"], top_k=2)[0], only)

    def test_feature_extraction(self) -> None:
        found = self.predictions(self.serve_model("feature-extraction", "Model"), ["a text", "a"])
        self.assertEqual([(len(one), len(one[0])) for one in found], [(4, 8), (3, 8)])

    def test_question_answering_is_that_of_the_pipeline(self) -> None:
        call = self.serve_model("question-answering", "ForQuestionAnswering")
        chance = random.Random(1)
        # No span occurs twice: the pipeline adds up the scores of equal ones.
        short = [" ".join(chance.sample(WORDS[5:], k=9)) for _ in range(3)]
        long = " ".join(chance.choices(WORDS[5:], k=90))
        columns = {"question": ["a bad text"] * 4, "context": [*short, long]}
        *answers, last = self.predictions(call, columns)
        self.assertEqual(last["answer"], long[last["start"] : last["end"]])
        if int(transformers.__version__.partition(".")[0]) > 4:
            return
        pipe = transformers.pipeline("question-answering", model="model", tokenizer="model", dtype=None)
        for found, context in zip(answers, short):
            expected = pipe(question="a bad text", context=context)
            self.assertEqual({**found, "score": 0}, {**expected, "score": 0})
            self.assertAlmostEqual(found["score"], expected["score"], places=5)

    def test_text_generation(self) -> None:
        call = self.serve_model("text-generation", "LMHeadModel", is_decoder=True)
        ((made,),) = self.predictions(call, ["a good"], max_new_tokens=3, do_sample=False)
        self.assertTrue(made["generated_text"].startswith("a good"))

    def test_text_to_text(self) -> None:
        root = self.bundle({"kind": "transformers", "path": "project/model", "task": "text2text-generation"})
        sizes = {"d_model": 8, "d_kv": 4, "d_ff": 16, "num_layers": 1, "num_heads": 2}
        config = transformers.T5Config(vocab_size=len(WORDS), decoder_start_token_id=0, eos_token_id=3, **sizes)
        save(root / "project/model", "T5ForConditionalGeneration", config)
        found = self.predictions(self.client(root), ["a good text", "a"], max_new_tokens=4)
        self.assertEqual([set(one) for one in found], [{"generated_text"}] * 2)

    def test_a_folder_that_is_damaged_or_of_another_task(self) -> None:
        with self.assertRaises(ModelLoadError) as caught:
            self.serve_model("text2text-generation", "ForSequenceClassification")
        self.assertEqual(caught.exception.code, "LoadFailed")
        root = self.bundle({"kind": "transformers", "path": "project/model", "task": "text-classification"})
        (root / "project/model").mkdir()
        (root / "project/model/config.json").write_text(json.dumps({"model_type": "bert"}))
        with self.assertRaises(ModelLoadError) as caught:
            self.client(root)
        self.assertEqual(caught.exception.code, "LoadFailed")
