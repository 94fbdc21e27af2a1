"""Worlds that talk: labelled conversations of agents with tools, made from compact descriptions of worlds."""

from gatling.generate.conversations.maker import ConversationMaker as ConversationMaker
from gatling.generate.conversations.maker import choose_worlds as choose_worlds
from gatling.generate.conversations.maker import write_conversations as write_conversations
from gatling.generate.conversations.spec import load_worlds as load_worlds
