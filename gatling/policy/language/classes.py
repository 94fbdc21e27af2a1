"""Classes of deeds, wide: which tools a sentence may be about whose verb is none of theirs.

These widen what an open item closes, and never a grant: whoever must not `photocopy` or `peek into` something must not read it.
"""

from __future__ import annotations

from functools import lru_cache

from gatling.policy.language.deeds import deed_of, doubled, root

_CLASSES = tuple(
    frozenset(map(root, words.split()))
    for words in (
        "read view see look lookup peek peep peer glance watch browse open access inspect consult check examine study search find query list show "
        "display retrieve fetch get download export print copy photocopy screenshot snoop spy pry monitor track listen scan count collect scrape crawl "
        "visit know learn borrow compare",
        "delete remove erase wipe purge drop trash destroy unlink cancel clear reset truncate shred scrap discard dispose eliminate kill bin clean prune "
        "rid void annul revoke terminate close archive deactivate disconnect detach uninstall reject withdraw",
        "send mail email message forward reply answer respond share publish post expose upload export invite notify tell disclose reveal leak divulge pass "
        "give hand lend quote mention announce broadcast tweet call phone text contact write communicate speak talk show discuss submit inform brief "
        "advertise hand surrender deliver ship page dispatch advise recommend promise say",
        "pay transfer remit wire refund reimburse buy purchase order checkout charge book reserve spend disburse settle credit donate grant sell trade "
        "invest lend borrow hand give bill invoice compensate waive discount withdraw deposit loan award fund sponsor subscribe hire rent issue surrender",
        "create add make new open update edit modify change alter amend rename write save store overwrite move set draft adjust fix correct replace switch "
        "assign approve reject raise lower increase decrease enter record register file log label tag schedule reschedule enable disable configure install "
        "apply extend renew merge push commit freeze unlock lock block substitute swap reassign promote demote enroll admit sign certify decide touch "
        "handle mark process upgrade downgrade convert restore import sync prepare issue grant revoke cancel close resolve escalate restock redirect reroute",
        "run execute exec launch deploy release ship restart reboot start stop turn switch trigger operate drive dispatch shut boot activate deactivate open "
        "close unlock lock begin pause resume scale drain disconnect connect reset dispense",
    )
)
_ALL = frozenset().union(*_CLASSES)


def is_of_a_class(deed: str) -> bool:
    return deed in _ALL


@lru_cache(65_536)
def are_of_one_class(a: str, b: str) -> bool:
    """Tell whether two deeds, by root, may be one in somebody's words."""
    return a == b or any(a in group and b in group for group in _CLASSES)


def deed_in(word: str) -> str:
    """Return the deed that a word is, of those that are of a class or that many tools have; empty if it is none."""
    r = root(word)
    for form in (r, doubled(r)):
        if form in _ALL:
            return form
    return deed_of(word)
