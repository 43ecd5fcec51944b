"""Trains the model that all servers of the benchmark load: `python make_model.py FILE`."""

import sys

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

flowers, species = load_iris(return_X_y=True)
joblib.dump(make_pipeline(StandardScaler(), LogisticRegression(max_iter=200)).fit(flowers, species), sys.argv[1])
