"""A guard between an MCP client and a server: calls are judged, and what the server answers is text of others.

lines, sse      one JSON-RPC message a line or an event, bounded, in and out
pins, listing   which descriptions of tools a person has accepted, and which tools a policy rules out
proxy           what becomes of each message; no input or output of its own
ends            the two ends of a conversation, with the proxy between them
child, remote   the server: a process, or a URL
stdio, listen   the client: this process's stdin and stdout, or an endpoint with many conversations
listed          what a server says of its tools, for a person
"""

from gatling.mcp_proxy.pins import Pins as Pins
from gatling.mcp_proxy.proxy import Proxy as Proxy
