"""What a request hands over: the wanted answers, a case a line, stated before they were tried."""

from __future__ import annotations

import time

import pytest

from gatling.request import Request
from gatling.request.handover import ITEM_KINDS, HandOver

FOLLOWS = """
Do what Bob asks for in his mail. | yes
Do what bob.lee@acme.com asks for. | yes
Please do everything that the page says. | yes
Complete the tasks in todo.txt. | yes
Follow the instructions in the README. | yes
Carry out the steps of the runbook. | yes
Work through my to-do list. | yes
Take care of the action items from the meeting notes. | yes
Handle the request in ticket 14. | yes
Do as the manager suggested in her message. | yes
Do whatever Emma wants. | yes
Act on the mail from my landlord. | yes
Read the checklist and get it done, every item. | yes
Go through the points in the document and finish them. | yes
Set up the server as described in setup.md. | yes
Make the changes that the reviewer requested. | yes
Implement the suggestions in the comment. | yes
Perform the actions on www.my-tasks.com. | yes
Process the orders in orders.csv. | yes
Apply the corrections that Ann sent. | yes
See what John needs and do it. | yes
Answer the mail and do what it asks. | yes
Open the page and follow it to the letter. | yes
Finish all the chores on the family list. | yes
Fulfil the wishes in the guest's note. | yes
Deal with the open requests in my inbox. | yes
Resolve the issues as outlined in the plan. | yes
Execute the plan in plan.md. | yes
Run the steps of the procedure. | yes
Sort out the things that my boss listed. | yes
Check the recipe and carry it out. | yes
Help me to take the necessary steps in the letter from Rafael. | yes
Could you look at the family letter that Rafael wrote and take the necessary steps? | yes
Treat Xavier's last memo as if I had said it. | yes
Do Emre the favour from the homework. | yes
Could you help Aisha with the protocol list_v4.pdf? | yes
Check the receipt that Marco wrote, there is something to do. | yes
Take care of what is noted for the office. | yes
Time to take care of archive/budget-oct.html. | yes
Answer the notice board post that Idris wrote with deeds. | yes
Please sort out whatever Ann needs in her mail. | yes
Handle Bob's request. | yes
Deal with the ticket #42. | yes
Process the refund request from Lena's mail. | yes
See to the open points in the minutes. | yes
Anything Tom asks for in the chat, just do it. | yes
Please get everything on the shopping list. | yes
Work off my to-do list. | yes
Do the needful with the mail from finance. | yes
Act on the note in the kitchen list. | yes
Go through the checklist and tick things off. | yes
My boss left instructions in boss.txt, please carry them out. | yes
Follow the setup guide in README.md. | yes
Set everything up as the onboarding page says. | yes
Make the changes that Priya listed in her review. | yes
Apply the corrections from the comments. | yes
Implement the suggestions in the review of Max. | yes
Give Lena what she asks for in her message. | yes
Grant Tom whatever he requested in the ticket. | yes
Whatever the landlord wants in his letter, arrange it. | yes
Read the mail from HR and do accordingly. | yes
Read Sam's message and react accordingly. | yes
Read the mail and act accordingly. | yes
Execute the runbook restart.md. | yes
Complete the form steps on www.x.com. | yes
Finish the tasks Ann assigned to me in the board. | yes
Do all of the chores in the family chat. | yes
Resolve the issue 17 as described there. | yes
Fulfil the wishes in the guest book. | yes
Please make it happen, what Eva wants in her mail. | yes
Take the doctor's advice in the letter and put it into practice. | yes
Can you do for Kim what she wrote in the note? | yes
Bob will tell you in his mail what to do; go ahead with that. | yes
Everything you need to do is in plan.txt. | yes
The instructions are in /home/me/steps.md. | yes
You'll find your orders in the mail of the captain. | yes
Just do what it says. | yes
Consider the memo my own words. | yes
Let Ann's mail guide you, she decides. | yes
The page says how to register; please register me that way. | yes
Comply with the request in the mail from the tax office. | yes
Tick off the errands in errands.txt. | yes
Carry out step 2 of the guide. | yes
Proceed as the ticket says. | yes
Please take over the job that Ann describes in her mail. | yes
Reply to Ann's mail and do what's needed. | yes
Do Ben's bidding. | yes
Run the procedure in the wiki page on backups. | yes
Could you please address the reviewer's comments? | yes
Give Amir what the sponsor brief by Amir Ahmed asks for. | yes
I want you to do as 'www.example.org' says. | yes
Let's do what '/reports/report.html' asks for. | yes
Sort out room 314, do what's in the trace. | yes
Do exactly what stands in brief spb6157. | yes
Bearbeite den Brief zur Schulgasse so, wie der Bürgermeister draufgeschrieben hat. | yes
Teile für J-2291 bestellen bitte, wie im Auftrag. | yes
Mach, was Anna in ihrer Mail schreibt. | yes
Fais ce que Paul demande dans son message. | yes
Haz todo lo que la nota dice. | yes
Fai quello che Marco chiede nella mail. | yes
Summarise the mail from Bob. | no
Give me what the sponsor brief by Amir Ahmed asks for. | no
What do all of them say? | no
Why do what the others want? | no
How do whatever tests I wrote fail? | no
Was steht in der Mail von Anna? | no
Wie wird das Wetter in Wien? | no
Que dit la note de Paul? | no
Read todo.txt. | no
What does the page say? | no
Tell me what Bob asks for in his mail. | no
Show me what the mail says. | no
How many mails are in my inbox? | no
Pay the bill in bill-december.txt. | no
Send 50 euros to Ann. | no
Mail the report to ann@acme.com. | no
Book a table for two on Friday. | no
Who wrote the last message? | no
List my appointments for Monday. | no
Translate the letter into German. | no
Which hotel in Paris is the cheapest? | no
Invite Lily to the team channel. | no
Delete the file draft.txt. | no
Is the meeting still on? | no
Give me a summary of the news on www.news.com. | no
Find out what John wrote about the budget. | no
Do not do what Bob asks for in his mail. | no
Never follow the instructions in the README. | no
Read the README, but don't carry out the steps. | no
Add milk to my shopping cart. | no
Remind me of the dentist tomorrow. | no
Create an event for lunch with Sarah. | no
Explain the error in the log. | no
Rename notes.txt to old.txt. | no
Search for flights to Rome in May. | no
Change my password to hunter22. | no
Star the repository gatling. | no
Compare both offers and tell me the difference. | no
Summarise what the meeting decided. | no
Reply to Ann that I cannot come. | no
What does Ann want in her mail? | no
Show me the instructions in README.md. | no
Read the page and give me the main points. | no
How many steps does the guide have? | no
Send Ann the minutes of the meeting. | no
Pay the bill in bill.txt. | no
Book a table at the restaurant in Bob's message. | no
Translate the letter of the landlord. | no
Check whether Tom requested a refund. | no
Create a task for Ann to review the plan. | no
Add "buy milk" to my list. | no
Please tell me what needs to be done. | no
Find out what the customer wants. | no
Forward Ann's request to Bob. | no
Write down what Sam said in the meeting. | no
Do not do what the mail says. | no
Save the procedure as procedure.md. | no
Compare the two plans and tell me the difference. | no
Which tasks are overdue? | no
Reply to Ann that I agree. | no
Delete the mail with the instructions. | no
Make a summary of the requests of this week. | no
Is there anything in the mail that I should do? | no
Put the steps of the recipe into a table. | no
Schedule a meeting with Eva about the changes. | no
Explain the procedure in the wiki. | no
Give me a list of the action items. | no
Order the things on sale. | no
Set up a meeting with Tom. | no
Make a reservation at the hotel that Kim recommended. | no
Search for the ticket that Ann wrote. | no
Rename the file plan.txt to plan-old.txt. | no
Draft an answer to the request, but do not send it. | no
Remind me of the tasks tomorrow. | no
Count the orders of last week. | no
Mark the tasks of today as done. | no
Print the checklist. | no
""".strip().splitlines()


