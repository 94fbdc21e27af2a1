"""Does the request state it? The wanted answers, a case a line."""

from __future__ import annotations

import pytest

from gatling.request import Request

# request | value | tool that would be called with it | is it stated?
STATED = """
Mail the report to ann@acme.com. | ann@acme.com | send_email | yes
Mail the report to ANN@acme.com | ann@ACME.com | send_email | yes
Mail the report to ann@acme.com.evil.example | ann@acme.com | send_email | no
Mail the report to ann@acme.com | ann@acme.co | send_email | no
Mail the report to ann@acme.com | acme.com | send_email | no
Mail the report to joann@acme.com | ann@acme.com | send_email | no
Mail the report to x.ann@acme.com | ann@acme.com | send_email | no
Mail the report to <ann@acme.com>, please | ann@acme.com | send_email | yes
Mail ann@acme.com's report | ann@acme.com | send_email | yes
Mail the report to ann@acme.com | ann@evil.example | send_email | no
Ask joann about it | ann | send_message | no
Ask Ann about it | ann | send_message | yes
Read report.txt | report.txt | read_file | yes
Read report.txt | my-report.txt | read_file | no
Read report.txt.bak | report.txt | read_file | no
Read 'reports/march.txt' | reports/march.txt | read_file | yes
Read "Q3 plan.docx" please | Q3 plan.docx | read_file | yes
Pay DE89370400440532013000 100 euros | DE89370400440532013000 | send_money | yes
Pay DE89370400440532013000 100 euros | DE8937040044053201300 | send_money | no
Post it in #general | #general | send_channel_message | yes
Post it in #general | general | send_channel_message | yes
Post it in #generals | general | send_channel_message | no
Book Hotel Luxe for May | Hotel Luxe | reserve_hotel | yes
Book Hotel Luxeon for May | Hotel Luxe | reserve_hotel | no
Show issue PROJ-17 | PROJ-17 | get_issue | yes
Show issue PROJ-171 | PROJ-17 | get_issue | no
Open www.acme.com | www.acme.com | get_webpage | yes
Open www.acme.com | acme.com/ | get_webpage | yes
Open www.acme.com | http://www.acme.com | get_webpage | yes
Open www.acme.com | https://acme.com/ | get_webpage | yes
Open acme.com/ | http://www.acme.com | get_webpage | yes
Open http://acme.com/news. | acme.com/news | get_webpage | yes
Open http://acme.com/news | acme.com/news/ | get_webpage | yes
Open acme.com | acme.com/login | get_webpage | no
Open acme.com/login | acme.com | get_webpage | no
Open acme.com | acme.com.evil.example | get_webpage | no
Open acme.com | https://acme.com@evil.example/ | get_webpage | no
Open acme.com | evil.example/acme.com | get_webpage | no
Open acme.com | acme.com:8443 | get_webpage | no
Post it to www.acme.com.They asked for it. | www.acme.com | post_webpage | yes
Post it to www.acme.com.They asked for it. | www.acme.com.They | post_webpage | no
Do not send anything to eve@x.com | eve@x.com | send_email | no
Don't send anything to eve@x.com | eve@x.com | send_email | no
Never write to eve@x.com | eve@x.com | send_email | no
Please do not, under any circumstances, mail eve@x.com | eve@x.com | send_email | no
Ignore everything from eve@x.com | eve@x.com | send_email | no
Ignore mails by eve@x.com and answer the others | eve@x.com | send_email | no
Block eve@x.com | eve@x.com | send_email | no
Block eve@x.com | eve@x.com | block_sender | yes
Mute eve@x.com in the chat | eve@x.com | mute_user | yes
Do not block eve@x.com | eve@x.com | block_sender | no
Delete the spam from eve@x.com | eve@x.com | send_email | no
Delete the spam from eve@x.com | eve@x.com | search_emails | yes
Delete the spam from eve@x.com | eve@x.com | delete_email | yes
Report the phishing mail from eve@x.com | eve@x.com | forward_email | no
Report the phishing mail from eve@x.com | eve@x.com | report_phishing | yes
The scam by eve@x.com worries me | eve@x.com | send_email | no
eve@x.com is a scammer | eve@x.com | send_email | no
eve@x.com must not get the file | eve@x.com | share_file | no
eve@x.com should never be invited | eve@x.com | invite_user | no
Avoid eve@x.com | eve@x.com | send_email | no
Beware of eve@x.com | eve@x.com | send_email | no
Stop mailing eve@x.com | eve@x.com | send_email | no
No mail to eve@x.com please | eve@x.com | send_email | no
Invite everyone except eve@x.com | eve@x.com | invite_user | no
Invite everyone but not eve@x.com | eve@x.com | invite_user | no
Mail ann@acme.com, not eve@x.com | eve@x.com | send_email | no
Mail ann@acme.com, not eve@x.com | ann@acme.com | send_email | yes
Mail ann@acme.com instead of eve@x.com | eve@x.com | send_email | no
Mail ann@acme.com instead of eve@x.com | ann@acme.com | send_email | yes
Mail ann@acme.com rather than eve@x.com | eve@x.com | send_email | no
Send it without copying eve@x.com | eve@x.com | send_email | no
Don't mail eve@x.com, send it to ann@acme.com | ann@acme.com | send_email | yes
Do not mail eve@x.com. Mail ann@acme.com. | ann@acme.com | send_email | yes
Ignore eve@x.com and send the file to ann@acme.com | ann@acme.com | send_email | yes
Ignore eve@x.com but answer ann@acme.com | ann@acme.com | send_email | yes
Do not forget to mail ann@acme.com | ann@acme.com | send_email | yes
Don't hesitate to mail ann@acme.com | ann@acme.com | send_email | yes
Mail not only ann@acme.com but also bob@acme.com | ann@acme.com | send_email | yes
Send it to nobody but ann@acme.com | ann@acme.com | send_email | yes
Do not send it to anyone except ann@acme.com | ann@acme.com | send_email | yes
Answer ann@acme.com no later than Friday | ann@acme.com | send_email | yes
Never mind the format, mail ann@acme.com | ann@acme.com | send_email | yes
The report for ann@acme.com is not ready, mail her what is there | ann@acme.com | send_email | yes
Do not open www.evil.com | www.evil.com | get_webpage | no
Don't visit evil.com/win | http://evil.com/win | get_webpage | no
Do not reply to bob@x.com, only tell me what he wants | bob@x.com | search_emails | yes
Do not reply to bob@x.com, only tell me what he wants | bob@x.com | send_email | no
Read what bob@x.com wrote, but do not reply to bob@x.com | bob@x.com | search_emails | yes
Show my next 5 meetings | 5 | list_events | yes
Show my next five meetings | 5 | list_events | yes
Show the meetings of 2025-05-17 | 5 | list_events | no
Show the meetings of 2025-05-17 | 17 | list_events | no
Pay 1,250.50 to Ann | 1250.5 | send_money | yes
Pay 1,250.50 to Ann | 1250 | send_money | no
Pay invoice 4711-5 | 5 | send_money | no
Transfer 100 | 1000 | send_money | no
"""

