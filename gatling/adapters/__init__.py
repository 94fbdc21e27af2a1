"""Conversations of agents, whatever API they come from, as plans."""

from gatling.adapters.format import MessageFormat as MessageFormat
from gatling.adapters.formats import AUTO as AUTO
from gatling.adapters.formats import FORMATS as FORMATS
from gatling.adapters.messages import ConversationTracer as ConversationTracer
from gatling.adapters.messages import plan_of_messages as plan_of_messages
from gatling.adapters.recorded import Conversation as Conversation
from gatling.adapters.recorded import read_conversations as read_conversations
from gatling.adapters.stream import StreamGatherer as StreamGatherer
from gatling.provenance.sources import ToolSources as ToolSources
