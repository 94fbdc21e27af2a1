"""Metrics that cannot flatter, baselines beside them, and the report."""

from gatling.evaluation.embed import Embedded as Embedded
from gatling.evaluation.embed import embed_corpus as embed_corpus
from gatling.evaluation.metrics import evaluate_embedded as evaluate_embedded
