"""``clairvoie account``: accounts, from the hub's own machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

account = typer.Typer(
    name="account",
    help="Accounts of a hub, from its own machine: make the first ones, list them.",
    no_args_is_help=True,
)
Hub = Annotated[Path, typer.Option("--hub", help="The hub's settings, a TOML file.", show_default=False)]


@account.command()
def create(
    account: Annotated[str, typer.Argument(help="a-z, 0-9 and inner hyphens.", show_default=False)],
    hub: Hub,
    role: Annotated[str, typer.Option(help="administrator; or the first supervisor or auditor.")] = "administrator",
    name: Annotated[str, typer.Option(help="As histories show it; without it, the account.")] = "",
    recipient: Annotated[str, typer.Option(help="The recipient of the authorisation for whom they act.")] = "",
    generate: Annotated[bool, typer.Option("--generate", help="Make a password and print it, once.")] = False,
) -> None:
    """Make an account with a password, or set a new password of an administrator.

    Administrators at any time; a supervisor or auditor only while nobody could approve one; everybody else is proposed
    by an administrator and approved by a second person, at the desk. The password is asked for twice, or made: it is
    never given on the command line, where other users of the machine could read it. What was done becomes an entry of
    the ledger as soon as the hub runs.
    """
    import secrets

    from clairvoie.boundary.accounts import AccountChange, Grant, check_password
    from clairvoie.boundary.person import Role
    from clairvoie.errors import ConfigurationError
    from clairvoie.server.application import settings_of
    from clairvoie.server.people import make_account_here

    if role not in set(Role):
        raise ConfigurationError("there is no such role", role, f"One of {', '.join(Role)}.")
    change = AccountChange(account=account, name=name or account, grant=Grant(role=Role(role), recipient=recipient))
    settings = settings_of(hub)
    if generate:
        password = "-".join(secrets.token_hex(3) for _ in range(5))
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt="The same again")
    make_account_here(settings, change, check_password(password, account))
    print(f"{account} can sign in as {role}.")
    if generate:
        print(f"Password, shown once: {password}")


@account.command("list")
def list_accounts(hub: Hub) -> None:
    """All accounts: name, role, recipient, areas, and whether they are active."""
    from clairvoie.server.application import settings_of
    from clairvoie.server.people import accounts_here

    for one in accounts_here(settings_of(hub)):
        given = one.grant
        where = " ".join(given.areas) or "everywhere"
        state = "active" if given.active else "deactivated"
        print(f"{one.account}\t{one.name}\t{given.role.value}\t{given.recipient or '-'}\t{where}\t{state}")
