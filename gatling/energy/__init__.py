"""Energies: how far a plan departs from its context, by critic and node, with reasons. 0 agrees, 1.0 is the alarm line."""

from gatling.energy.finding import Assessment as Assessment
from gatling.energy.finding import Auditor as Auditor
from gatling.energy.finding import Code as Code
from gatling.energy.finding import Finding as Finding
from gatling.energy.finding import Source as Source
from gatling.energy.finding import Verdict as Verdict
