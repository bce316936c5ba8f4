"""The JSON API over one desk, and its description in OpenAPI. ``mount(app, desk)`` is all that the server needs.

Moments are UTC in ISO 8601; the site's IANA zone stands beside them. What is asked wrongly is 422, what does not exist
404, and whoever comes second gets 409 with the name of the first in ``first``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, FastAPI, Path, Query, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response, StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.incident import Basis, Incident, IncidentState, Outcome
from clairvoie.boundary.overseen import leave_of
from clairvoie.boundary.person import Power
from clairvoie.boundary.problem import Problem
from clairvoie.boundary.trial import TrialView
from clairvoie.errors import HubError, IncidentConflict, InvalidValue, NotPermitted, StoreUnavailable
from clairvoie.views import documents, reference
from clairvoie.views.api_csv import csv_lines, hour_lines
from clairvoie.views.caller import PLAIN_COOKIE, TLS_COOKIE
from clairvoie.views.disclosing import DisclosingDesk
from clairvoie.views.guard import TOKEN_HEADER
from clairvoie.views.routes import Need, need_of

LARGEST_IDENTIFIER = 2**53
Identifier = Annotated[int, Path(ge=1, le=LARGEST_IDENTIFIER, description="An incident's number")]
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many")]
Moment = Annotated[AwareDatetime, Query(description="ISO 8601 with an offset or Z")]
RangeStart = Annotated[AwareDatetime, Query(alias="from", description="ISO 8601 with an offset or Z")]
Part = Annotated[Literal["minutes", "hours"], Query(description="What a line is of")]
RangeEnd = Annotated[AwareDatetime, Query(alias="to", description="The same; not part of the range")]
Who = Annotated[str, Field(max_length=160, description="Who acts, in an exercise; else left out, or the caller's name")]
Text = Annotated[str, Field(max_length=4000)]


SECURITY = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A machine's token, or one that a person made for a program of theirs.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": TLS_COOKIE,
        "description": f"The desk's session ({PLAIN_COOKIE} on loopback without TLS). What changes something then "
        f"carries the session's token in {TOKEN_HEADER}.",
    },
}
"""Who asks, for OpenAPI. In an exercise nobody signs in and neither is asked for."""


class Asked(BaseModel):
    """What a person asks for; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", strict=False)


class TakeRequest(Asked):
    """Who takes the incident."""

    who: Who = ""


class CloseRequest(Asked):
    """What was found and on what that rests. ``take``: take an incident nobody has taken by the same act."""

    who: Who = ""
    outcome: Outcome
    basis: Basis
    note: Text = ""
    take: bool = False


class NoteRequest(Asked):
    """A note and who writes it."""

    who: Who = ""
    text: Annotated[str, Field(min_length=1, max_length=4000)]


class MissRequest(Asked):
    """Something that happened and of which no sensor told."""

    who: Who = ""
    kind: HazardKind
    happened: AwareDatetime
    place_words: Annotated[str, Field(min_length=1, max_length=4000)]
    basis: Basis
    note: Text = ""


def answer(document: msgspec.Struct, status: int = 200) -> Response:
    """A document as JSON; never cached."""
    return Response(
        msgspec.json.encode(document), status, media_type="application/json", headers={"Cache-Control": "no-store"}
    )


def problem(status: int, code: str, error: HubError | InvalidValue | NotPermitted, *, first: str = "") -> Response:
    """An error as JSON."""
    what = error.what if error.value is None else f"{error.what}: {error.value!r}"
    return answer(Problem(code=code, what=what[:400], remedy=error.remedy, first=first), status)


def documented(kind: type, *problems: int) -> dict[str, Any]:
    """For OpenAPI: what a route answers, and with which statuses it may say no."""
    return {"responses": {200: _described(kind, "Done"), **{s: _described(Problem, "Not done") for s in problems}}}


