"""The guard: what a running agent asks before it acts."""

from gatling.guard.decision import Decision as Decision
from gatling.guard.guard import Guard as Guard
from gatling.guard.replay import ReplayedCall as ReplayedCall
from gatling.guard.replay import replay as replay
from gatling.guard.session import Session as Session
