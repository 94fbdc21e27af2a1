"""Verbs that orders begin with, in the forms that a paraphrase needs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gatling.request.deeds import ASKING_VERBS
from gatling.request.refusal import sentences


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb in the base form, with its forms in English and its base form in other languages."""

    base: str
    participle: str
    gerund: str
    german: str = ""
    french: str = ""
    spanish: str = ""


# base, participle, gerund; empty: by rule. German, French, Spanish.
_ROWS = (
    ("send", "sent", "", "senden", "envoyer", "enviar"),
    ("forward", "", "", "weiterleiten", "transmettre", "reenviar"),
    ("mail", "", "", "mailen", "envoyer par mail", "enviar por correo"),
    ("email", "", "", "mailen", "envoyer par mail", "enviar por correo"),
    ("transfer", "transferred", "transferring", "\u00fcberweisen", "transf\u00e9rer", "transferir"),
    ("pay", "paid", "", "bezahlen", "payer", "pagar"),
    ("buy", "bought", "", "kaufen", "acheter", "comprar"),
    ("order", "", "", "bestellen", "commander", "pedir"),
    ("visit", "", "", "besuchen", "visiter", "visitar"),
    ("open", "", "", "\u00f6ffnen", "ouvrir", "abrir"),
    ("click", "", "", "anklicken", "cliquer", "pulsar"),
    ("read", "read", "", "lesen", "lire", "leer"),
    ("download", "", "", "herunterladen", "t\u00e9l\u00e9charger", "descargar"),
    ("upload", "", "", "hochladen", "d\u00e9poser", "subir"),
    ("add", "", "", "hinzuf\u00fcgen", "ajouter", "a\u00f1adir"),
    ("invite", "", "", "einladen", "inviter", "invitar"),
    ("give", "given", "", "geben", "donner", "dar"),
    ("grant", "", "", "gew\u00e4hren", "accorder", "conceder"),
    ("share", "", "", "teilen", "partager", "compartir"),
    ("post", "", "", "ver\u00f6ffentlichen", "publier", "publicar"),
    ("publish", "", "", "ver\u00f6ffentlichen", "publier", "publicar"),
    ("create", "", "", "anlegen", "cr\u00e9er", "crear"),
    ("propose", "", "", "vorschlagen", "proposer", "proponer"),
    ("change", "", "", "\u00e4ndern", "changer", "cambiar"),
    ("update", "", "", "aktualisieren", "mettre \u00e0 jour", "actualizar"),
    ("set", "set", "setting", "setzen", "r\u00e9gler", "fijar"),
    ("delete", "", "", "l\u00f6schen", "supprimer", "eliminar"),
    ("remove", "", "", "entfernen", "retirer", "quitar"),
    ("cancel", "cancelled", "cancelling", "stornieren", "annuler", "cancelar"),
    ("book", "", "", "buchen", "r\u00e9server", "reservar"),
    ("confirm", "", "", "best\u00e4tigen", "confirmer", "confirmar"),
    ("reply", "replied", "", "antworten", "r\u00e9pondre", "responder"),
    ("write", "written", "", "schreiben", "\u00e9crire", "escribir"),
    ("tell", "told", "", "mitteilen", "informer", "informar"),
    ("make", "made", "", "machen", "faire", "hacer"),
    ("get", "got", "getting", "holen", "obtenir", "obtener"),
    ("put", "put", "putting", "stellen", "mettre", "poner"),
    ("submit", "submitted", "submitting", "einreichen", "soumettre", "entregar"),
    ("leave", "left", "", "lassen", "laisser", "dejar"),
)
_LEADING = re.compile(r"(?:(?:please|kindly|also|then|and|just|now)[ ,]+)*", re.IGNORECASE)
_FIRST = re.compile(r"[A-Za-z]+")


def _verb(base: str, participle: str, gerund: str, german: str = "", french: str = "", spanish: str = "") -> Verb:
    stem = base[:-1] if base.endswith("e") else base
    past = stem + "ed" if not base.endswith("y") or base[-2:-1] in "aeiou" else base[:-1] + "ied"
    return Verb(base, participle or past, gerund or stem + "ing", german, french, spanish)


VERBS = {row[0]: _verb(*row) for row in _ROWS}
_ODD = {"sent": "send"}


def order_of(text: str) -> tuple[Verb, str] | None:
    """Return the verb that a sentence begins with, and what follows; None where it is no order.

    "Sent the file to X" counts as one: attackers' typing errors are obeyed, too.
    """
    start = _LEADING.match(text)
    rest = text[start.end() :] if start else text
    word = _FIRST.match(rest)
    if word is None:
        return None
    low = word.group().lower()
    base = _ODD.get(low, low)
    behind = rest[word.end() :].strip().rstrip(".!?").rstrip()
    if not behind or (base not in VERBS and base not in ASKING_VERBS):
        return None
    return VERBS.get(base) or _verb(base, "", ""), behind


def first_sentence(text: str) -> tuple[str, str]:
    """Return the first sentence of a text, and the rest."""
    ends = list(sentences(text))
    cut = ends[0][1] if ends else len(text)
    return text[:cut].strip(), text[cut:].lstrip(" .!?")
