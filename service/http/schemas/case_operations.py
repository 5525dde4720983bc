"""The operations on cases."""

from __future__ import annotations

from service.http.schemas.case_answers import (
    AssigneeList,
    CaseDetail,
    CasePage,
    CasesDone,
    CaseVersions,
)
from service.http.schemas.operation import Operation
from service.http.schemas.parameters import CaseChoice, CaseQuery
from service.http.schemas.request_schemas import ref

_CASE = {"case_id": "The `case_id` of the list, or the `open_case` of a ring."}
_VERDICT = (
    "What it says of people becomes labels in the store before the answer leaves, known from this moment on. "
    "A wrong verdict is taken back by a later one."
)


def _case(step: str, name: str, summary: str, body: str, about: str, *problems: str) -> Operation:
    return Operation(
        method="post",
        path=f"/cases/{{case_id}}/{step}",
        name=name,
        tag="cases",
        summary=summary,
        about=about,
        answer=CaseDetail,
        body=ref(body),
        path_parameters=_CASE,
        problems=("case_unknown", "case_changed", "conflict", *problems),
    )


def _cases(step: str, name: str, summary: str, body: str) -> Operation:
    return Operation(
        method="post",
        path=f"/cases/{step}",
        name=name,
        tag="cases",
        summary=summary,
        about="Each case has its line in its history. One that somebody changed or closed meanwhile stays as "
        "it is, and the answer says so of it; with the others it is done, with all or with none.",
        answer=CasesDone,
        body=ref(body),
    )


CASE_OPERATIONS = (
    Operation(
        method="get",
        path="/cases",
        name="list_cases",
        tag="cases",
        summary="List cases: searched, narrowed, sorted, a page at a time",
        answer=CasePage,
        query=CaseQuery,
        problems=("raw_value_in_address",),
    ),
    Operation(
        method="post",
        path="/cases",
        name="open_case",
        tag="cases",
        summary="Open a case about a ring or an applicant",
        about="Where one is open about the same it is that one which is answered.",
        answer=CaseDetail,
        body=ref("CaseOpening"),
        problems=("ring_unknown",),
    ),
    Operation(
        method="get",
        path="/cases/assignees",
        name="list_assignees",
        tag="cases",
        summary="List to whom a case may be given",
        about="The users and keys that may work on cases, with how many open cases each has.",
        answer=AssigneeList,
    ),
    Operation(
        method="get",
        path="/cases/versions",
        name="list_case_versions",
        tag="cases",
        summary="List the versions of all cases that are wanted",
        about="What a step with all of them at once has to name; the first 5,000 in their order.",
        answer=CaseVersions,
        query=CaseChoice,
        problems=("raw_value_in_address",),
    ),
    _cases("assign", "assign_cases", "Give many cases to somebody, or back to the queue", "CasesAssignment"),
    _cases("priority", "rank_cases", "Say of many cases when they are to be looked at", "CasesRanking"),
    Operation(
        method="get",
        path="/cases/{case_id}",
        name="read_case",
        tag="cases",
        summary="Read a case with its history",
        about="That you looked is kept in its history.",
        answer=CaseDetail,
        path_parameters=_CASE,
        problems=("case_unknown",),
    ),
    _case(
        "assign",
        "assign_case",
        "Give a case to somebody, or back to the queue",
        "CaseAssignment",
        "Whoever has it investigates it.",
    ),
    _case("priority", "rank_case", "Say when a case is to be looked at", "CaseRanking", ""),
    _case(
        "notes", "note_case", "Add a note to a case", "CaseNote", "Notes never collide: no version is needed."
    ),
    _case("verdict", "conclude_case", "Conclude a case", "CaseVerdict", _VERDICT, "ring_unknown"),
    _case(
        "close",
        "close_case",
        "Close a case that has a verdict",
        "CaseClosing",
        "New evidence opens a new case.",
    ),
    _case("due", "set_case_due", "Say by when a case should be concluded", "CaseDue", ""),
    _case("links", "link_case", "Link a case to another", "CaseLink", "It stands in both histories."),
    _case(
        "attachments",
        "attach_to_case",
        "Put a file to a case",
        "CaseAttachment",
        "It is kept as it is, with its checksum. A text that holds raw identifiers is refused.",
    ),
    Operation(
        method="get",
        path="/cases/{case_id}/attachments/{attachment_id}",
        name="read_attachment",
        tag="cases",
        summary="Read a file that was put to a case",
        about="That you read it is kept in the history of the case.",
        answer="application/octet-stream",
        path_parameters=_CASE | {"attachment_id": "Its number in the case."},
        problems=("case_unknown",),
    ),
)
