"""Names and numbers of machines, each in one spelling: `0x7f.1`, `[::ffff:127.0.0.1]` and `127.0.0.1` are one.

Nothing is asked of a name server: a name may lead to any number.
"""

from __future__ import annotations

import ipaddress
import re

_PART = re.compile(r"0x[0-9a-f]{0,16}|[0-9]{1,20}", re.IGNORECASE)
_QUAD = re.compile(r"(?<![\d.-])(\d{1,3})([.-])(\d{1,3})\2(\d{1,3})\2(\d{1,3})(?![\d-])")
_HEX_QUAD = re.compile(r"(?<![\da-z])(?:0x)?([0-9a-f]{8})(?![\da-z])", re.IGNORECASE)
_LEAST = 2**24
"""A smaller number alone is just a number."""
_PUNYCODE = re.compile(r"xn--[a-z0-9-]{1,59}", re.IGNORECASE)


def spelt_host(host: str) -> str:
    """Return a host in its one spelling: an internet address in the usual form, a name in lower case without a dot at its end,
    and in the letters that `xn--` stands for."""
    plain = host.strip().lower().rstrip(".")
    address = ip_of(plain)
    if address:
        return address
    return _PUNYCODE.sub(_letters, plain) if "xn--" in plain else plain


def _letters(match: re.Match[str]) -> str:
    try:
        return match.group()[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return match.group()


def ip_of(text: str) -> str:
    """Return the internet address that a text is, in the usual form, however it is written; empty if it is none."""
    plain = text.strip().strip("[]").partition("%")[0].lower()
    if ":" in plain:
        try:
            six = ipaddress.IPv6Address(plain)
        except ValueError:
            return ""
        four = six.ipv4_mapped or six.sixtofour
        if four is None and _LEAST <= int(six) < 2**32:  # `::10.0.0.1`, as it was written once
            four = ipaddress.IPv4Address(int(six))
        return str(four or six)
    parts = plain.rstrip(".").split(".")
    if len(parts) > 4 or not all(map(_PART.fullmatch, parts)):
        return ""
    numbers = [_number(part) for part in parts]
    known = [n for n in numbers if n is not None]
    if len(known) < len(parts) or (len(parts) == 1 and known[0] < _LEAST and not plain.startswith("0x")):
        return ""
    last = known.pop()
    if any(n > 255 for n in known) or last >= 256 ** (4 - len(known)):
        return ""
    value = last + sum(n << (8 * (3 - i)) for i, n in enumerate(known))
    return str(ipaddress.IPv4Address(value))


def _number(part: str) -> int | None:
    try:
        if part[:2] in ("0x", "0X"):
            return int(part[2:] or "0", 16)
        return int(part, 8) if len(part) > 1 and part[0] == "0" else int(part)
    except ValueError:
        return None


_NETWORK = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:.]{2,45})/(\d{1,3})", re.IGNORECASE)
_STARRED = re.compile(r"((?:\d{1,3}\.){1,3})(?:\*\.)*\*")


def network_of(text: str) -> str:
    """Return the network that a text means, `10.20.0.0/16`, also written `10.20.*`; empty if it means none."""
    plain = text.strip().lower()
    starred = _STARRED.fullmatch(plain)
    if starred:
        numbers = starred[1].rstrip(".").split(".")
        plain = f"{'.'.join([*numbers, '0', '0', '0'][:4])}/{8 * len(numbers)}"
    if not _NETWORK.fullmatch(plain):
        return ""
    try:
        return str(ipaddress.ip_network(plain, strict=False))
    except ValueError:
        return ""


def is_in_network(host: str, network: str) -> bool:
    """Tell whether a host is the number of a machine in a network, written as numbers usually are."""
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network)
    except ValueError:
        return False


def is_own_machine(host: str) -> bool:
    """Tell whether a host in its one spelling is the machine itself."""
    return (
        host in ("localhost", "::1", "::", "0.0.0.0")
        or host.endswith(".localhost")
        or (host.startswith("127.") and bool(ip_of(host)))
    )


def addresses_in_name(host: str) -> list[str]:
    """Return the internet addresses that are part of a name, as in `127.0.0.1.nip.io`: some name servers answer with them."""
    found = [ip_of(".".join(m.group(1, 3, 4, 5))) for m in _QUAD.finditer(host)]
    found += [ip_of("0x" + m.group(1)) for m in _HEX_QUAD.finditer(host)]
    return [address for address in found if address]
