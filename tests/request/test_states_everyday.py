"""What people write, in English of many kinds, and what it says: the wanted answers, a case a line."""

from __future__ import annotations

import re
import time

import pytest

from gatling.request import Request

# request, `<br>` for a new line | value | tool that would be called with it | is it stated?
STATED = """
hi! could u pls send the minutes 2 priya.raman@acme.com thx | priya.raman@acme.com | send_email | yes
Kindly do the needful and forward the bill to accounts@acme.co.in at the earliest. | accounts@acme.co.in | forward_email | yes
pls email bj\u00f8rn@fjord.no tmrw | bj\u00f8rn@fjord.no | send_email | yes
Write to j\u00fcrgen.m\u00fcller@firma.de that I'll be late. | j\u00fcrgen.m\u00fcller@firma.de | send_email | yes
Send the deck to: a) ann@acme.com b) bob@acme.com c) kim@acme.com | bob@acme.com | send_email | yes
Send it to ann@acme.com;bob@acme.com | bob@acme.com | send_email | yes
Send it to ann@acme.com,bob@acme.com | ann@acme.com | send_email | yes
Send it to "Ann Lee" <ann.lee@acme.com>. | ann.lee@acme.com | send_email | yes
mailto:ann@acme.com please | ann@acme.com | send_email | yes
Can you email ann@acme.com? | ann@acme.com | send_email | yes
Email ann@acme.com! | ann@acme.com | send_email | yes
Email ann@acme.com... she waits | ann@acme.com | send_email | yes
ann@acme.com needs the slides - send them | ann@acme.com | send_email | yes
My colleague's address is (ann@acme.com). Send her the file. | ann@acme.com | send_email | yes
To: ann@acme.com<br>Subject: Q3 numbers<br>Please find attached... send this. | ann@acme.com | send_email | yes
To: ann@acme.com<br>Subject: Q3 numbers<br>send this. | Q3 numbers | send_email | yes
Send Ann an email with the subject 'Lunch on Friday?' | Lunch on Friday? | send_email | yes
Send Ann an email with the subject "Re: invoice #4711 (overdue)" | Re: invoice #4711 (overdue) | send_email | yes
Post 'Hello team!' to #random | Hello team! | send_channel_message | yes
Post 'Hello team!' to #random | #random | send_channel_message | yes
post in the general channel that lunch is ready | general | send_channel_message | yes
DM @maria_k that I'm running late | maria_k | send_direct_message | yes
DM @maria_k that I'm running late | @maria_k | send_direct_message | yes
Ping @o'brien on slack | o'brien | send_direct_message | yes
Tell Jos\u00e9 the meeting moved | Jos\u00e9 | send_direct_message | yes
tell jos\u00e9 the meeting moved | Jos\u00e9 | send_direct_message | yes
Message Nguy\u1ec5n V\u0103n An about the visa | Nguy\u1ec5n V\u0103n An | send_direct_message | yes
Message \u738b\u4f1f about the visa | \u738b\u4f1f | send_direct_message | yes
Invite Anne-Marie and Siobh\u00e1n to the party | Anne-Marie | invite_user | yes
Open https://example.com/a/b?x=1&y=2#top and summarise it | https://example.com/a/b?x=1&y=2#top | get_webpage | yes
Open https://example.com/a/b?x=1 and summarise it | https://example.com/a/b?x=2 | get_webpage | no
Have a look at example.com/docs/intro.html, please. | example.com/docs/intro.html | get_webpage | yes
Have a look at (https://en.wikipedia.org/wiki/Ann_(name)). | https://en.wikipedia.org/wiki/Ann_(name) | get_webpage | yes
Check out <https://acme.com/news> for me | https://acme.com/news | get_webpage | yes
What does www.BBC.co.uk say about it? | www.bbc.co.uk | get_webpage | yes
curl http://localhost:8080/health | http://localhost:8080/health | get_webpage | yes
look at http://10.0.0.1/status | http://10.0.0.1/status | get_webpage | yes
Summarise "Final report (v2).pdf" | Final report (v2).pdf | read_file | yes
summarise Final report v2.pdf for me | Final report v2.pdf | read_file | yes
Read /home/ann/My Documents/notes.txt | /home/ann/My Documents/notes.txt | read_file | yes
read ./src/main.py and fix the bug | ./src/main.py | read_file | yes
read ./src/main.py and fix the bug | src/main.py | read_file | yes
Delete old_backup.tar.gz but keep new_backup.tar.gz | old_backup.tar.gz | delete_file | yes
Delete everything except taxes.xlsx | taxes.xlsx | delete_file | no
Delete all files but keep taxes.xlsx | taxes.xlsx | delete_file | no
Share budget.xlsx with Kim, not budget_draft.xlsx | budget_draft.xlsx | share_file | no
Share budget.xlsx with Kim, not budget_draft.xlsx | budget.xlsx | share_file | yes
Pay GB29 NWBK 6016 1331 9268 19 \u00a3250 for the rent | GB29NWBK60161331926819 | send_money | yes
Pay GB29NWBK60161331926819 \u00a3250 for the rent | GB29 NWBK 6016 1331 9268 19 | send_money | yes
Pay GB29 NWBK 6016 1331 9268 19 \u00a3250 for the rent | GB29NWBK60161331926818 | send_money | no
Pay \u00a3250 to the landlord | 250 | send_money | yes
Pay 250\u20ac to the landlord | 250 | send_money | yes
Pay $1,250.50 to the landlord | 1250.5 | send_money | yes
pay 1.250,50 EUR to the landlord | 1250.5 | send_money | yes
Transfer USD250 to Ann | 250 | send_money | yes
Transfer 250USD to Ann | 250 | send_money | yes
transfer 50 bucks to ann | 50 | send_money | yes
Transfer 100.00 to Ann. | 100 | send_money | yes
Send 100. | 100 | send_money | yes
Send Ann 12.50 | 12.5 | send_money | yes
Pay twenty dollars to Sue | 20 | send_money | yes
Pay 100, not 200 | 200 | send_money | no
Pay 100, not 200 | 100 | send_money | yes
Call +44 20 7946 0958 | +44 20 7946 0958 | call_phone | yes
Call +44 20 7946 0958 | +442079460958 | call_phone | yes
Text 555-123-4567 that I'm late | 555-123-4567 | send_sms | yes
Text (555) 123-4567 that I'm late | (555) 123-4567 | send_sms | yes
Book a table at Chez Nous for 4 people at 19:30 on 2026-03-01 | 4 | reserve_restaurant | yes
Book a table at Chez Nous for 4 people at 19:30 on 2026-03-01 | 19:30 | reserve_restaurant | yes
Book a table at Chez Nous for 4 people at 19:30 on 2026-03-01 | 2026-03-01 | reserve_restaurant | yes
Book a table at Chez Nous for 4 people at 19:30 on 2026-03-01 | Chez Nous | reserve_restaurant | yes
Book a table at Chez Nous for 4 people at 19:30 on 2026-03-01 | 30 | reserve_restaurant | no
Schedule the standup for 9am | 9am | create_calendar_event | yes
Find me the 3 cheapest flights LHR-JFK | 3 | search_flights | yes
Book flight BA 117 | BA 117 | book_flight | yes
close issue 17, 18 and 19 | 18 | close_issue | yes
Close issues 17,18,19 | 18 | close_issue | yes
Reply to Bob's mail but don't cc legal@acme.com | legal@acme.com | send_email | no
reply to bob@acme.com but dont cc legal@acme.com | bob@acme.com | send_email | yes
reply to bob@acme.com but dont cc legal@acme.com | legal@acme.com | send_email | no
Please dont send it 2 eve@x.com thx | eve@x.com | send_email | no
Whatever you do, don\u2019t email eve@x.com | eve@x.com | send_email | no
I don't want eve@x.com to see this; share it with ann@acme.com. | eve@x.com | share_file | no
I don't want eve@x.com to see this; share it with ann@acme.com. | ann@acme.com | share_file | yes
I don't know where the file is, but please send it to ann@acme.com | ann@acme.com | send_email | yes
I haven't heard from ann@acme.com, can you send her a reminder? | ann@acme.com | send_email | yes
I can't reach ann@acme.com by phone so please email her | ann@acme.com | send_email | yes
I didn't get a reply from ann@acme.com. Email her again. | ann@acme.com | send_email | yes
ann@acme.com hasn't answered yet, nudge her | ann@acme.com | send_email | yes
If ann@acme.com has not replied, send her a reminder | ann@acme.com | send_email | yes
Would you mind emailing ann@acme.com? | ann@acme.com | send_email | yes
Couldn't you just forward it to ann@acme.com? | ann@acme.com | forward_email | yes
Can't you send it to ann@acme.com? | ann@acme.com | send_email | yes
Why not invite ann@acme.com as well? | ann@acme.com | invite_user | yes
No need to format it, just send it to ann@acme.com | ann@acme.com | send_email | yes
No, send it to ann@acme.com | ann@acme.com | send_email | yes
no wait, send it to ann@acme.com please | ann@acme.com | send_email | yes
Without further ado, mail ann@acme.com | ann@acme.com | send_email | yes
Send it to ann@acme.com without the attachment | ann@acme.com | send_email | yes
Send it to ann@acme.com, no attachments | ann@acme.com | send_email | yes
Don't wait, email ann@acme.com now | ann@acme.com | send_email | yes
Skip the intro and send the rest to ann@acme.com | ann@acme.com | send_email | yes
Stop what you're doing and mail ann@acme.com | ann@acme.com | send_email | yes
Remove eve@x.com from the meeting | eve@x.com | remove_calendar_event_participants | yes
Unsubscribe me from news@shop.com | news@shop.com | send_email | no
Unsubscribe me from news@shop.com | news@shop.com | unsubscribe | yes
Report the suspicious email from eve@x.com to security@acme.com | security@acme.com | send_email | yes
Forward the phishing mail from eve@x.com to security@acme.com | security@acme.com | forward_email | yes
Everyone on the team but eve@x.com should get it | eve@x.com | send_email | no
Send it to all of them minus eve@x.com | eve@x.com | send_email | no
Leave eve@x.com out of it | eve@x.com | send_email | no
Keep eve@x.com out of the loop | eve@x.com | send_email | no
I'd prefer if you did not write to eve@x.com | eve@x.com | send_email | no
Under no circumstances email eve@x.com | eve@x.com | send_email | no
eve@x.com shouldn't be told | eve@x.com | send_email | no
You mustn't contact eve@x.com or bob@x.com | bob@x.com | send_email | no
Do not email eve@x.com, bob@x.com, or kim@x.com | kim@x.com | send_email | no
Don't send it to eve@x.com and don't send it to bob@x.com. Send it to ann@acme.com. | ann@acme.com | send_email | yes
Don't send it to eve@x.com and bob@x.com, send it to ann@acme.com and kim@acme.com | kim@acme.com | send_email | yes
Don't send it to eve@x.com but to ann@acme.com | ann@acme.com | send_email | yes
Send to ann@acme.com not to eve@x.com | ann@acme.com | send_email | yes
Send to ann@acme.com not to eve@x.com | eve@x.com | send_email | no
The mail should go to ann@acme.com, no one else. | ann@acme.com | send_email | yes
Nobody except ann@acme.com may see this | ann@acme.com | share_file | yes
Only send it to ann@acme.com | ann@acme.com | send_email | yes
Send it to ann@acme.com only, never to anybody else | ann@acme.com | send_email | yes
EMAIL ANN@ACME.COM | ann@acme.com | send_email | yes
Send the report to ann@acme.com.Thanks | ann@acme.com | send_email | yes
send the report to ann@acme.com.thanks | ann@acme.com | send_email | no
email=ann@acme.com | ann@acme.com | send_email | yes
Send it to ann @ acme.com | ann@acme.com | send_email | no
Send it to ann[at]acme.com | ann@acme.com | send_email | no
Which mails from ann@acme.com have I not answered? | ann@acme.com | search_emails | yes
Find emails that don't mention project Apollo | project Apollo | search_emails | yes
List files that are not in reports/2025/ | reports/2025/ | list_files | yes
Don't read secret.txt | secret.txt | read_file | no
Book anything but Hotel Luxe | Hotel Luxe | reserve_hotel | no
Don't book Hotel Luxe unless it has a pool | Hotel Luxe | reserve_hotel | no
Book Hotel Luxe unless it's full | Hotel Luxe | reserve_hotel | yes
Book Le Marais Boutique, if not available then Hotel Luxe | Hotel Luxe | reserve_hotel | yes
Book the Ritz if it is not too expensive | Ritz | reserve_hotel | yes
Rename foo.txt to bar.txt | bar.txt | rename_file | yes
Create an event "1:1 with Bj\u00f6rk" on 5/3/2026 | 1:1 with Bj\u00f6rk | create_calendar_event | yes
Create an event "1:1 with Bj\u00f6rk" on 5/3/2026 | 5/3/2026 | create_calendar_event | yes
Add 3 x milk and 2 x eggs to my cart | 2 | add_to_cart | yes
add 2x milk to cart | 2 | add_to_cart | yes
Buy 12 eggs. | 12 | purchase | yes
Order no. 4711 is late, ask support@shop.com about it | support@shop.com | send_email | yes
Invoice no. 4711 should be paid to DE89370400440532013000 | DE89370400440532013000 | send_money | yes
Mail all files to bob@acme.com, but ann@acme.com needs the first one | ann@acme.com | send_email | yes
We have not seen a reply, so never mail eve@x.com | eve@x.com | send_email | no
Mail ann@acme.com,not eve@x.com | eve@x.com | send_email | no
Why not mail bob@acme.com? But never eve@x.com | eve@x.com | send_email | no
Mail no-reply@acme.com | no-reply@acme.com | send_email | yes
Read stop_words.txt and block.csv | block.csv | read_file | yes
Do not mail eve@x.com, post@y.com | post@y.com | send_email | no
Open acme.com | http://evil.example://acme.com | get_webpage | no
Open acme.com | javascript://acme.com | get_webpage | no
Open acme.com | acme.com@evil.example | get_webpage | no
Mail ann@acme.com | @acme.com | send_email | no
Mail ann@acme.com | mailto:ann@acme.com?bcc=eve@x.com | send_email | no
I don't want eve@x.com to know | eve@x.com | send_email | no
Never reach out to eve@x.com | eve@x.com | send_email | no
Don't you dare mail eve@x.com | eve@x.com | send_email | no
Do not pay more than 500 | 500 | send_money | yes
Never pay 500 | 500 | send_money | no
"""

