"""Personal data and keys in free text: found by form and check digit, shown as their kind.

``请打 13800138000`` becomes ``请打 [mobile]``. Full-width characters, blanks and hyphens between
digits are seen through. What only looks alike stays: an identity number needs its check digit and a
date of birth, a card its Luhn digit and an issuer's first digits. Names and addresses stay as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

VERSION: Final = 1
"""Raise it with every change of what is found: the next build of the reports masks anew."""

KINDS: Final = ("email", "mobile", "landline", "identity", "card", "key", "password")

PLAIN: Final = {ord(char): ord(char) - 0xFEE0 for char in "：＝＠．＋－＿"}
PLAIN.update({code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B) if chr(code).isalnum()})
PLAIN.update(dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), ord("-")))
PLAIN.update(
    dict.fromkeys(map(ord, "\t\u00a0\u2002\u2003\u2009\u200b\u202f\u3000\ufeff"), ord(" "))
)
PLAIN[0x130] = ord("I")  # the one character that is longer in lower case
"""Character for character: a place in the plain text is a place in the original."""

# No part of a longer number or identifier: neither abc138…, lb-138…, 3.138… nor 138…-a, 138….5
START: Final = r"(?<![a-z0-9_])(?<![a-z0-9_][-/])(?<!\d\.)"
END: Final = r"(?![a-z0-9_]|[-/][a-z0-9]|\.\d)"
GAP: Final = r"(?: ?[-.] ?| {1,2})?"
COUNTRY: Final = r"(?:[(（]?\+?86[)）]?|0086) ?-?"

MAIL: Final = r"[a-z0-9._%+-]"
CHOSEN: Final = r"[!#-&(-+\--:<-_a-~]"  # ASCII but blanks, quotes, comma and semicolon
KEPT: Final = rf"(?!\[(?:{'|'.join(KINDS)})\])"  # masked already
LABEL: Final = (
    r"(?:密码|密碼|口令|pass(?:word|wd|phrase|code|(?<=_pass))|pwd(?<![a-z]pwd)"
    r"|secret(?:[_ -]?(?:access[_ -]?)?key|(?<![a-z]secret))|access[_ -]?key[_ -]?secret"
    r"|api[_ -]?key|token(?<![a-z]token)|sk(?<![a-z]sk))"
)
WORDS: Final = re.compile(
    r"(?:yes|no|none|null|nil|true|false|required|invalid|incorrect|wrong|empty|missing|expired"
    r"|unknown|string|text|changed|reset|failed|error|not|the|must|cannot|https?:.*)"
    r"\W*|[*x•.#-]+|<.*|\$[{(].*|\$[a-z_]+|%[a-z]|\{\{.*",
    re.IGNORECASE,
)
"""What may follow a label without being its secret: messages, stars, ``<password>``, links."""
NO_DOMAINS: Final = frozenset(
    ["png", "jpg", "jpeg", "gif", "svg", "webp", "js", "css", "json", "service", "local", "rc"]
)

WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ISSUERS: Final = re.compile(
    r"3[47]\d{13}|(?=\d{16}$)(?:4|5[1-5]|35|2(?:2[2-9]|[3-6]|7[0-2]))\d*"
    r"|(?=\d{16,19}$)(?:62|60|65|4367|4563|9558)\d*"
)


@dataclass(frozen=True, slots=True)
class Match:
    """Where something stands that is masked, and which of ``KINDS`` it is."""

    start: int
    end: int
    kind: str


def mask(text: str) -> str:
    """*text* with the kind in place of all that was found; masking it again changes nothing."""
    return masked(text)[0]


def masked(text: str) -> tuple[str, int]:
    """The masked text, and how many places were masked."""
    parts, last, found = [], 0, find(text)
    for match in found:
        parts += [text[last : match.start], f"[{match.kind}]"]
        last = match.end
    return "".join([*parts, text[last:]]), len(found)


def find(text: str) -> list[Match]:
    """What is masked, in order and without overlaps, in a time proportional to the text."""
    plain = text.replace("\t", " ") if text.isascii() else text.translate(PLAIN)
    lower = plain.lower()
    taken = bytearray(len(plain))
    found = []
    for kind, pattern, is_real in RULES:
        for match in pattern.finditer(lower):
            group = match.lastindex or 0
            start, end = match.span(group)
            value = plain[start:end].rstrip(".:)]}>" if kind == "password" else "")
            end = start + len(value)
            if taken.find(1, start, end) < 0 and is_real(value, group):
                taken[start:end] = b"\x01" * (end - start)
                found.append(Match(start, end, kind))
    return sorted(found, key=lambda match: match.start)


def _is_identity(value: str, _: int) -> bool:
    """Whether the last character is the check digit of GB 11643."""
    digits = _alnum(value).upper()
    total = sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=False))
    return digits[-1] == "10X98765432"[total % 11]


def _is_card(value: str, _: int) -> bool:
    """Whether an issuer's digits begin it and its last digit is Luhn's."""
    digits = _alnum(value)
    odd = sum(map(int, digits[-1::-2]))
    even = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return ISSUERS.fullmatch(digits) is not None and (odd + even) % 10 == 0


def _is_mail(value: str, _: int) -> bool:
    return value.rpartition(".")[2].lower() not in NO_DOMAINS


def _is_secret(value: str, group: int) -> bool:
    """Whether what follows a label is its value, and not how the sentence goes on.

    After a colon nearly everything is; after *is* what has letters and digits; without a word
    between what is also of both cases or has a sign, which no name of an instance does.
    """
    if len(value) < 3 or WORDS.fullmatch(value):
        return False
    if group == 1:
        return True
    mixed = any(map(str.isalpha, value)) and any(map(str.isdigit, value)) and len(value) >= 6
    both = value.lower() != value != value.upper() or any(c in "!@#$%^&*+=~?" for c in value)
    return mixed and (both or group == 2)


def _always(_value: str, _group: int) -> bool:
    return True


def _alnum(value: str) -> str:
    return "".join(filter(str.isalnum, value))


def _rule(
    kind: str, *parts: str, is_real: Callable[[str, int], bool] = _always
) -> tuple[str, re.Pattern[str], Callable[[str, int], bool]]:
    return kind, re.compile("".join(parts), re.ASCII | re.DOTALL), is_real


# Each begins with a cheap look at one character, which most places of a text fail.
RULES: Final = (
    _rule(
        "key",
        r"-----begin [a-z0-9 ]{1,40}-----(?:[\w+/=\s\\:,.]++|-(?!----))*+",
        r"(?:-----end [^\n-]{1,40}-----)?",
    ),
    _rule("key", r"(?=[la])(?<!\w)(?:ltai\w{12,28}|akid\w{13,40}|akia\w{16})(?!\w)"),
    _rule("password", rf"://[^\s:/@]{{1,64}}:{KEPT}([^\s/]{{1,128}})@", is_real=_is_secret),
    _rule(
        "password",
        rf"(?=[密口pats])(?!(?<=\[)password\]){LABEL}",
        rf"(?:[\"'`)\]]{{0,2}} {{0,4}}(?::|=>?) {{0,4}}[\"'`]?{KEPT}({CHOSEN}{{1,128}}+)",
        r"(?! ?[位个字])",
        r"| {0,2}(?:是|为|為|改成|改为|设为|(?:is|was) ) {0,2}[\"'`]?",
        rf"{KEPT}({CHOSEN}{{1,128}}+)",
        rf"| {{0,2}}{KEPT}({CHOSEN}{{1,128}}+))",
        is_real=_is_secret,
    ),
    _rule(
        "email",
        rf"(?=[a-z0-9._%+-])(?<!{MAIL}){MAIL}++@(?:[a-z0-9-]++\.){{1,10}}[a-z]{{2,24}}",
        r"(?![a-z0-9]|-\w)",
        is_real=_is_mail,
    ),
    _rule(
        "identity",
        rf"(?=[1-9]){START}\d{{6}}{GAP}(?:19|20)\d\d{GAP}(?:0[1-9]|1[0-2]){GAP}",
        rf"(?:0[1-9]|[12]\d|3[01]){GAP}\d{{3}}{GAP}[\dx]{END}",
        is_real=_is_identity,
    ),
    _rule(
        "card",
        rf"(?=\d){START}(?:(?:\d{{4}}{GAP}){{3}}\d{{3,4}}(?:{GAP}\d{{1,3}})?",
        rf"|\d{{6}}{GAP}\d{{9,13}}){END}",
        is_real=_is_card,
    ),
    _rule(
        "mobile",
        rf"(?=[(（+018])(?:{START}|(?<=tel)|(?<=phone)|(?<=mobile))(?:{COUNTRY})?0?1[3-9]\d",
        rf"(?:{GAP}\d{{4}}{GAP}\d{{4}}|{GAP}\d{{3}}{GAP}\d{{5}}|\d{GAP}\d{{3}}{GAP}\d{{4}}",
        rf"|\d{GAP}\d{{4}}{GAP}\d{{3}}){END}",
    ),
    _rule(
        "landline",
        rf"(?=[(（+08]){START}(?:{COUNTRY}(?:\(0\))?{GAP}\(?0?|[(（]?0)(?:10|2\d|[3-9]\d\d)[)）]?",
        rf"{GAP}[2-9]\d{{2,3}}{GAP}\d{{4}}(?: ?(?:-|转|ext\.?|x) ?\d{{1,6}})?{END}",
    ),
)
"""Kind, form and proof, in the order in which they win over each other."""