def _described(kind: type, words: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{kind.__name__}"}
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def all_sensors(desk: DisclosingDesk) -> documents.Sensors:
    """All sensors now, each with what it may report and where its trials stand."""
    counting, now = desk.acts().counting, desk.now()
    trials: dict[str, list[TrialView]] = {}
    for view in desk.trials():
        trials.setdefault(view.sensor, []).append(view)
    found = tuple(
        documents.sensor_document(s, leave_of(counting, s.sensor.id, now), trials.get(s.sensor.id, ()))
        for s in desk.sensors()
    )
    return documents.Sensors(time_zone=desk.deployment().time_zone, now=documents.moment(now), sensors=found)


def reading(desk: DisclosingDesk) -> APIRouter:
    """What programs may read."""
    router = APIRouter(prefix="/api/v1", tags=["reading"])
    zone = desk.deployment().time_zone

    @router.get("/sensors", summary="All sensors now", **documented(documents.Sensors))
    def sensors() -> Response:
        return answer(all_sensors(desk))

    @router.get("/authorisations", summary="Authorisations", **documented(documents.Authorisations))
    def authorisations() -> Response:
        """All valid acts as they stand now, the newest first."""
        acts, now = desk.acts(), desk.now()
        found = tuple(documents.act_document(view, now) for view in acts.acts)
        return answer(
            documents.Authorisations(time_zone=zone, now=documents.moment(now), charter=acts.charter, acts=found)
        )

    @router.get("/incidents", summary="Incidents", **documented(documents.Incidents, 422))
    def incidents(state: IncidentState | None = None, limit: Limit = 200) -> Response:
        """Open and taken: oldest first. Closed or all: newest first. What is on trial is no incident."""
        found = tuple(documents.incident_document(incident) for incident in desk.incidents(state, limit=limit))
        desk.export("incidents", len(found))
        return answer(documents.Incidents(time_zone=zone, now=documents.moment(desk.now()), incidents=found))

    @router.get("/incidents/{identifier}", summary="One incident", **documented(documents.OneIncident, 404, 422))
    def incident(identifier: Identifier) -> Response:
        found = desk.incident(identifier)
        return missing(identifier) if found is None else one_incident(desk, found)

    @router.get("/detections", summary="Detections", **documented(documents.Detections, 422))
    def detections(
        start: RangeStart,
        end: RangeEnd,
        sensor: str | None = None,
        limit: Limit = 1000,
    ) -> Response:
        """Detections with their onset in the range, newest first, those on trial included."""
        found = desk.detections(start=start.timestamp(), end=end.timestamp(), sensor=sensor, limit=limit)
        views = tuple(documents.detection_document(view) for view in found)
        desk.export("detections", len(views))
        return answer(documents.Detections(time_zone=zone, now=documents.moment(desk.now()), detections=views))

    @router.get("/misses", summary="Misses", **documented(documents.Misses, 422))
    def misses(limit: Limit = 200) -> Response:
        found = tuple(documents.miss_document(miss) for miss in desk.misses(limit=limit))
        desk.export("misses", len(found))
        return answer(documents.Misses(time_zone=zone, misses=found))

    @router.get("/notes", summary="Shift notes", **documented(documents.Notes, 422))
    def notes(since: Moment) -> Response:
        found = tuple(documents.note_document(note) for note in desk.shift_notes(since=since.timestamp()))
        return answer(documents.Notes(time_zone=zone, notes=found))

    return router


def levels(desk: DisclosingDesk) -> APIRouter:
    """Levels, as JSON and as CSV."""
    router = APIRouter(prefix="/api/v1", tags=["levels"])
    zone = desk.deployment().time_zone

    @router.get("/levels", summary="Levels of one sensor", **documented(documents.Levels, 404, 422))
    def of_sensor(sensor: str, start: RangeStart, end: RangeEnd) -> Response:
        """The range's energy means by part of the day in the site's zone, every stored minute in it, and every stored
        hour that ends in it."""
        if desk.sensor(sensor) is None:
            return missing(sensor)
        span = start.timestamp(), end.timestamp()
        return answer(
            documents.Levels(
                time_zone=zone,
                sensor=sensor,
                start=documents.moment(span[0]),
                end=documents.moment(span[1]),
                period=desk.period_levels(sensor, *span),
                minutes=tuple(map(documents.minute_document, desk.levels(sensor, *span))),
                hours=tuple(map(documents.hour_document, desk.hours(sensor, *span))),
            )
        )

    @router.get(
        "/levels.csv",
        summary="Levels of one sensor as CSV",
        responses={
            200: {"description": "Done", "content": {"text/csv": {"schema": {"type": "string"}}}},
            404: _described(Problem, "Not done"),
            422: _described(Problem, "Not done"),
        },
    )
    def as_csv(sensor: str, start: RangeStart, end: RangeEnd, part: Part = "minutes") -> Response:
        """One line a stored minute, or hour; moments in UTC, levels in dB, empty where nothing is known."""
        if desk.sensor(sensor) is None:
            return missing(sensor)
        span = start.timestamp(), end.timestamp()
        hours = part == "hours"
        lines = hour_lines(desk.hours(sensor, *span)) if hours else csv_lines(desk.levels(sensor, *span))
        name = f"{'hours' if hours else 'levels'}-{sensor}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)

    return router


def acting(desk: DisclosingDesk) -> APIRouter:
    """What a person may do through a program."""
    router = APIRouter(prefix="/api/v1", tags=["acting"])
    may_fail = documented(documents.OneIncident, 400, 404, 409, 422, 503)

    @router.post("/incidents/{identifier}/take", summary="Take an incident", **may_fail)
    def take(identifier: Identifier, asked: TakeRequest) -> Response:
        """The first to ask has it; the second is told who that was."""
        return act(desk, identifier, lambda: desk.take(identifier, asked.who))

    @router.post("/incidents/{identifier}/close", summary="Close an incident", **may_fail)
    def close(identifier: Identifier, asked: CloseRequest) -> Response:
        """With what was found and on what that rests. Take it first, or say ``"take": true``."""

        def closing() -> Incident:
            found = desk.incident(identifier)
            if found is not None and found.state is IncidentState.OPEN and not asked.take:
                raise IncidentConflict("nobody has taken this incident", None, 'Take it first, or say "take": true.')
            return desk.close(identifier, asked.who, asked.outcome, asked.basis, asked.note)

        return act(desk, identifier, closing)

    @router.post("/incidents/{identifier}/notes", summary="Add a note to an incident", **may_fail)
    def note(identifier: Identifier, asked: NoteRequest) -> Response:
        return act(desk, identifier, lambda: desk.note(identifier, asked.who, asked.text))

    @router.post("/misses", summary="Report a miss", **documented(documents.MissDocument, 400, 422, 503))
    def miss(asked: MissRequest) -> Response:
        reported = desk.report_miss(
            kind=asked.kind,
            happened=asked.happened.timestamp(),
            place_words=asked.place_words,
            basis=asked.basis,
            note=asked.note,
            who=asked.who,
        )
        return answer(documents.miss_document(reported))

    @router.post(
        "/notes", summary="Leave a note to the next shift", **documented(documents.NoteDocument, 400, 422, 503)
    )
    def shift_note(asked: NoteRequest) -> Response:
        return answer(documents.note_document(desk.write_shift_note(asked.who, asked.text)))

    return router


def act(desk: DisclosingDesk, identifier: int, doing: Callable[[], Incident]) -> Response:
    """Do something to an incident; 404 if there is none, 409 if somebody was first."""
    if desk.incident(identifier) is None:
        return missing(identifier)
    try:
        return one_incident(desk, doing())
    except IncidentConflict as error:
        return problem(409, "conflict", error, first=error.value if isinstance(error.value, str) else "")


def one_incident(desk: DisclosingDesk, incident: Incident) -> Response:
    """One incident as JSON."""
    return answer(
        documents.OneIncident(
            time_zone=desk.deployment().time_zone,
            now=documents.moment(desk.now()),
            incident=documents.incident_document(incident),
        )
    )


def missing(what: object) -> Response:
    """404."""
    return problem(404, "unknown", HubError("there is no such thing", what, "Ask for the list."))


def mount(app: FastAPI, desk: DisclosingDesk) -> None:
    """Serve the API and its description from ``app``."""
    for router in (reading(desk), levels(desk), acting(desk), reference.router):
        app.include_router(router)
    handle_errors(app)
    app.openapi = lambda: described(app)  # type: ignore[method-assign]


def handle_errors(app: FastAPI) -> None:
    """Whatever goes wrong under ``/api`` is told as a :class:`Problem`."""

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        if not request.url.path.startswith("/api/"):
            return await http_exception_handler(request, error)
        code = {400: "malformed", 404: "unknown", 405: "wrong-method"}.get(error.status_code, "not-done")
        told = answer(Problem(code=code, what=str(error.detail), remedy="See /api/docs."), error.status_code)
        told.headers.update(error.headers or {})
        return told

    @app.exception_handler(RequestValidationError)
    async def _wrong(_request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return answer(Problem(code="invalid", what=f"{where}: {first['msg']}"[:400], remedy="See /api/docs."), 422)

    @app.exception_handler(InvalidValue)
    async def _invalid(_request: Request, error: InvalidValue) -> Response:
        return problem(422, "invalid", error)

    @app.exception_handler(NotPermitted)
    async def _not_permitted(_request: Request, error: NotPermitted) -> Response:
        return problem(403, error.code, error)

    @app.exception_handler(StoreUnavailable)
    async def _unavailable(_request: Request, error: StoreUnavailable) -> Response:
        response = problem(503, "store-unavailable", error)
        response.headers["Retry-After"] = "5"
        return response


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the schemas of everything that is answered."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes, tags=reference.TAGS
        )
        kinds = (*documents.DOCUMENTS, documents.MissDocument, documents.NoteDocument, Problem)
        _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
        components = document.setdefault("components", {}).setdefault("schemas", {})
        components.update(schemas)
        secured(document)
        app.openapi_schema = document
    return app.openapi_schema


def secured(document: dict[str, Any]) -> None:
    """Say of each operation who may ask, as the table of routes has it, and that others get 401 and 403."""
    document["components"]["securitySchemes"] = SECURITY
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            need = need_of(method.upper(), path)
            if isinstance(need, Need) and need.power is Power.OPEN:
                operation["security"] = []
                continue
            operation["security"] = [{"token": []}, {"session": []}]
            operation["responses"].setdefault("401", _described(Problem, "Nobody is signed in"))
            operation["responses"].setdefault("403", _described(Problem, "This account may not, or is not told"))