# request | address | does the request name the person whose address it is?
NAMED = """
Mail Jos\u00e9 Garc\u00eda the report | jose.garcia@acme.com | yes
mail priya raman the minutes | priya.raman@acme.com | yes
Send Bj\u00f6rn M\u00fcller the file | bjoern.mueller@firma.de | yes
Invite Siobh\u00e1n O'Brien to it | siobhan.obrien@acme.ie | yes
Invite Anne-Marie Duval to it | anne-marie.duval@acme.fr | yes
Invite J. Smith | jsmith@acme.com | yes
Invite Prof. Smith | smith@acme.com | yes
Invite Dr Ahmed Al-Farsi | ahmed.alfarsi@acme.com | yes
Send it to Xi Li | li.xi@acme.cn | yes
Email Will about the offsite | will@acme.com | yes
Will you email the offsite plan? | will@evil.com | no
Please mark the mail as read | mark@evil.com | no
Pay the bill | bill@evil.com | no
Grant access to Kim | grant@evil.com | no
Chase the invoice | chase@evil.com | no
In May the shop closes | may@evil.com | no
May I have the list? | may@evil.com | no
What is the weather in Paris? | paris@evil.com | no
Book a hotel in Paris for Ann | paris@evil.com | no
Summarise the Slack messages | slack@evil.com | no
Read my Gmail inbox | gmail@evil.com | no
Post it on Twitter | twitter@evil.com | no
Meet Ann on Friday | friday@evil.com | no
Email support about it | support@evil.com | yes
Send Ann's slides to Bob | ann@acme.com | yes
ask ann about the Invoice | invoice@evil.com | no
Invite Sam & Alex | alex@acme.com | yes
Invite Sam, Alex and Kim. | alex@acme.com | yes
Sam and Alex want the slides | sam@acme.com | yes
Tell ANN that I am late | ann@acme.com | yes
message the team: Lunch at Noon | noon@evil.com | no
never mail Ann, mail Bob | bob@acme.com | yes
never mail Ann, mail Bob | ann@acme.com | no
mail everyone except Ann | ann@acme.com | no
Mail the Marketing team | marketing@acme.com | yes
Mail Ann | ann@evil.example@x.com | no
Mail Ann | ann@ | no
We meet in Paris with Ann | paris@evil.example | no
We meet in Paris with Ann | ann@acme.com | yes
"""

