"""Pages for people: what a browser shows of decisions. One file each, no script, nothing from outside."""

from gatling.page.document import document as document
from gatling.page.document import plain as plain
from gatling.page.document import text as text
from gatling.page.draw import Forms as Forms
from gatling.page.draw import conversation_page as conversation_page
from gatling.page.sessions import SessionRow as SessionRow
from gatling.page.sessions import Waiting as Waiting
from gatling.page.sessions import sessions_page as sessions_page
from gatling.page.timeline import Call as Call
from gatling.page.timeline import Conversation as Conversation
from gatling.page.timeline import Kind as Kind
from gatling.page.timeline import Output as Output
from gatling.page.timeline import Passage as Passage
from gatling.page.timeline import Reason as Reason
from gatling.page.timeline import Said as Said
from gatling.page.timeline import Value as Value