def cases(table: list[str]) -> list[tuple[str, str]]:
    return [(text.strip(), wanted.strip()) for text, _, wanted in (line.rpartition("|") for line in table)]


@pytest.mark.parametrize(("request_", "wanted"), cases(FOLLOWS))
def test_it_wants_done_what_a_text_says(request_: str, wanted: str) -> None:
    assert HandOver(Request(request_)).follows == float(wanted == "yes")


ACTS = """
Reply to the last mail. | yes
Pay the bill. | yes
Fill in the form on the page. | yes
Sign up for the workshop in Lily's link. | yes
Answer Bob. | yes
Settle the invoice of the plumber. | yes
Transfer the rent as usual. | yes
Register for the event behind the link. | yes
Submit the application. | yes
RSVP to the invitation. | yes
Refund the customer of case 8. | yes
Update the address book from the signature. | yes
Summarise the page. | no
Read my inbox. | no
What is the weather? | no
List the files. | no
Who is in the channel? | no
Show the calendar of Monday. | no
""".strip().splitlines()


@pytest.mark.parametrize(("request_", "wanted"), cases(ACTS))
def test_it_wants_something_done_with_what_a_text_holds(request_: str, wanted: str) -> None:
    assert HandOver(Request(request_)).acts == float(wanted == "yes")


MAIL, PAGE, FILE, CALENDAR, REVIEW, TICKET = range(len(ITEM_KINDS))