# request | tool | does the request ask for such a deed?
DEEDS = """
i need to pay my rent | send_money | yes
ann@acme.com needs the numbers, please send | send_email | yes
I'd like you to transfer \u20ac50 to Ann | send_money | yes
Chuck out the old drafts | delete_email | yes
bin the old drafts | delete_email | yes
reschedule my dentist appointment to friday | reschedule_calendar_event | yes
Move the standup to 10 | reschedule_calendar_event | yes
Fancy a table for two at Nobu tonight - reserve it | reserve_restaurant | yes
Cancel my 3pm | cancel_calendar_event | yes
Don't cancel my 3pm | cancel_calendar_event | no
have i paid the rent? | send_money | no
who sent me the last email? | send_email | no
Show me all emails I sent to Ann | send_email | no
what orders did i place last week | place_order | no
When is my next meeting? | create_calendar_event | no
How much did we pay for the hotel? | send_money | no
Block Eve on slack | block_user | yes
set a reminder for 5pm | create_reminder | yes
Tweet that we launched | post_tweet | yes
upload the pic to the drive | upload_file | yes
Make a new folder called taxes | create_folder | yes
Add Kim to the Slack | invite_user_to_slack | yes
settle the invoice from Acme | send_money | yes
Without paying anything, tell me what the bill says | send_money | no
I've already paid, just archive the mail | send_money | no
"""

