"""What each route needs: one table. A route that is not in it is refused, so nothing is ever open by oversight.

Doors of nodes are ``OPEN`` here because who comes in there is told by signatures, not by an account. A person's token
for forms is asked for wherever something changes and the request rests on a cookie, whatever this table says.
"""

from __future__ import annotations

from typing import NamedTuple

from starlette.routing import compile_path

from clairvoie.boundary.person import Power


class Need(NamedTuple):
    """What one route needs. ``anonymous``: nobody is looked up for it, because it answers everybody alike. ``export``:
    what it gives leaves the desk, so it is an entry of the ledger."""

    method: str
    path: str
    power: Power
    anonymous: bool = False
    export: bool = False


_OPEN, _FIGURES, _INCIDENTS, _ACT = Power.OPEN, Power.READ_FIGURES, Power.READ_INCIDENTS, Power.ACT
_LEVELS = Power.READ_LEVELS

NEEDS: tuple[Need, ...] = (
    # For everybody
    Need("GET", "/static/{path:path}", _OPEN, anonymous=True),
    Need("GET", "/healthz", _OPEN, anonymous=True),
    Need("GET", "/readyz", _OPEN, anonymous=True),
    Need("GET", "/sign-in", _OPEN),
    Need("POST", "/sign-in", _OPEN),
    Need("POST", "/preferences", _OPEN),
    Need("GET", "/invitation", _OPEN),
    Need("POST", "/invitation", _OPEN),
    Need("GET", "/api/docs", _OPEN),
    Need("GET", "/api/openapi.json", _OPEN, anonymous=True),
    # The published ledger and the acts: public by design
    Need("GET", "/tlog/{path:path}", _OPEN, anonymous=True),
    Need("GET", "/api/v1/ledger/checkpoint", _OPEN, anonymous=True),
    Need("GET", "/api/v1/ledger/inclusion", _OPEN, anonymous=True),
    Need("GET", "/api/v1/authorisations", _OPEN),
    # Doors of nodes: signatures decide
    Need("POST", "/api/v1/records", _OPEN, anonymous=True),
    Need("POST", "/api/v1/live", _OPEN, anonymous=True),
    Need("POST", "/api/v1/leases", _OPEN, anonymous=True),
    Need("GET", "/api/v1/grants", _OPEN, anonymous=True),
    # Figures
    Need("GET", "/metrics", _LEVELS),
    Need("GET", "/api/v1/latency", _FIGURES),
    Need("GET", "/events", _FIGURES),
    Need("GET", "/fragments/strip", _FIGURES),
    Need("GET", "/map.geojson", _LEVELS),
    Need("GET", "/sensors", _FIGURES),
    Need("GET", "/sensors/{sensor}", _FIGURES),
    Need("GET", "/sensors/{sensor}/facts", _FIGURES),
    Need("GET", "/sensors/{sensor}/said", _FIGURES),
    Need("GET", "/sensors/{sensor}/day", _FIGURES),
    Need("GET", "/sensors/{sensor}/sign", _FIGURES),
    Need("GET", "/sensors/{sensor}/life", _FIGURES),
    Need("GET", "/levels", _FIGURES),
    Need("GET", "/levels.json", _LEVELS),
    Need("GET", "/levels/newest.json", _LEVELS),
    Need("GET", "/levels.csv", Power.EXPORT, export=True),
    Need("GET", "/outcomes", _FIGURES),
    Need("GET", "/authorisations", _FIGURES),
    Need("GET", "/authorisations/{digest}", _FIGURES),
    Need("GET", "/authorisations/{digest}/map", _FIGURES),
    Need("GET", "/ledger", _FIGURES),
    Need("GET", "/api/v1/outcomes", _FIGURES),
    Need("GET", "/api/v1/sensors", _LEVELS),
    Need("GET", "/api/v1/levels", _LEVELS),
    Need("GET", "/api/v1/levels.csv", Power.EXPORT, export=True),
    # Incidents
    Need("GET", "/", _INCIDENTS),
    Need("GET", "/fragments/queue", _INCIDENTS),
    Need("GET", "/map/state", _INCIDENTS),
    Need("GET", "/incidents", _INCIDENTS),
    Need("GET", "/incidents/{number}", _INCIDENTS),
    Need("GET", "/handover", _INCIDENTS),
    Need("GET", "/misses", _INCIDENTS),
    Need("GET", "/trial", _INCIDENTS),
    Need("GET", "/api/v1/incidents", _INCIDENTS),
    Need("GET", "/api/v1/incidents/{identifier}", _INCIDENTS),
    Need("GET", "/api/v1/detections", _INCIDENTS),
    Need("GET", "/api/v1/misses", _INCIDENTS),
    Need("GET", "/api/v1/notes", _INCIDENTS),
    # What a person at the desk does
    Need("POST", "/incidents/{number}/take", _ACT),
    Need("POST", "/incidents/{number}/close", _ACT),
    Need("POST", "/incidents/{number}/note", _ACT),
    Need("POST", "/misses", _ACT),
    Need("POST", "/trial/detections/{number}", _ACT),
    Need("POST", "/trial/{sensor}/{kind}/withdraw", _ACT),
    Need("POST", "/trial/{sensor}/{kind}/queue", Power.PROMOTE),
    Need("POST", "/handover/notes", _ACT),
    Need("POST", "/api/v1/incidents/{identifier}/take", _ACT),
    Need("POST", "/api/v1/incidents/{identifier}/close", _ACT),
    Need("POST", "/api/v1/incidents/{identifier}/notes", _ACT),
    Need("POST", "/api/v1/misses", _ACT),
    Need("POST", "/api/v1/notes", _ACT),
    # One's own account
    Need("POST", "/sign-out", Power.OWN),
    Need("GET", "/account", Power.OWN),
    Need("POST", "/account/password", Power.OWN),
    Need("POST", "/account/sign-out-everywhere", Power.OWN),
    Need("POST", "/account/tokens", Power.OWN),
    Need("POST", "/account/tokens/{number}/revoke", Power.OWN),
    # Accounts, what waits for a second person, who looked at what
    Need("GET", "/accounts", Power.ADMINISTER),
    Need("POST", "/accounts", Power.ADMINISTER),
    Need("GET", "/accounts/{account}", Power.ADMINISTER),
    Need("POST", "/accounts/{account}", Power.ADMINISTER),
    Need("POST", "/accounts/{account}/invitation", Power.ADMINISTER),
    Need("POST", "/accounts/{account}/new-password", Power.ADMINISTER),
    Need("POST", "/accounts/{account}/sign-out", Power.ADMINISTER),
    Need("POST", "/machines", Power.ADMINISTER),
    Need("POST", "/machines/{number}/issue", Power.ADMINISTER),
    Need("POST", "/machines/{number}/revoke", Power.ADMINISTER),
    Need("GET", "/proposals", Power.OWN),
    Need("POST", "/proposals/{number}", Power.OWN),
    Need("GET", "/access", Power.READ_ACCESS),
    Need("GET", "/access.csv", Power.READ_ACCESS, export=True),
)

_COMPILED = tuple((compile_path(need.path)[0], need) for need in NEEDS)


def need_of(method: str, path: str) -> Need | frozenset[str]:
    """What this request needs. A path that is there under other methods gives those; one that is not, none.

    >>> need_of("HEAD", "/healthz").power.value, sorted(need_of("DELETE", "/healthz")), need_of("GET", "/elsewhere")
    ('open', ['GET'], frozenset())
    """
    methods = []
    asked = "GET" if method == "HEAD" else method
    for pattern, need in _COMPILED:
        if pattern.match(path) is not None:
            if need.method == asked:
                return need
            methods.append(need.method)
    return frozenset(methods)
