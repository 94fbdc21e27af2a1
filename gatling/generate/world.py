"""The small world that one family of traces plays in: an organisation, people inside and outside, things they talk about.

Outsiders whom a user asks to write to and outsiders whom an attacker has in mind come from one list, so an address alone
never tells a violation.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_FIRST = (
    "Aisha Ben Carla Dmitri Elena Farid Grace Hiro Ines Jonas Kavya Liam Mei Nadia Omar Priya Quentin Rosa Sven Tomas Uma "
    "Viktor Wanda Xavier Yara Zoe Amir Bianca Chidi Dana Emre Fiona Goran Hana Idris Julia Kofi Lena Marco Noor Oskar Petra "
    "Rafael Selma Tariq Ulla Vera Wes Yusuf Zara Anton Beth Cyrus Dora Eli Freya Gus Helga Ivan Joy"
).split()
_LAST = (
    "Adeyemi Brandt Castillo Dubois Eriksen Fontaine Garcia Haddad Ivanova Jensen Kimura Larsen Moreau Nakamura Okafor Petrov "
    "Quispe Rossi Santos Tanaka Ueda Varga Weber Xu Yilmaz Zhang Abbott Becker Chandra Diallo Engel Ferreira Gupta Holm Ito "
    "Jovic Klein Lindqvist Mehta Novak Olsen Park Reyes Schmidt Torres Usman Vogel Walsh Yang Zimmer Ahmed Bianchi Costa Duarte"
).split()
_FIRM = (
    "north blue iron clear green silver summit harbor maple quartz vector delta orchid lumen cobalt ember falcon granite juniper "
    "kestrel lagoon meadow nimbus opal prairie river solar tidal umber violet willow zephyr atlas beacon cedar drift echo fjord"
).split()
_FIRM2 = (
    "field works labs systems foods logistics health media partners energy design robotics travel supply capital press motors "
    "analytics care studio books tools textiles garden networks consulting charter marine optics paper"
).split()
_TLD = ("com", "com", "com", "org", "net", "io", "co", "de", "fr", "co.uk", "eu", "app")
_MAIL_HOSTS = (
    "gmail.com",
    "outlook.com",
    "yahoo.com",
    "proton.me",
    "gmx.net",
    "icloud.com",
    "mail.com",
    "fastmail.com",
)
_SHAPES = ("quarterly", "updated", "draft", "final", "annual", "weekly", "internal", "signed", "revised", "new", "March", "June",
           "October", "2024", "2025", "Q1", "Q2", "Q3", "Q4", "spring", "summer", "winter", "Berlin", "Lisbon", "Osaka", "Lagos",
           "Toronto", "Lima", "joint", "pilot", "backup", "first", "second", "monthly")  # fmt: skip
_THINGS = (
    "budget", "roadmap", "offsite", "invoice", "contract", "price list", "onboarding", "survey", "inventory", "launch plan",
    "travel plan", "payroll", "audit", "security review", "customer list", "newsletter", "agenda", "minutes", "forecast",
    "design review", "hiring plan", "training", "lease", "insurance claim", "tax return", "maintenance", "delivery",
    "shipment", "order", "refund", "warranty", "menu", "playlist", "workout", "prescription", "lab results", "exam",
    "course notes", "thesis", "recipe", "birthday party", "wedding", "apartment", "car service", "energy bill", "phone bill",
    "server migration", "incident report", "release notes", "test results", "backlog", "dashboard", "campaign", "brochure",
    "press release", "board meeting", "supplier offer", "purchase", "expense report", "vacation", "conference", "workshop",
    "product photos", "translation", "user manual", "feedback", "complaint", "renewal", "donation", "research data",
)  # fmt: skip
CITIES = (
    "Berlin Lisbon Osaka Lagos Toronto Lima Oslo Madrid Seoul Nairobi Austin Prague Mumbai Cairo Denver Geneva Hanoi Perth "
    "Quito Riga Sofia Tunis Vienna Warsaw Zagreb Boston Dublin Accra Bogota Leeds"
).split()
COUNTRIES = ("Germany", "Portugal", "Japan", "Nigeria", "Canada", "Peru", "Norway", "Spain", "Kenya", "France", "India")
_ACTS = (
    "Please review and let me know by {day}", "Thanks for the quick reply", "See the details below", "We agreed on {n} units",
    "The numbers look fine to me", "Let us meet on {day}", "This replaces the earlier version", "Call me if anything is unclear",
    "The {thing} is ready", "Could you confirm the {thing}", "I moved it to {day}", "It costs {n} in total",
    "Here is a summary of the {thing}", "The team is happy with the {thing}", "Nothing has changed since {day}",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_ROLES = (
    "standard_user employee analyst assistant clerk member customer support_agent operator engineer team_lead accountant nurse "
    "teacher editor recruiter buyer driver guest contractor intern manager administrator auditor owner developer planner agent "
    "sales_rep technician librarian physician pharmacist student resident tenant account_holder traveller subscriber"
).split()


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str

    @property
    def first(self) -> str:
        return self.name.split()[0]


@dataclass(frozen=True, slots=True)
class World:
    organisation: str
    domain: str
    user: Person
    colleagues: tuple[Person, ...]
    partner_domains: tuple[str, ...]
    outsiders: tuple[Person, ...]
    """People at partners, at mail providers, at firms that nobody here knows."""
    roles: tuple[str, ...]

    @classmethod
    def make(cls, rng: Random) -> World:
        name, domain = _firm(rng)
        partners = tuple(_firm(rng)[1] for _ in range(rng.randint(1, 3)))
        colleagues = tuple(_person(rng, domain) for _ in range(6))
        outsiders = [_person(rng, rng.choice(_MAIL_HOSTS)) for _ in range(3)]
        outsiders += [_person(rng, rng.choice(partners)) for _ in range(3)]
        outsiders += [_person(rng, _firm(rng)[1]) for _ in range(3)]
        roles = tuple(rng.sample(_ROLES, rng.choice((1, 2, 2, 3, 3, 4))))
        return cls(name, domain, colleagues[0], colleagues[1:], partners, tuple(outsiders), roles)

    def anybody(self, rng: Random) -> Person:
        return rng.choice(self.colleagues if rng.random() < 0.55 else self.outsiders)


def _firm(rng: Random) -> tuple[str, str]:
    a, b = rng.choice(_FIRM), rng.choice(_FIRM2)
    domain = (f"{a}{b}", f"{a}-{b}", f"{a}{b[:3]}")[rng.randrange(3)] + "." + rng.choice(_TLD)
    return f"{a.capitalize()} {b.capitalize()}", domain


def _person(rng: Random, domain: str) -> Person:
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    shape = rng.randrange(5)
    local = (f"{first}.{last}", f"{first[0]}{last}", f"{first}_{last}", first, f"{first}{rng.randrange(100)}")[shape]
    return Person(f"{first} {last}", f"{local}@{domain}".lower())


def topic(rng: Random) -> str:
    """Return what a document, mail or event is about: `revised lease`, `Q3 survey`."""
    thing = rng.choice(_THINGS)
    return f"{rng.choice(_SHAPES)} {thing}" if rng.random() < 0.7 else f"{thing} {rng.randint(2, 99)}"


def sentence(rng: Random) -> str:
    text = rng.choice(_ACTS).format(day=rng.choice(DAYS), n=rng.randint(3, 900), thing=rng.choice(_THINGS))
    return text + rng.choice((".", ".", "!", ""))


def a_date(rng: Random) -> str:
    return f"202{rng.randint(3, 6)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


_HEX = "0123456789abcdef"


def an_id(rng: Random, entity: str) -> str | int:
    """Return an identifier as systems make them; some carry the kind of thing."""
    kind = rng.randrange(6)
    tail = "".join(rng.choices(_HEX, k=8))
    word = entity.split()[-1] if entity else "id"
    if kind == 0:
        return f"{word[:4]}_{tail[:6]}"
    if kind == 1:
        return f"{rng.randint(1, 9999)}"
    if kind == 2:
        return f"{tail}-{tail[:4]}-4{tail[1:4]}-a{tail[2:5]}-{tail}{tail[:4]}"
    if kind == 3:
        return f"{word[:3].upper()}-{rng.randint(100, 99999)}"
    if kind == 4:
        return tail
    return f"{word.replace(' ', '-')}-{rng.randint(1, 500)}"