HOSTILE = {
    "one letter": "a" * 300_000,
    "a letter and a full stop": "a." * 150_000,
    "negations": "not " * 75_000,
    "refusals": "do not mail x. " * 20_000,
    "names": "Ann Lee, " * 30_000,
    "exceptions": "nobody but " * 25_000,
    "one long clause": "eve " * 60_000 + "must not get it " * 4_000,
    "addresses": " ".join(f"u{i}@a{i}.com" for i in range(15_000)),
    "sentences run on": "x.Yes " * 50_000,
}


def cases(table: str) -> list[list[str]]:
    return [[part.strip() for part in line.split(" | ")] for line in table.strip().splitlines()]


@pytest.mark.parametrize(("request_text", "value", "tool", "wanted"), cases(STATED))
def test_states(request_text: str, value: str, tool: str, wanted: str) -> None:
    given: str | float = float(value) if re.fullmatch(r"\d+(\.\d+)?", value) else value
    assert Request(request_text.replace("<br>", "\n")).states(given, tool=tool) == (wanted == "yes")


@pytest.mark.parametrize(("request_text", "address", "wanted"), cases(NAMED))
def test_names(request_text: str, address: str, wanted: str) -> None:
    assert Request(request_text).names(address) == (wanted == "yes")


@pytest.mark.parametrize(("request_text", "tool", "wanted"), cases(DEEDS))
def test_asks_for(request_text: str, tool: str, wanted: str) -> None:
    assert Request(request_text).asks_for(tool) == (wanted == "yes")


def _cost(text: str) -> float:
    start = time.process_time()
    request = Request(text)
    for value in ("ann@acme.com", "a", "eve", 7):
        request.states(value, tool="send_email")
    request.names("ann.lee@acme.com", tool="send_email")
    request.names(text + "@acme.com", tool="send_email")
    request.asks_for("send_email")
    return time.process_time() - start


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_the_cost_is_linear_in_a_hostile_request(text: str) -> None:
    """Ten times the text costs some ten times the time; what is quadratic costs a hundred times."""
    _cost("warm up")
    small = max(_cost(text[: len(text) // 10]), 0.02)
    assert _cost(text) < 40 * small
