import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { inspectProject } from '../../../src/project/inspectProject';
import { notebook, signal, temporaryFolder, tools } from './fixtures';

const base = temporaryFolder(after);
const split =
  'from sklearn.model_selection import train_test_split\nX_train, X_test, y_train, y_test = train_test_split(X, y)';

interface Case {
  readonly name: string;
  readonly cells: readonly string[];
  readonly predict: string;
  readonly example?: string;
}

const cases: readonly Case[] = [
  {
    name: 'a frame with named columns',
    cells: [
      "import pandas as pd\ndf = pd.read_csv('a.csv')\nX = df[['a', 'b']]\ny = df['c']",
      'from sklearn.linear_model import LogisticRegression\nmodel = LogisticRegression()\nmodel.fit(X, y)',
    ],
    predict:
      'def predict(X: pd.DataFrame):\n    """One result for each row. Columns: a, b."""\n    return model.predict(X[["a", "b"]])',
    example: 'sample_input = X.head(3)',
  },
  {
    name: 'scaled features and encoded labels',
    cells: [
      "import pandas as pd\nfrom sklearn.preprocessing import LabelEncoder, StandardScaler\nfrom sklearn.svm import SVC\ndf = pd.read_csv('a.csv')\nfeatures = ['a', 'b']\nX = df[features]\nle = LabelEncoder()\ny = le.fit_transform(df['c'])",
      `${split}\nscaler = StandardScaler()\nclf = SVC().fit(scaler.fit_transform(X_train), y_train)\nclf.predict(scaler.transform(X_test))`,
    ],
    predict:
      'def predict(X: pd.DataFrame):\n    """One result for each row. Columns: a, b."""\n    return le.inverse_transform(clf.predict(scaler.transform(X[features])))',
    example: 'sample_input = X_train.head(3)',
  },
  {
    name: 'a text pipeline',
    cells: [
      "import pandas as pd\nfrom sklearn.feature_extraction.text import TfidfVectorizer\nfrom sklearn.naive_bayes import MultinomialNB\nfrom sklearn.pipeline import make_pipeline\ndf = pd.read_csv('a.csv')\npipe = make_pipeline(TfidfVectorizer(), MultinomialNB())\npipe.fit(df['text'], df['label'])",
    ],
    predict: 'def predict(texts: list[str]):\n    """One result for each text."""\n    return pipe.predict(texts)',
  },
  {
    name: 'a vectorizer of its own',
    cells: [
      "import pandas as pd\nfrom sklearn.feature_extraction.text import CountVectorizer\nfrom sklearn.svm import LinearSVC\ndf = pd.read_csv('a.csv')\ntexts = df['text']\nvec = CountVectorizer()\nM = vec.fit_transform(texts)\nmodel = LinearSVC()\nmodel.fit(M, df['y'])",
    ],
    predict:
      'def predict(texts: list[str]):\n    """One result for each text."""\n    return model.predict(vec.transform(texts))',
    example: 'sample_input = list(texts[:3])',
  },
  {
    name: 'arrays of a built-in dataset',
    cells: [
      'from sklearn.datasets import load_iris\nfrom sklearn.ensemble import RandomForestClassifier\niris = load_iris()\nX, y = iris.data, iris.target\nforest = RandomForestClassifier().fit(X, y)',
    ],
    predict:
      'import numpy as np\n\n\ndef predict(X: np.ndarray):\n    """One result for each row."""\n    return forest.predict(X)',
    example: 'sample_input = X[:3]',
  },
  {
    name: 'a search over a pipeline',
    cells: [
      "import pandas as pd\nfrom sklearn.linear_model import Ridge\nfrom sklearn.model_selection import GridSearchCV\nfrom sklearn.pipeline import Pipeline\nfrom sklearn.preprocessing import StandardScaler\ndf = pd.read_csv('a.csv')\nX = df.drop(columns=['y'])\ngrid = GridSearchCV(Pipeline([('s', StandardScaler()), ('r', Ridge())]), {})\ngrid.fit(X, df['y'])\nbest_model = grid.best_estimator_",
    ],
    predict: 'def predict(X: pd.DataFrame):\n    """One result for each row."""\n    return best_model.predict(X)',
    example: 'sample_input = X.head(3)',
  },
  {
    name: 'a torch module on a device',
    cells: [
      'import torch\nfrom torch import nn\nclass Net(nn.Module):\n    def forward(self, x):\n        return x',
      "device = 'cpu'\nnet = Net().to(device)\nx = torch.tensor([[1.0]])\nout = net(x)",
    ],
    predict:
      'import numpy as np\n\n\ndef predict(X: np.ndarray):\n    """One result for each row."""\n    net.eval()\n    with torch.no_grad():\n        return net(torch.as_tensor(X, dtype=torch.float32, device=device)).cpu().numpy()',
    example: 'sample_input = x[:3].numpy()',
  },
  {
    name: 'a Keras model',
    cells: [
      'from tensorflow import keras\nimport numpy as np\nX = np.zeros((4, 2))\nmodel = keras.Sequential([keras.layers.Dense(1)])\nmodel.compile(loss="mse")\nhistory = model.fit(X, X, epochs=1)',
    ],
    predict: 'def predict(X: np.ndarray):\n    """One result for each row."""\n    return model.predict(X, verbose=0)',
    example: 'sample_input = X[:3]',
  },
  {
    name: 'an XGBoost booster',
    cells: [
      "import pandas as pd\nimport xgboost as xgb\ndf = pd.read_csv('a.csv')\nX = df[['a']]\ndtrain = xgb.DMatrix(X, df['y'])\nbooster = xgb.train({}, dtrain)\nbooster.predict(dtrain)",
    ],
    predict:
      'def predict(X: pd.DataFrame):\n    """One result for each row. Columns: a."""\n    return booster.predict(xgb.DMatrix(X[["a"]]))',
    example: 'sample_input = X.head(3)',
  },
  {
    name: 'a model that is loaded from a file',
    cells: ["import joblib\nmodel = joblib.load('model.joblib')\nmodel.predict([[1, 2]])"],
    predict:
      'def load():\n    global model\n    model = joblib.load(\'model.joblib\')\n\n\ndef predict(X):\n    """One result for each row."""\n    return model.predict(X)',
  },
  {
    name: 'a pipeline of transformers',
    cells: ['from transformers import pipeline\nclassifier = pipeline("sentiment-analysis")\nclassifier(["good"])'],
    predict:
      'def load():\n    global classifier\n    classifier = pipeline("sentiment-analysis")\n\n\ndef predict(texts: list[str]):\n    """One result for each text."""\n    return classifier(texts)',
  },
];

describe('draft of predict', () => {
  for (const [index, one] of cases.entries()) {
    it(one.name, async () => {
      const folder = path.join(base, `p${index}`);
      mkdirSync(folder);
      writeFileSync(path.join(folder, 'a.ipynb'), notebook(...one.cells));
      const result = await inspectProject(folder, { tools: { ...tools, exists: () => Promise.resolve(true) } }, signal);
      const edits = result.findings.find((finding) => finding.code === 'PredictMissing')?.fix?.edits ?? [];
      assert.deepEqual(
        edits.map((edit) => edit.text),
        one.example === undefined ? [one.predict] : [one.predict, one.example],
      );
      assert.deepEqual(edits[0]?.kind === 'insert' ? edits[0].tags : [], ['predict']);
    });
  }

  it('drafts nothing where nothing was fitted', async () => {
    const folder = path.join(base, 'none');
    mkdirSync(folder);
    writeFileSync(
      path.join(folder, 'a.ipynb'),
      notebook('from sklearn.cluster import DBSCAN\nlabels = DBSCAN().fit_predict([[1]])'),
    );
    const result = await inspectProject(folder, { tools }, signal);
    assert.equal(result.findings.find((finding) => finding.code === 'PredictMissing')?.fix, undefined);
  });
});
