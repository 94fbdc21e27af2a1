"""What was asked: the request of a context, and how far values and calls stand in it."""

from gatling.request.request import Request as Request
