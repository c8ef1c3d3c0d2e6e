"""What contents are tried (C): texts, fields, types and times, a row each."""

from __future__ import annotations

from typing import Any, Final

from include.errors import ContractError, PartialError
from tests.faults.kit.table import Fault, each_another

STRINGS: Final = (
    "𠮷野家 👍🏽 👩‍👩‍👧‍👦",
    "مرحبا \u202eabc\u202c",
    "e\u0301 n\u0303 \u0e01\u0e33 \u200b\ufeff",
    "a\x00b",
    "\x1b[31mred\x1b[0m",
    "one\r\ntwo\rthree\nfour\u2028five\u2029six\x85seven",
    "\x01\x02\x7f\x9b",
    "tab\tvertical\vform\f",
    "<script>alert(1)</script>",
    "</textarea><img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "<b>&amp;</b> &lt;i&gt; &#x27;",
    "<!-- --> <![CDATA[ ]]> <?xml?>",
    "[text](javascript:alert(1)) ![x](http://127.0.0.1/)",
    "**bold** _it_ `code` # head",
    "{{ 7*7 }} {% raw %} ${7*7} #{7*7} <%= 7*7 %>",
    "%s %d %(name)s %% %n",
    "{0} {name} {{}}",
    "back\\slash \\n \\u0000 \\' \\",
    "'; drop table cloud_osm_list; --",
    "' or '1'='1",
    '" or ""="',
    "`backtick` /* comment */ -- # ;",
    "1; select sleep(9)",
    "$(reboot) `reboot` | & ; > <",
    "../../etc/passwd\\..\\",
    "http://169.254.169.254/latest",
    "=1+1",
    "+1",
    "-1",
    "@sum(1)",
    "\t=1",
    "null",
    "None",
    "NaN",
    "true",
    "0",
    " leading and trailing ",
    "\u00a0no-break\u3000wide",
    "ﬁ ﹤script﹥ ＜script＞",
    "İıſK",
    "\ue000\ufffd\U0010ffff",
)
"""Stored as they are, shown escaped, never interpreted."""

LIST: Final = "list"
DETAIL: Final = "detail"
TOO_LONG: Final = {
    "alibaba": (
        (DETAIL, "Title", 10_000, "'name'"),
        (DETAIL, "Status.Value", 100, "'vendor_status'"),
        (DETAIL, "CategoryId", 100, "'product_business_id'"),
        ("ListTicketNotes", "User.Name", 300, "'replier_name'"),
        ("ListTicketNotes", "DialogId", 100, "'message_id'"),
    ),
    "huawei": (
        (DETAIL, "simple_description", 10_000, "'name'"),
        (DETAIL, "business_type_name", 300, "'category_name'"),
        (DETAIL, "source_name", 300, "'name'"),
        (DETAIL, "ext_info.remind_mail", 300, "'email'"),
        (DETAIL, "message_list.replier", 300, "'replier'"),
        (DETAIL, "message_list.replier_name", 300, "'replier_name'"),
        (DETAIL, "message_list.message_id", 100, "'message_id'"),
        (LIST, "product_category_name", 300, "'product_name'"),
    ),
    "tencent": (
        (DETAIL, "Question", 10_000, "'name'"),
        (DETAIL, "Product", 300, "'product_name'"),
        (DETAIL, "StatusName", 100, "'vendor_status'"),
        (DETAIL, "Comments.CommentId", 100, "'message_id'"),
    ),
}
"""Action, field, length, and the word that names it in the reason."""

ABSENT: Final = {"drop": True}
NULL: Final = {"value": None}
WRONG: Final[tuple[dict[str, Any], ...]] = tuple(
    {"value": value} for value in ([], {"a": 1}, True, 1.5, [["a"]])
)
"""What no field that we read may say."""

