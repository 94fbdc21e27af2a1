"""A guard between an MCP client and a server: calls are judged, and what the server answers is text of others.

lines   one JSON-RPC message a line, bounded, in and out
pins    which descriptions of tools a person has accepted
proxy   what becomes of each message; no input or output of its own
stdio   a server that is a child process, and the two pumps
"""

from gatling.mcp_proxy.pins import Pins as Pins
from gatling.mcp_proxy.proxy import Proxy as Proxy
