"""Policies and traffic in the latent space: what lies near what, what a policy lacks, what drifts."""

from gatling.policymap.drift import Drift as Drift
from gatling.policymap.drift import drift as drift
from gatling.policymap.neighbours import MappedPolicy as MappedPolicy
from gatling.policymap.neighbours import Neighbour as Neighbour
from gatling.policymap.neighbours import PolicyMap as PolicyMap
from gatling.policymap.requests import FarRequest as FarRequest
from gatling.policymap.requests import far_requests as far_requests