NOTES: Final = "ListTicketNotes"
REQUIRED: Final = {
    "alibaba": (
        (DETAIL, "TicketId"),
        (DETAIL, "CreateTime"),
        (NOTES, "DialogId"),
        (NOTES, "CreateTime"),
        (NOTES, "User.Role"),
        (LIST, "TicketId"),
    ),
    "huawei": (
        (DETAIL, "incident_id"),
        (DETAIL, "status"),
        (DETAIL, "create_time"),
        (DETAIL, "message_list.create_time"),
        (DETAIL, "message_list.type"),
        (DETAIL, "message_list.content"),
        (LIST, "incident_id"),
    ),
    "tencent": (
        (DETAIL, "TicketId"),
        (DETAIL, "CreateTime"),
        (DETAIL, "StatusId"),
        (DETAIL, "Content"),
        (DETAIL, "Comments.Role"),
        (DETAIL, "Comments.Content"),
        (DETAIL, "Comments.CreateTime"),
        (LIST, "TicketId"),
    ),
}
"""Without one of these, or with another type in it, a ticket (or a list) is refused."""

OPTIONAL: Final = {
    "alibaba": (
        (DETAIL, "Title"),
        (DETAIL, "CategoryId"),
        (NOTES, "User.Name"),
        (NOTES, "Type"),
        (NOTES, "Tip"),
        (NOTES, "Dialog.Schema"),
        (LIST, "Title"),
    ),
    "huawei": (
        (DETAIL, "simple_description"),
        (DETAIL, "business_type_name"),
        (DETAIL, "source_name"),
        (DETAIL, "ext_info"),
        (DETAIL, "ext_info.remind_mail"),
        (DETAIL, "message_list.replier"),
        (DETAIL, "message_list.replier_name"),
        (DETAIL, "message_list.is_first_message"),
        (LIST, "status"),
        (LIST, "create_time"),
        (LIST, "product_category_name"),
    ),
    "tencent": (
        (DETAIL, "Question"),
        (DETAIL, "Product"),
        (DETAIL, "LevelId"),
        (DETAIL, "UpdateTime"),
        (LIST, "Question"),
        (LIST, "StatusId"),
        (LIST, "CreateTime"),
    ),
}
"""Without one of these a ticket is stored, and what was known of it stays."""

TYPED: Final = {
    "alibaba": ("Title", "Description", "CategoryId", "Status"),
    "huawei": (
        "simple_description",
        "business_type_name",
        "source_name",
        "ext_info",
        "message_list.replier_name",
    ),
    "tencent": ("Question", "Product", "LevelId", "Comments"),
}
"""Fields of a detail that may be null, but not of another type."""

RETYPED: Final = {
    "alibaba": (
        (DETAIL, "CreateTime", "text"),
        (DETAIL, "CategoryId", "number"),
        (DETAIL, "Status.Value", "number"),
        (NOTES, "DialogId", "text"),
        (NOTES, "CreateTime", "text"),
        (NOTES, "User.Role", "text"),
    ),
    "huawei": ((DETAIL, "status", "text"), (LIST, "status", "text")),
    "tencent": (
        (DETAIL, "TicketId", "number"),
        (DETAIL, "StatusId", "text"),
        (LIST, "TicketId", "number"),
        (LIST, "StatusId", "text"),
    ),
}
"""Numbers as texts and texts as numbers that are read as what they mean."""

TIMES: Final = {
    "alibaba": (DETAIL, "CreateTime"),
    "huawei": (DETAIL, "create_time"),
    "tencent": (DETAIL, "CreateTime"),
}
MOMENTS: Final[tuple[Any, ...]] = (
    0,
    "",
    "0000-00-00",
    "0000-00-00 00:00:00",
    "10000-01-01 00:00:00",
    253_402_300_800_000,
    "2026-06-30T23:59:60Z",
    "2026-06-30 23:59:60",
    "yesterday",
    -1,
    1_782_950_400_000_000,
)
"""No moment: refused, and never a time in a table."""

CONTENT: Final = (
    Fault(
        "C9",
        "many more fields, or deep ones",
        each_another("", ("extra_fields", {"count": 10_000}), ("extra_fields", {"levels": 200})),
    ),
    Fault(
        "C9",
        "a list nested beyond all reading",
        each_another("list", ("extra_fields", {"levels": 100_000})),
        ContractError,
    ),
    Fault(
        "C9",
        "a ticket nested beyond all reading",
        each_another("detail", ("extra_fields", {"levels": 100_000})),
        PartialError,
    ),
)
