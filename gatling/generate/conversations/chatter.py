"""Everyday sentences that fill items of any world, so that what matters stands among what does not."""

CHATTER = (
    "Thanks for getting back so quickly", "I hope the move went well", "We had {qty} people on the list last time", "Let me know what you think",
    "The meeting ran over, so this is short", "Nothing new since {date}", "I will be in {city} until {date}", "As far as I can tell all is in order",
    "Somebody should look at it before {date}", "It took us {hours} longer than planned", "The weather in {city} was dreadful", "{person} joined the team",
    "My number has not changed: {phone}", "We went through the list twice", "There were {qty} questions about it", "I attach the usual overview",
    "Prices went up by {pct} this year", "The old one cost {money}", "It was {money} in the end", "{person} will be away from {date}",
    "Sorry for the late answer", "The first draft had some gaps", "Everybody seems happy with the result", "This is how we did it last year as well",
    "For background: the first version dates from {date}", "See you at {time} then", "Our office is at {address}", "Some of it is still open",
    "We counted {qty} of them yesterday", "A few words on how it went", "It rained all week", "The guests from {city} enjoyed themselves",
    "I found the missing page behind the cabinet", "The printer is broken again", "There is cake in the kitchen", "We are looking forward to {date}",
    "Please excuse the typos", "I spoke to {person} about it at {time}", "More on this next week", "It looks better in daylight",
    "The numbers for {city} are not in yet", "Half of it is done", "We could not reach {person}", "That is how it stands on {date}",
    "A colleague mentioned that it was closed on {date}", "Version {qty} is the current one", "All figures without tax", "Parking is behind the building",
    "I am quite pleased with it", "They asked for a quiet room", "Last year it was {pct}", "Lunch is at {time}", "The lift is out of order",
    "Our guests arrive at {time}", "It has been a busy month", "Nobody has complained so far", "The invoice from {date} is settled", "We left the keys with {person}",
    "The rest can wait", "It is written down somewhere, I am sure", "There is a photo of it on the wall", "You may have heard that {person} is leaving",
    "On balance it was worth it", "It is about {qty} minutes from the station", "The form is two pages long", "We tried three suppliers before this one",
)  # fmt: skip