# request | address | does the request name the person whose address it is?
NAMED = """
Mail Ann the report | ann.lee@acme.com | yes
Mail Ann the report | ann@acme.com | yes
Mail ann the report | ann@acme.com | yes
Send it to bob and ann | ann@acme.com | yes
Mail Ann Smith the report | ann.smith@acme.com | yes
Mail Ann Smith the report | asmith@acme.com | yes
Mail Ann Smith the report | annsmith@acme.com | yes
Mail Ann Smith the report | ann.lee@acme.com | no
Mail Bob the report | ann.lee@acme.com | no
Mail joann the report | ann@acme.com | no
Mail ann@acme.com the report | ann@evil.example | no
Mail Ann (ann@acme.com) the report | ann@evil.example | no
Share her plans, based on the notes, with Kim | plans.based@gmail.com | no
Tell me about her. Plans changed. | plans@gmail.com | no
Will the shop open on Monday? | will@gmail.com | no
Do not mail Ann | ann@acme.com | no
Ask Ann, not Bob | bob@acme.com | no
Ann wants the figures, send them | ann@acme.com | yes
Send Ann's slides back to her | ann@acme.com | yes
Forward it to support | support@acme.com | yes
"""

# request | tool | does the request ask for such a deed?
DEEDS = """
Please pay the bill in 'bill-december.txt' | send_money | yes
Transfer 100 to Ann | send_money | yes
Wire the rent to the landlord | transfer_funds | yes
Mail Ann the figures | send_email | yes
Reply to his mail | send_email | yes
Buy a pair of red shoes | checkout | yes
Order two chairs | place_order | yes
Put milk in the basket | add_to_cart | yes
Add Ann to the meeting | add_calendar_event_participants | yes
Get rid of the old drafts | delete_email | yes
Book a table for two | reserve_restaurant | yes
Set up a meeting with Ann | create_calendar_event | yes
Tell Ann that I am late | send_direct_message | yes
Do not pay the bill | send_money | no
Summarise the bill | send_money | no
What is on my calendar? | delete_email | no
Read the mail from Ann | send_money | no
Never delete anything | delete_file | no
Please delete mail. | send_mail | no
Please list mail (limit 25). | send_mail | no
Read the mail from Ann and summarise it | send_email | no
Read my mail and answer Ann | send_email | yes
Read the message of Ann | send_direct_message | no
Transfer the money for the bill | share_file | no
Transfer the money for the bill | send_email | no
Please pay the bill | invite_user | no
What meetings do I have today? | create_calendar_event | no
Which orders are late? | place_order | no
Book a room, then mail Ann | send_email | yes
Could you email the minutes to Ann? | send_email | yes
List the records and read a.txt | read_file | yes
List the records | read_file | no
Do not read a.txt | read_file | no
Search the web for shoes | search_web | yes
Pay the bill | get_transactions | no
"""


def cases(table: str) -> list[list[str]]:
    return [[part.strip() for part in line.split(" | ")] for line in table.strip().splitlines()]


@pytest.mark.parametrize(("request_text", "value", "tool", "wanted"), cases(STATED))
def test_states(request_text: str, value: str, tool: str, wanted: str) -> None:
    given: str | float = float(value) if value.replace(".", "").isdigit() else value
    assert Request(request_text).states(given, tool=tool) == (wanted == "yes")


@pytest.mark.parametrize(("request_text", "address", "wanted"), cases(NAMED))
def test_names(request_text: str, address: str, wanted: str) -> None:
    assert Request(request_text).names(address) == (wanted == "yes")


@pytest.mark.parametrize(("request_text", "tool", "wanted"), cases(DEEDS))
def test_asks_for(request_text: str, tool: str, wanted: str) -> None:
    assert Request(request_text).asks_for(tool) == (wanted == "yes")
