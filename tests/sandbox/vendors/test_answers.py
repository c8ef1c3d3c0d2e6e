"""What each vendor lists, filters, pages and tells, by its specification."""

from __future__ import annotations

from datetime import timedelta

import pytest

BEIJING = timedelta(hours=8)


@pytest.fixture
def alibaba(ask):
    def asked(action, **params):
        return ask("alibaba", action, params).json()

    return asked


@pytest.fixture
def huawei(ask):
    def asked(path, **params):
        return ask("huawei", path, params).json()

    return asked


@pytest.fixture
def tencent(ask):
    def asked(action, **params):
        response = ask("tencent", action, params).json()["Response"]
        return response.get("Data", response.get("Error", {}).get("Code"))

    return asked


def ids(rows, name):
    return [row[name] for row in rows]


def newest_first(sandbox, vendor):
    return [case.ticket_id for case in sandbox.store.tickets(vendor, 0)][::-1]


# Alibaba


def test_alibaba_pages_newest_first_and_ends_with_an_empty_page(alibaba, sandbox):
    pages = [alibaba("ListTickets", PageNumber=n, PageSize=8) for n in (1, 2, 3, 4)]
    assert [len(page["Data"]) for page in pages] == [8, 8, 4, 0]
    assert {page["TotalCount"] for page in pages} == {20}
    found = [row["TicketId"] for page in pages for row in page["Data"]]
    assert found == newest_first(sandbox, "alibaba")


def test_alibaba_lists_nothing_but_id_title_and_status(alibaba):
    row = alibaba("ListTickets", PageNumber=1, PageSize=1)["Data"][0]
    assert sorted(row) == ["Status", "TicketId", "Title"]
    assert isinstance(row["Status"]["Value"], str)


def test_alibaba_filters_with_and(alibaba, sandbox):
    cases = sandbox.store.tickets("alibaba", 0)
    fifth = cases[4]
    millis = round(fifth.created_at.timestamp() * 1000)

    def found(**filters):
        page = alibaba("ListTickets", PageNumber=1, PageSize=100, **filters)
        assert page["TotalCount"] == len(page["Data"])
        return set(ids(page["Data"], "TicketId"))

    closed = {case.ticket_id for case in cases if case.is_closed}
    assert found(StartDate=millis, EndDate=millis) == {fifth.ticket_id}
    assert found(EndDate=millis) == {case.ticket_id for case in cases[:5]}
    assert found(**{"StatusList.1": "confirmed"}) == found(**{"StatusList.1": "6"}) == closed
    assert found(**{"StatusList.1": "wait-feedback", "StatusList.2": "2"}) < {
        case.ticket_id for case in cases if not case.is_closed
    }
    two = [case.ticket_id for case in cases[:2]]
    assert found(TicketIdList=",".join(two)) == set(two)
    assert found(**{"TicketIdList.1": two[0], "TicketIdList.2": two[1]}) == set(two)
    assert found(TicketIdList=",".join(two), TicketId=two[0]) == set(two)
    assert found(Keyword=fifth.description) == {fifth.ticket_id}
    assert found(Keyword=fifth.description, StartDate=millis + 1000) == set()


@pytest.mark.parametrize(
    ("action", "params", "code"),
    [
        ("ListTickets", {"PageSize": "10"}, "MissingPageNumber"),
        ("ListTickets", {"PageNumber": "1"}, "MissingPageSize"),
        ("ListTickets", {"PageNumber": "1", "PageSize": "101"}, "illegal.param"),
        ("ListTickets", {"PageNumber": "0", "PageSize": "10"}, "illegal.param"),
        ("ListTickets", {"PageNumber": "1", "PageSize": "9", "EndDate": "now"}, "illegal.param"),
        ("ListTickets", {"PageNumber": "1", "PageSize": "9", "StatusList.1": "x"}, "illegal.param"),
        ("GetTicket", {}, "MissingTicketId"),
        ("ListCategories", {}, "MissingProductId"),
        ("ListCategories", {"ProductId": "ecs"}, "param.illegal"),
        ("CloseTicket", {"TicketId": "1"}, "InvalidApi.NotFound"),
    ],
)
def test_alibaba_is_strict(ask, action, params, code):
    response = ask("alibaba", action, params)
    assert response.status_code in (400, 404)
    assert response.json()["Code"] == code


def test_alibaba_tells_a_ticket_and_its_notes(alibaba, sandbox):
    case = sandbox.store.tickets("alibaba", 0)[9]
    detail = alibaba("GetTicket", TicketId=case.ticket_id)
    assert detail["Code"] == 0
    assert detail["Success"] is True
    assert detail["Data"]["CreateTime"] == round(case.created_at.timestamp() * 1000)
    assert detail["Data"]["CategoryId"] == case.category_id
    notes = alibaba("ListTicketNotes", TicketId=case.ticket_id)["Data"]
    assert ids(notes, "DialogId") == [talk.number for talk in case.talks]
    assert {note["User"]["Role"] for note in notes} <= {2, 3}
    card = notes[-1]
    assert (card["Type"], card["Dialog"]["Content"]) == (1, "")
    assert case.talks[-1].content in card["Dialog"]["Schema"]


