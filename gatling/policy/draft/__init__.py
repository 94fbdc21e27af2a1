"""A first policy from what is known: tools as they are described, and calls as they were made."""

from gatling.policy.draft.draft import Draft as Draft
from gatling.policy.draft.draft import draft as draft
from gatling.policy.draft.seen import Run as Run
from gatling.policy.draft.seen import SeenCalls as SeenCalls