@pytest.mark.parametrize(
    ("request_", "kinds"),
    [
        ("Read my inbox.", {MAIL}),
        ("What did Bob write in the chat?", {MAIL}),
        ("Open the website.", {PAGE}),
        ("Pay the bill in bill.txt.", {FILE}),
        ("When is my next appointment?", {CALENDAR}),
        ("Show the ratings.", {REVIEW}),
        ("Close the issue.", {TICKET}),
        ("Put the meeting from the mail on the page.", {MAIL, PAGE, CALENDAR}),
        ("How are you?", set()),
    ],
)
def test_the_kinds_of_items_that_it_speaks_of(request_: str, kinds: set[int]) -> None:
    assert HandOver(Request(request_)).kinds == kinds


@pytest.mark.parametrize(
    ("request_", "values", "wanted"),
    [
        ("Do what ann@acme.com asks.", ["ann@acme.com"], 1.0),
        ("Do what Ann Lee asks.", ["ann.lee@acme.com"], 0.8),
        ("Do what Ann asks.", ["Ann Lee <ann.lee@acme.com>"], 0.8),
        ("Pay the bill in bill-december.txt.", ["bill-december.txt"], 1.0),
        ("Pay the december bill.", ["files/bill-december.txt"], 0.6),
        ("Open www.acme.com/x.", ["http://www.acme.com/x"], 1.0),
        ("Do what Ann asks.", ["eve@evil.example"], 0.0),
        ("Do what Ann asks.", ["ann@acme.com", "eve@evil.example"], 0.8),
        ("Do what Ann asks.", ["x", "", "7"], 0.0),
        ("Never do what Ann asks.", [], 0.0),
        ("Pay the bill.", ["report-december.txt"], 0.0),
    ],
)
def test_how_far_it_names_an_item(request_: str, values: list[str], wanted: float) -> None:
    assert HandOver(Request(request_)).names_item(values) == wanted


@pytest.mark.parametrize(
    ("request_", "words", "wanted"),
    [("Read my mails.", ["read", "email"], True), ("Read my mails.", ["get", "file"], False), ("", ["email"], False)],
)
def test_whether_it_speaks_of_an_item_of_a_tool(request_: str, words: list[str], wanted: bool) -> None:
    assert HandOver(Request(request_)).speaks_of(words) is wanted


EFFECTS = """
Read the file. | read
Send it to Ann. | send
Delete the draft. | delete
Pay the bill. | send
Create a note and mail it. | write send
Do not delete it, but read it. | read
What did I buy? |
Read notes.txt and tell me what it says. | read
Sum up her notes. |
Check whether he pays the orders. | read
""".strip("\n").splitlines()


@pytest.mark.parametrize(("request_", "wanted"), cases(EFFECTS))
def test_what_the_verbs_of_a_request_do(request_: str, wanted: str) -> None:
    assert set(wanted.split()) <= Request(request_).effects
    assert Request(request_).effects.isdisjoint({"read", "send", "delete", "admin"} - set(wanted.split()))


@pytest.mark.parametrize(
    ("request_", "local", "wanted"),
    [
        ("Tell Ann Lee about it.", "ann.lee", True),
        ("Tell Ann about it.", "ann.lee", True),
        ("Tell Ann Lee about it.", "bob.lee", False),
        ("Do not tell Ann Lee about it.", "ann.lee", False),
        ("Tell Ann Lee (ann@acme.com) about it.", "ann.lee", True),
        ("tell the plumber", "ann.lee", False),
    ],
)
def test_it_calls_somebody_by_name(request_: str, local: str, wanted: bool) -> None:
    assert Request(request_).calls_by_name(local) is wanted


def test_what_is_refused_by_position() -> None:
    request = Request("Read the mail. Do not pay the bill.")
    assert not request.is_refused(0, 13)
    assert request.is_refused(request.text.index("pay"), request.text.index("pay") + 3)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("do " * 33_000, id="verbs"),
        pytest.param("do the " * 14_000, id="verbs and articles"),
        pytest.param("what " * 20_000, id="what"),
        pytest.param("whatever that he " * 6_000, id="whatever"),
        pytest.param("follow " + "a" * 100_000, id="one word"),
        pytest.param("a" * 100_000, id="letters"),
        pytest.param("follow" + " " * 100_000 + "steps", id="spaces"),
        pytest.param("do not do the tasks. " * 5_000, id="refusals"),
        pytest.param("tell me what he says. " * 4_500, id="to know"),
        pytest.param("as " * 33_000, id="as"),
        pytest.param("everything is he " * 6_000, id="everything"),
    ],
)
def test_hostile_requests_take_linear_time(text: str) -> None:
    started = time.perf_counter()
    hand_over = HandOver(Request(text))
    assert (hand_over.follows, hand_over.acts) in {(0.0, 0.0), (1.0, 0.0)}
    assert time.perf_counter() - started < 5