def test_alibaba_says_no_notes_in_two_ways(alibaba, sandbox):
    empty = [alibaba("ListTicketNotes", TicketId=case.ticket_id) for case in no_talk(sandbox)]
    assert all(answer["Success"] and not answer["Data"] for answer in empty)


def no_talk(sandbox):
    return [case for case in sandbox.store.tickets("alibaba", 0) if not case.talks]


def test_alibaba_does_not_know_a_strangers_ticket(ask):
    response = ask("alibaba", "GetTicket", {"TicketId": "000NONE"})
    assert response.status_code == 200
    assert response.json()["Success"] is False


def test_alibaba_tells_its_catalogue(alibaba, sandbox):
    directories = alibaba("ListProducts", Language="zh")["Data"]
    products = [row for one in directories for row in one["ProductList"]]
    truth = sandbox.store.truth()["alibaba"]
    assert {str(row["ProductId"]) for row in products} == set(truth["products"]["ids"])
    assert len(products) == truth["products"]["count"] + 1, "one stands in two directories"
    names = ids(products, "ProductName")
    assert len(set(names)) == truth["products"]["count"] - 1, "two have equal names"
    answers = [alibaba("ListCategories", ProductId=id_) for id_ in truth["products"]["ids"]]
    assert {answer["Code"] for answer in answers} == {200}
    pairs = [row["CategoryId"] for answer in answers for row in answer["Data"]]
    assert len(pairs) == truth["product_categories"]
    assert {str(pair) for pair in pairs} == set(truth["categories"]["ids"])
    assert [] in [answer["Data"] for answer in answers]
    assert alibaba("ListProducts", Language="en")["Data"][0]["DirectoryName"] == "Compute"


# Huawei


def test_huawei_pages_newest_first_with_a_default_of_ten(huawei, sandbox):
    first = huawei("cases")
    assert len(first["incident_info_list"]) == 10
    rest = huawei("cases", offset=10, limit=100)
    assert first["total_count"] == rest["total_count"] == 20
    rows = first["incident_info_list"] + rest["incident_info_list"]
    assert ids(rows, "incident_id") == newest_first(sandbox, "huawei")
    assert huawei("cases", offset=20) == {"total_count": 20, "incident_info_list": []}


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 101},
        {"offset": 65_536},
        {"offset": -1},
        {"limit": ""},
        {"status": "closed"},
        {"query_end_time": "2026-01-01T00:00:00Z"},
    ],
)
def test_huawei_refuses_bad_parameters_under_200(ask, params):
    response = ask("huawei", "cases", params)
    assert (response.status_code, response.json()["error_code"]) == (200, "OSM.01010001")


def test_huawei_reads_times_in_the_zone_of_the_header(huawei, sandbox):
    case = sandbox.store.tickets("huawei", 0)[4]
    for zone, shift in (("GMT+8", 8), ("GMT", 0), ("GMT-03:30", -3.5)):
        local = f"{case.created_at + timedelta(hours=shift):%Y-%m-%d %H:%M:%S}"
        window = {"query_start_time": local, "query_end_time": local}
        found = huawei("cases", **window, headers={"X-Time-Zone": zone})["incident_info_list"]
        assert ids(found, "incident_id") == [case.ticket_id]
        assert found[0]["create_time"] == f"{case.created_at:%Y-%m-%dT%H:%M:%SZ}"


def test_huawei_filters_by_status_and_id(huawei, sandbox):
    cases = sandbox.store.tickets("huawei", 0)
    states = [case.state for case in cases]
    assert huawei("cases", status=3)["total_count"] == states.count("closed")
    both = states.count("waiting") + states.count("working")
    assert huawei("cases", incident_status="0,1")["total_count"] == both
    assert huawei("cases", incident_id=cases[0].ticket_id)["total_count"] == 1
    counts = huawei("cases/count")["incident_status_counts"]
    assert sum(row["count"] for row in counts) == 20


def test_huawei_tells_a_case_with_all_messages(huawei, sandbox):
    for case in sandbox.store.tickets("huawei", 0):
        answer = huawei(f"cases/{case.ticket_id}", trim_osm_rich_text_label="false")
        detail = answer["incident_detail_info"]
        messages = detail["message_list"]
        assert len({row["message_id"] for row in messages}) == len(messages) == len(case.talks)
        assert [row["is_first_message"] for row in messages[:2]] == [1, 0][: len(messages)]
        assert messages[0]["content"] == detail["simple_description"]
        assert detail["source_name"] == case.source
        assert "product_category_name" not in detail
        paged = huawei(f"cases/{case.ticket_id}/messages", limit=100)
        assert paged["count"] == len(messages)
        assert "message_id" not in paged["message_list"][0]


