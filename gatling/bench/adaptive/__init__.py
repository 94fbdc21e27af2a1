"""How many verdicts it takes an attacker to get past the guard: figures and tables of adaptive attacks."""

from gatling.bench.adaptive.figures import summarise as summarise
from gatling.bench.adaptive.tables import attack_tables as attack_tables
