"""What Huawei's reading operations answer, from the store; spec.md, section 4."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from include.sandbox.vendors.cases import Case, Tenant
from include.sandbox.vendors.catalog import Goods
from include.sandbox.vendors.huawei import TRAITS
from include.sandbox.vendors.store import Store
from include.sandbox.vendors.wire import Call, Json, RefusedError, newest_first, the_case

_STATUS: Final = {
    "waiting": 0,
    "working": 1,
    "reopened": 1,
    "solved": 2,
    "closed": 3,
    "cancelled": 4,
    "invalid": 12,
    "feedback": 17,
    "unknown": 29,
}
_CLOSING: Final = {"closed": 3, "cancelled": 4}  # operations; none is documented for "invalid"
_ASPECTS: Final = ((1, "处理时效性满意度"), (3, "处理结果满意度"))
_MARKUP: Final = re.compile(r"</?[a-zA-Z][^<>]*>")


def _list_cases(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    given = call.params
    rows = store.tickets(
        "huawei",
        tenant.index,
        _moment(call, "query_start_time"),
        _moment(call, "query_end_time"),
    )
    statuses = [given["status"]] if given.get("status") else []
    statuses += given["incident_status"].split(",") if given.get("incident_status") else []
    if statuses:
        if not all(text.isascii() and text.isdigit() for text in statuses):
            raise RefusedError(200, "OSM.01010001", "status is not valid")
        wanted = set(map(int, statuses))
        rows = [case for case in rows if _STATUS[case.state] in wanted]
    if given.get("incident_id"):
        rows = [case for case in rows if case.ticket_id == given["incident_id"]]
    words = [value for name, value in call.request.pairs() if name == "search_key"]
    rows = [case for case in rows if all(word in case.description for word in words)]
    if given.get("app_key"):
        word = given["app_key"]
        rows = [case for case in rows if word in case.ticket_id or word in case.description]
    rows = newest_first(call, rows)
    return {
        "total_count": len(rows),
        "incident_info_list": [_row(call, case, tenant, store) for case in _page(call, rows)],
    }


def _row(call: Call, case: Case, tenant: Tenant, store: Store) -> dict[str, Json]:
    goods = store.shelves["huawei"].products.get(case.product_id or "")
    row = _common(call, case, tenant, store) | {"label_list": []}
    if case.state == "closed" and case.closed_at:
        row["confirmed_time"] = _zulu(case.closed_at)
    return row | ({"product_category_name": _name(call, goods)} if goods else {})


def _common(call: Call, case: Case, tenant: Tenant, store: Store) -> dict[str, Json]:
    shelf = store.shelves["huawei"]
    problem = shelf.problems.get(case.category_id or "", shelf.retired)
    named = {} if case.category_id is None else {"business_type_name": _name(call, problem)}
    kind = ("报障", "Fault") if problem.is_fault else ("咨询", "Question")
    return {
        "incident_id": case.ticket_id,
        "status": _STATUS[case.state],
        "simple_description": case.description,
        "create_time": _zulu(case.created_at),
        **named,
        "incident_type_name": kind[_is_english(call)],
        "customer_id": tenant.owner_id,
        "xcustomer_id": tenant.owner_id,
        "xcustomer_name": f"customer-{tenant.index + 1}",
        "dc_name": "华南-广州",
    }


def _show_case(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    case = the_case(call, tenant, store)
    messages = [
        _message(call, case, i) | {"message_id": f"MSG{case.talks[i].number:012}"}
        for i in range(len(case.talks))
    ]
    return {
        "incident_detail_info": _common(call, case, tenant, store)
        | {
            "source_name": case.source,
            "message_list": messages,
            "ext_info": {
                "area_code": "0086",
                "remind_mail": f"customer{tenant.index + 1}@example.com",
                "remind_mobile": "138****0000",
            },
            "severity_name": TRAITS.severities[case.urgent],
            "business_ownership": 0,
            "judgement": case.judgement,
            "incident_satisfaction": [
                {
                    "value": 5,
                    "satisfaction_id": number,
                    "satisfaction_value": rating,
                    "satisfaction_name": name,
                    "per_value": 1,
                    "sat_category_id": "1",
                    "sat_category_name": "服务",
                }
                for (number, name), rating in zip(_ASPECTS, case.ratings, strict=False)
            ],
        }
    }


def _list_messages(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    case = the_case(call, tenant, store)
    return {
        "count": len(case.talks),
        "message_list": [
            _message(call, case, i) | {"replier_type": _replier_type(case, i), "iam_user_type": 0}
            for i in _page(call, list(range(len(case.talks))))
        ],
    }


def _replier_type(case: Case, i: int) -> int:
    talk = case.talks[i]
    return 0 if talk.from_customer else 2 if talk.third_party else 1


def _message(call: Call, case: Case, i: int) -> dict[str, Json]:
    talk = case.talks[i]
    trim = call.params.get("trim_osm_rich_text_label", "true") == "true"
    names = (("客户", "hwcustomer"), ("华为云工程师", "hwstaff_pub_duty"), ("伙伴", "partner"))
    name, replier = names[_replier_type(case, i)]
    return {
        "type": 0 if talk.from_customer else 1,
        "replier": replier,
        "replier_name": name,
        "content": _MARKUP.sub("", talk.content) if trim else talk.content,
        "create_time": _zulu(talk.created_at),
        "is_first_message": int(i == 0),
        "accessory_list": [],
    }


def _list_groups(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    shelf = store.shelves["huawei"]
    groups = [
        {
            "incident_sub_type_id": group_id,
            "incident_sub_type_name": names[_is_english(call)],
            "incident_product_category_list": [
                _product(call, goods)
                for goods in shelf.products.values()
                if group_id in goods.groups
            ],
        }
        for group_id, names in shelf.groups.items()
    ]
    return {"total_count": 1, "incident_sub_type_list": groups}  # the vendor's own examples say 1


def _list_products(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    name, given = call.params.get("product_category_name", ""), call.params
    exact, acronym = given.get("precise_search") == "true", given.get("product_category_acronym")
    rows = [
        _product(call, goods)
        for goods in store.shelves["huawei"].products.values()
        if (name == _name(call, goods) if exact and name else name in _name(call, goods))
        and acronym in (None, "", goods.acronym)
    ]
    return {"total_count": len(rows), "incident_product_category_list": rows}


def _product(call: Call, goods: Goods) -> dict[str, Json]:
    return {
        "incident_product_category_id": goods.product_id,
        "incident_product_category_name": _name(call, goods),
        "incident_product_category_desc": goods.description,
        "incident_product_category_acronym": goods.acronym,
        "can_use_support_plan": True,
    }


def _list_problems(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    shelf, product_id = store.shelves["huawei"], call.params.get("product_category_id")
    group_id = call.params.get("incident_sub_type_id")
    wanted = {
        category
        for goods in shelf.products.values()
        if product_id in (None, "", goods.product_id) and (not group_id or group_id in goods.groups)
        for category in goods.categories
    }
    rows = [
        {
            "business_type_id": problem.category_id,
            "business_type_name": _name(call, problem),
            "case_type": "5" if problem.is_fault else "0",
            "can_use_support_plan": True,
        }
        for problem in shelf.problems.values()
        if problem.category_id in wanted
    ]
    return {"total_count": len(rows), "incident_business_type_list": rows}


def _show_status(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    return {"status": _STATUS[the_case(call, tenant, store).state]}


def _list_counts(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    numbers = [_STATUS[case.state] for case in store.tickets("huawei", tenant.index)]
    wanted = call.params.get("status")
    counts = [
        {"status": number, "count": numbers.count(number)}
        for number in sorted(set(numbers))
        if wanted in (None, "", str(number))
    ]
    return {"incident_status_counts": counts}


def _list_logs(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    case = the_case(call, tenant, store)
    steps = [(0, case.created_at)]
    if case.closed_at and case.state in _CLOSING:
        steps.append((_CLOSING[case.state], case.closed_at))
    rows = [
        {
            "incident_log_id": f"{case.ticket_id}-{kind}",
            "incident_id": case.ticket_id,
            "operate_type": kind,
            "operator_id": tenant.owner_id,
            "timestamp_operate_time": _zulu(moment),
        }
        for kind, moment in steps
    ]
    return {"total_count": len(rows), "incident_operate_log_list": _page(call, rows)}


def _list_domains(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    name = f"sandbox-{tenant.index + 1}"
    return {"domains": [{"id": tenant.owner_id, "name": name, "enabled": True}], "links": {}}


OPERATIONS: Final[Mapping[str, Callable[[Call, Tenant, Store], dict[str, Json]]]] = {
    "ListCases": _list_cases,
    "ListCaseCounts": _list_counts,
    "ShowCaseDetail": _show_case,
    "ListMessages": _list_messages,
    "ShowCaseStatus": _show_status,
    "ListCaseOperateLogs": _list_logs,
    "ListCaseCategories": _list_groups,
    "ListProductCategories": _list_products,
    "ListProblemTypes": _list_problems,
    "KeystoneListAuthDomains": _list_domains,
}


def _page(call: Call, rows: list[Json]) -> list[Json]:
    numbers = []
    for name, default, highest in (("offset", "0", 65_535), ("limit", "10", 100)):
        text = call.params.get(name, default)
        if not (text.isascii() and text.isdigit() and int(text) <= highest):
            raise RefusedError(200, "OSM.01010001", f"{name} must be a number from 0 to {highest}")
        numbers.append(int(text))
    offset, limit = numbers
    return rows[offset : offset + limit]


def _moment(call: Call, name: str) -> datetime | None:
    """A time in the zone of ``X-Time-Zone``."""
    text = call.params.get(name)
    if not text:
        return None
    zone = re.fullmatch(
        r"(?:GMT|UTC)?(?:([+-])(\d{1,2})(?::?(\d\d))?)?",
        call.request.headers.get("x-time-zone", "GMT+8"),
    )
    if zone is None:
        raise RefusedError(200, "OSM.01010001", "X-Time-Zone is not valid")
    shift = timedelta(hours=int(zone[2] or 0), minutes=int(zone[3] or 0))
    try:
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - zone follows
        return moment.replace(tzinfo=timezone(-shift if zone[1] == "-" else shift))
    except ValueError:
        raise RefusedError(200, "OSM.01010001", f"{name} is not a time") from None


def _is_english(call: Call) -> bool:
    return call.request.headers.get("x-language", "zh-cn").lower().startswith("en")


def _name(call: Call, thing: Json) -> str:
    return str(thing.english if _is_english(call) else thing.name)


def _zulu(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