def test_huawei_strips_markup_unless_told(huawei, sandbox):
    case = sandbox.store.tickets("huawei", 0)[4]
    stripped = huawei(f"cases/{case.ticket_id}")["incident_detail_info"]["message_list"]
    assert "<p>" not in stripped[-1]["content"]
    whole = huawei(f"cases/{case.ticket_id}", trim_osm_rich_text_label="false")
    assert whole["incident_detail_info"]["message_list"][-1]["content"] == case.talks[-1].content


def test_huawei_tells_when_a_case_closed_whatever_happened_since(huawei, sandbox):
    ticket_id = sandbox.store.add_ticket("huawei")
    sandbox.store.close(ticket_id)
    case = sandbox.store.ticket(ticket_id)
    closed_at = f"{case.closed_at:%Y-%m-%dT%H:%M:%SZ}"
    sandbox.store.advance(timedelta(days=1))
    sandbox.store.add_message(ticket_id)
    log = huawei(f"cases/{ticket_id}/operate-logs")["incident_operate_log_list"]
    assert [row["operate_type"] for row in log] == [0, 3]
    assert log[1]["timestamp_operate_time"] == closed_at
    [row] = huawei("cases", incident_id=ticket_id)["incident_info_list"]
    assert row["confirmed_time"] == closed_at
    sandbox.store.reopen(ticket_id)
    assert huawei(f"cases/{ticket_id}/operate-logs")["total_count"] == 1
    [row] = huawei("cases", incident_id=ticket_id)["incident_info_list"]
    assert "confirmed_time" not in row


def test_huawei_does_not_know_a_strangers_case_or_path(ask):
    unknown = ask("huawei", "cases/TS-999999")
    assert (unknown.status_code, unknown.json()["error_code"]) == (200, "OSM.01010015")
    nowhere = ask("huawei", "cases/TS-000001/nothing/here")
    assert (nowhere.status_code, nowhere.json()["error_code"]) == (404, "APIGW.0101")


def test_huawei_names_things_in_the_language_of_the_header(huawei):
    chinese = huawei("config/categories")["incident_sub_type_list"]
    english = huawei("config/categories", headers={"X-Language": "en-us"})["incident_sub_type_list"]
    assert ids(chinese, "incident_sub_type_id") == ids(english, "incident_sub_type_id")
    assert ids(english, "incident_sub_type_name")[0] == "Compute"


def test_huawei_tells_its_catalogue(huawei, sandbox):
    truth = sandbox.store.truth()["huawei"]
    flat = huawei("config/product-categories")["incident_product_category_list"]
    names = ids(flat, "incident_product_category_id")
    assert sorted(names) == truth["products"]["ids"]
    pairs = [
        row["business_type_id"]
        for id_ in names
        for row in huawei("config/problems", product_category_id=id_)["incident_business_type_list"]
    ]
    assert len(pairs) == truth["product_categories"]
    assert set(pairs) == set(truth["categories"]["ids"])


def test_huawei_tells_the_account_id_and_can_demand_it(ask, sandbox):
    domain = ask("huawei", "/v3/auth/domains").json()["domains"][0]["id"]
    assert len(domain) == 32
    sandbox.faults.add("domain_required", vendor="huawei")
    assert ask("huawei", "cases").json()["error_code"] == "OSM.01010011"
    good = ask("huawei", "cases", {"headers": {"X-Domain-Id": domain}})
    assert good.json()["total_count"] == 20


# Tencent


def test_tencent_pages_in_the_order_asked_for(tencent, sandbox):
    newest = newest_first(sandbox, "tencent")
    default = tencent("GetMCTicketList")
    assert ids(default["Data"], "TicketId") == newest
    pages = [
        tencent("GetMCTicketList", Page=n, PageSize=8, OrderField="CreateTime", Order=0)
        for n in (1, 2, 3, 4)
    ]
    assert [len(page["Data"]) for page in pages] == [8, 8, 4, 0]
    assert {page["Total"] for page in pages} == {20}
    rows = [row for page in pages for row in page["Data"]]
    assert ids(rows, "TicketId") == newest[::-1]
    assert sorted(rows[0]) == ["CreateTime", "Product", "Question", "StatusId", "TicketId"]


def test_tencent_ids_begin_with_the_date_in_beijing(tencent):
    for row in tencent("GetMCTicketList")["Data"]:
        assert len(row["TicketId"]) == 12
        assert row["TicketId"].startswith(row["CreateTime"][:10].replace("-", ""))


