"""People and machines of a served hub, made at once: no password is computed, sessions begin in the store."""

from __future__ import annotations

from dataclasses import dataclass

from hub_street import Served
from sqlalchemy import insert

from clairvoie.boundary.accounts import AccountChange, Grant
from clairvoie.boundary.person import Area, Role
from clairvoie.hub import accounts_proposals, accounts_sessions
from clairvoie.hub.accounts_passwords import Passwords
from clairvoie.hub.accounts_schema import tokens

CHEAP = Passwords(passes=1, kibibytes=8, lanes=1)
"""For tests alone: argon2id that costs nothing."""
AREAS = (
    Area(id="here", polygon=((47.9, 1.9), (47.9, 2.1), (48.01, 2.1), (48.01, 1.9)), words="Here"),
    Area(id="elsewhere", polygon=((10.0, 10.0), (10.0, 11.0), (11.0, 11.0)), words="Elsewhere"),
)


@dataclass
class Staff:
    """Makes accounts, sessions and tokens in the store of a served hub."""

    served: Served

    def account(self, account: str, role: Role, *, recipient: str = "duty-desk", areas: tuple[str, ...] = ()) -> str:
        """Make or change an account named ``account``."""
        given = Grant(role=role, recipient=recipient, areas=areas)
        change = AccountChange(account=account, name=account.title(), grant=given)
        now = self.served.clock()
        self.served.hub.store.submit(lambda c: accounts_proposals.write_account(c, change, now)).result()
        return account

    def session(self, account: str) -> dict[str, str]:
        """Headers of a browser that is signed in, with the token of its forms."""
        now = self.served.clock()
        token = self.served.hub.store.submit(lambda c: accounts_sessions.begin(c, account, now)).result()
        cookie = f"clairvoie-session={token}"
        return {"cookie": cookie, "x-clairvoie-token": accounts_sessions.form_token(token)}

    def machine(self, name: str, recipient: str) -> dict[str, str]:
        """Headers of a machine with a token."""
        return self._token(name, "", recipient)

    def program(self, account: str) -> dict[str, str]:
        """Headers of a program of ``account``."""
        return self._token("program", account, "")

    def _token(self, label: str, account: str, recipient: str) -> dict[str, str]:
        made = accounts_sessions.PREFIX + accounts_sessions.new_secret()
        now = self.served.clock()
        row = {
            "digest": accounts_sessions.digest(made),
            "label": label,
            "account": account,
            "recipient": recipient,
            "made": now,
            "by": "somebody",
            "expires": now + 86_400,
        }
        self.served.hub.store.submit(lambda c: c.execute(insert(tokens).values(row)) and None).result()
        return {"authorization": f"Bearer {made}"}
