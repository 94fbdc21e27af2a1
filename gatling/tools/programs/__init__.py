"""Arguments that are programs: which they are, and what they do."""

from gatling.tools.programs.action import Action, Program, Thing
from gatling.tools.programs.reading import programs_of

__all__ = ["Action", "Program", "Thing", "programs_of"]