def test_tencent_filters_with_and(tencent, sandbox):
    cases = sandbox.store.tickets("tencent", 0)
    fifth = cases[4]
    local = f"{fifth.created_at + BEIJING:%Y-%m-%d %H:%M:%S}"

    def found(**filters):
        return set(ids(tencent("GetMCTicketList", PageSize=100, **filters)["Data"], "TicketId"))

    assert found(StartTime=local, EndTime=local) == {fifth.ticket_id}
    assert fifth.ticket_id in found(StartTime=local[:10], EndTime=local[:10])
    assert found(StatusIdList=[3]) == {c.ticket_id for c in cases if c.state == "closed"}
    assert found(Search=fifth.description) == {fifth.ticket_id}
    by_id = {"Name": "TicketId", "Values": [fifth.ticket_id]}
    assert found(Filters=[by_id]) == {fifth.ticket_id}
    assert found(Filters=[by_id, {"Name": "Question", "Values": ["no such"]}]) == set()


@pytest.mark.parametrize(
    ("action", "params", "code"),
    [
        ("GetMCTicketList", {"Pgae": 1}, "UnknownParameter"),
        ("GetMCTicketList", {"Page": "1"}, "InvalidParameter"),
        ("GetMCTicketList", {"Page": True}, "InvalidParameter"),
        ("GetMCTicketList", {"StatusIdList": ["1"]}, "InvalidParameter"),
        ("GetMCTicketList", {"PageSize": 101}, "InvalidParameterValue"),
        ("GetMCTicketList", {"Order": 2}, "InvalidParameterValue"),
        ("GetMCTicketList", {"StartTime": "yesterday"}, "InvalidParameterValue"),
        ("GetMCTicketById", {}, "MissingParameter"),
        ("GetMCTicketById", {"TicketId": "1", "PageSize": 20}, "InvalidParameter"),
        ("GetMCTicketById", {"TicketId": "000000000000"}, "ResourceNotFound"),
        ("GetMCCategoryListById", {"Level2Id": 1}, "ResourceNotFound"),
        ("CloseTicket", {}, "InvalidAction"),
        ("DescribeTicket", {}, "OperationDenied.OrganizationManagerVerifyFailed"),
    ],
)
def test_tencent_is_strict(tencent, action, params, code):
    assert tencent(action, **params) == code


def test_tencent_refuses_a_body_that_is_no_object(ask):
    def tamper(request):
        request.body = b"[]"

    answer = ask("tencent", "GetMCTicketList", {}, tamper=tamper).json()["Response"]
    assert answer["Error"]["Code"] == "AuthFailure.SignatureFailure"


def test_tencent_pages_comments_only_when_asked(tencent, sandbox):
    ticket_id = sandbox.store.add_ticket("tencent", messages=45)
    whole = tencent("GetMCTicketById", TicketId=ticket_id, Sort="asc")["Comments"]
    assert len(whole) == 45
    assert sorted(whole[0]) == ["Content", "CreateTime", "Role"]
    pages = [
        tencent("GetMCTicketById", TicketId=ticket_id, IsPage=True, Page=n, Sort="asc")["Comments"]
        for n in (1, 2, 3, 4)
    ]
    assert [len(page) for page in pages] == [20, 20, 5, 0]
    assert [row for page in pages for row in page] == whole
    newest = tencent("GetMCTicketById", TicketId=ticket_id)["Comments"]
    assert newest == whole[::-1]


def test_tencent_shows_more_in_the_rich_profile(tencent, sandbox):
    case = sandbox.store.tickets("tencent", 0)[5]
    sandbox.faults.add("tencent_rich")
    detail = tencent("GetMCTicketById", TicketId=case.ticket_id)
    assert detail["StatusName"]
    assert all(isinstance(row["CommentId"], int) for row in detail["Comments"])
    assert {"StatusName", "UpdateTime"} <= tencent("GetMCTicketList")["Data"][0].keys()
    assert case.closed_at is None
    assert detail["CloseTime"] == ""
    sandbox.store.close(case.ticket_id)
    detail = tencent("GetMCTicketById", TicketId=case.ticket_id)
    assert detail["CloseTime"] == detail["UpdateTime"]


def test_tencent_tells_its_catalogue(tencent, sandbox):
    truth = sandbox.store.truth()["tencent"]
    tree = tencent("GetMCCategoryList", RecommendSource=0, Area=2)["Categories"]
    nodes = [node for one in tree for node in one["Children"]]
    assert sorted(str(node["Id"]) for node in nodes) == truth["products"]["ids"]
    assert {node["Cell"]["Visible"] for node in nodes} == {0, 1}
    pairs = [
        row["Id"]
        for node in nodes
        for row in tencent("GetMCCategoryListById", Level2Id=node["Id"])["Categories"]
    ]
    assert len(pairs) == truth["product_categories"]
    assert {str(pair) for pair in pairs} == set(truth["categories"]["ids"])
