"""What the variables of a notebook hold, as far as reading tells: frames, texts, arrays, fitted models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

# Estimators that prepare data: their `transform` goes in front of a model's `predict`.
PREPARING = frozenset(
    """
        StandardScaler MinMaxScaler MaxAbsScaler RobustScaler Normalizer Binarizer QuantileTransformer
        PowerTransformer OneHotEncoder OrdinalEncoder TargetEncoder KBinsDiscretizer PolynomialFeatures
        SplineTransformer SimpleImputer KNNImputer IterativeImputer MissingIndicator CountVectorizer
        TfidfVectorizer TfidfTransformer HashingVectorizer DictVectorizer FeatureHasher PCA KernelPCA
        SparsePCA TruncatedSVD FastICA NMF LatentDirichletAllocation FactorAnalysis GaussianRandomProjection
        SparseRandomProjection SelectKBest SelectPercentile SelectFromModel VarianceThreshold RFE RFECV
        ColumnTransformer FunctionTransformer FeatureUnion LabelEncoder LabelBinarizer MultiLabelBinarizer
        Nystroem RBFSampler Isomap UMAP Tokenizer
        """.split()  # noqa: SIM905
)
TEXT_INPUT = frozenset(["CountVectorizer", "TfidfVectorizer", "HashingVectorizer"])
TARGET_ENCODERS = frozenset(["LabelEncoder", "LabelBinarizer", "MultiLabelBinarizer"])
NO_PREDICT = frozenset(
    [
        "DBSCAN",
        "AgglomerativeClustering",
        "SpectralClustering",
        "OPTICS",
        "HDBSCAN",
        "TSNE",
        "MDS",
        "SpectralEmbedding",
        "FeatureAgglomeration",
    ]
)


@dataclass(frozen=True)
class Value:
    """Data in a variable. `kind`: frame, series, texts, array, tensor, dmatrix or unknown.

    `columns` are names, or None; `columns_name` a variable that holds them; `transforms` the names of the fitted
    transformers between the raw data and this; `raw` the variable of the data before any of them.
    """

    kind: str = "unknown"
    columns: tuple[str, ...] | None = None
    columns_name: str | None = None
    transforms: tuple[str, ...] = ()
    raw: str | None = None
    target: bool = False
    # Data inside a library's own container (DMatrix, Dataset): no example can be cut from it.
    wrapped: bool = False

    def after(self, transformer: str) -> Value:
        return replace(self, transforms=(*self.transforms, transformer))


@dataclass
class Model:
    """An object that can predict. `origin` is the full dotted class or function that made it."""

    name: str
    origin: str
    library: str
    cell: str
    line: int
    parts: tuple[str, ...] = ()
    fitted: bool = False
    prepares: bool = False
    input: Value = Value()
    target: Value = Value()
    called: str | None = None
    call_argument: str | None = None
    call_value: Value = Value()
    load_text: str | None = None
    embeds: bool = False
    device: str | None = None
    order: int = 0

    @property
    def class_name(self) -> str:
        return self.origin.rsplit(".", 1)[-1]

    def facts(self) -> dict[str, Any]:
        value = self.input if self.input.kind != "unknown" or self.fitted else self.call_value
        return {
            "name": self.name,
            "class": self.class_name,
            "origin": self.origin,
            "library": self.library,
            "cell": self.cell,
            "line": self.line,
            "parts": list(self.parts),
            "fitted": self.fitted,
            "called": self.called,
            "argument": self.call_argument,
            "input": value_facts(value),
            "targetTransforms": list(self.target.transforms),
            "loadText": self.load_text,
            "embeds": self.embeds,
            "device": self.device,
        }


def value_facts(value: Value) -> dict[str, Any]:
    return {
        "kind": value.kind,
        "columns": list(value.columns) if value.columns is not None else None,
        "columnsName": value.columns_name,
        "transforms": list(value.transforms),
        "raw": value.raw,
    }


# Calls that give something that predicts: origin (or its start) -> library, whether it is fitted from birth.
LOADERS: tuple[tuple[str, str, bool], ...] = (
    ("joblib.load", "sklearn", True),
    ("pickle.load", "sklearn", True),
    ("cloudpickle.load", "sklearn", True),
    ("dill.load", "sklearn", True),
    ("skops.io.load", "sklearn", True),
    ("xgboost.train", "xgboost.Booster", True),
    ("xgboost.Booster", "xgboost.Booster", True),
    ("lightgbm.train", "lightgbm.Booster", True),
    ("lightgbm.Booster", "lightgbm.Booster", True),
    ("torch.load", "torch", True),
    ("torch.jit.load", "torch", True),
    ("torch.hub.load", "torch", True),
    ("torchvision.models.", "torch", True),
    ("timm.create_model", "torch", True),
    ("torch.nn.Sequential", "torch", False),
    ("tensorflow.keras.models.load_model", "keras", True),
    ("keras.models.load_model", "keras", True),
    ("keras.saving.load_model", "keras", True),
    ("tensorflow.keras.Sequential", "keras", False),
    ("tensorflow.keras.models.Sequential", "keras", False),
    ("tensorflow.keras.Model", "keras", False),
    ("tensorflow.keras.models.Model", "keras", False),
    ("keras.Sequential", "keras", False),
    ("keras.models.Sequential", "keras", False),
    ("keras.Model", "keras", False),
    ("keras.models.Model", "keras", False),
    ("tensorflow.keras.applications.", "keras", True),
    ("keras.applications.", "keras", True),
    ("transformers.pipeline", "transformers.pipeline", True),
    ("sentence_transformers.SentenceTransformer", "sentence_transformers", True),
    ("spacy.load", "spacy", True),
    ("spacy.blank", "spacy", True),
    ("onnxruntime.InferenceSession", "onnxruntime", True),
    ("statsmodels.", "statsmodels", False),
    ("prophet.Prophet", "prophet", False),
    ("fbprophet.Prophet", "prophet", False),
    ("fasttext.train_supervised", "fasttext", True),
    ("fasttext.load_model", "fasttext", True),
    ("mlflow.pyfunc.load_model", "sklearn", True),
    ("mlflow.sklearn.load_model", "sklearn", True),
)
SKLEARN_LIKE = (
    "sklearn.",
    "xgboost.XGB",
    "lightgbm.LGBM",
    "catboost.",
    "imblearn.",
    "sklearnex.",
    "cuml.",
    "interpret.",
    "tpot.",
    "flaml.",
    "autosklearn.",
    "lightning_ml.",
    "sktime.",
    "hdbscan.",
    "umap.",
    "category_encoders.",
    "mlxtend.",
    "skorch.",
    "ngboost.",
    "tabpfn.",
    "pycaret.",
)


def library_of(origin: str) -> tuple[str, bool] | None:
    """(library, fitted from birth) of what a call makes, None for other calls."""
    for start, library, fitted in LOADERS:
        if origin == start or (start.endswith(".") and origin.startswith(start)):
            return library, fitted
    name = origin.rsplit(".", 1)[-1]
    if origin.startswith(SKLEARN_LIKE) and (
        name[:1].isupper() or name in ("make_pipeline", "make_column_transformer", "make_union")
    ):
        return "sklearn", False
    return None


def merge(values: list[Value]) -> Value:
    return next((value for value in values if value.kind != "unknown"), Value())
