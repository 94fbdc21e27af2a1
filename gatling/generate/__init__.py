"""Gold traces made from worlds, tasks, policies and wordings; an exact oracle decides their labels. Imports no torch."""

from gatling.generate.conversations import ConversationMaker as ConversationMaker
from gatling.generate.conversations import load_worlds as load_worlds
