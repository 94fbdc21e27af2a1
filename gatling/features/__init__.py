"""Traces to numbers. Everything here is fixed: nothing is trained, nothing depends on the process."""

from gatling.features.backbone import BACKBONES as BACKBONES
from gatling.features.backbone import Backbone as Backbone
from gatling.features.plan import PlanBatch as PlanBatch
from gatling.features.plan import PlanFeatures as PlanFeatures
from gatling.features.plan import call_features as call_features
from gatling.features.plan import plan_features as plan_features
from gatling.features.policy import ContextFeatures as ContextFeatures
from gatling.features.policy import PolicyBatch as PolicyBatch
from gatling.features.policy import context_features as context_features
from gatling.features.words import WordVectors as WordVectors
from gatling.features.words import feature_digest as feature_digest
