"""``clairvoie authorise``, from the first key to a suspension and a new charter, in files as people would keep them."""

from __future__ import annotations

import datetime
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from told import told

from clairvoie.boundary.authorisation import ObservationKind, Reporting, decode_authorisation
from clairvoie.boundary.charter import Signer, charter_digest, decode_charter
from clairvoie.boundary.document import decode_document
from clairvoie.boundary.standing import standing_of
from clairvoie.cli.authorise_files import digits, file_into, make_key, put
from clairvoie.errors import ClairvoieError, ConfigurationError, OversightError
from clairvoie.oversight.answers import ending
from clairvoie.oversight.before_deploying import BEFORE_YOU_DEPLOY

ROLES = {
    "authority": "Le maire de Saint-Jean",
    "dpo": "La déléguée à la protection des données",
    "board": "Le comité de surveillance",
}
ANSWERS = """\
authority = "Le maire de Saint-Jean"
purpose = "Mesurer le bruit de nuit le long du canal"
impact_assessment = "Analyse du 2 octobre 2026"
contact = "dpo@saint-jean.example"
starts = 2026-11-01
ends = 2027-10-11
sensors = ["quai-1", "quai-2"]
polygon = "48.8566 2.3522; 48.8570 2.3560; 48.8550 2.3570; 48.8548 2.3530"
hours = "22:00-07:00"

[[legal_texts]]
title = "Arrêté municipal no 2026-118"
date = 2026-10-12
until = 2027-10-11
"""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three people's keys and a charter that needs two of them."""
    monkeypatch.chdir(tmp_path)
    for role, holder in ROLES.items():
        told(f"key {role} --holder '{holder}'")
    cards = " ".join(f"--role {role}.card.json" for role in ROLES)
    told(f"charter charter.json --deployment saint-jean {cards}")
    (tmp_path / "answers.toml").write_text(ANSWERS, encoding="utf-8")
    return tmp_path


def drafted(office: Path, more: str = "", name: str = "act.json") -> Path:
    (office / "more.toml").write_text(more + ANSWERS, encoding="utf-8")
    told(f"draft {name} --answers more.toml")
    return office / name


def signed(office: Path, more: str = "", name: str = "act.json", by: tuple[str, ...] = ("authority", "dpo")) -> Path:
    path = drafted(office, more, name)
    for role in by:
        told(f"sign {name} --key {role}.pem --yes")
    return path


def test_draft_begins_with_what_comes_before_and_ends_with_who_signs_next(office: Path) -> None:
    for language in ("fr", "en"):
        said = told(f"draft {language}.json --answers answers.toml --language {language}")
        assert said.index(BEFORE_YOU_DEPLOY[0].to(language)[:60]) < 60
        assert all(f"{role} ({holder})" in said for role, holder in ROLES.items())
        assert f"authorise sign {language}.json" in said
    act = decode_authorisation(decode_document((office / "fr.json").read_bytes()).body)
    assert (act.deployment, act.hazards, act.recipients) == ("saint-jean", (), ())
    assert act.observations == (ObservationKind.LEVELS,)
    assert act.ends == ending("2027-10-11", "Europe/Paris")


def test_two_of_three_sign_and_each_time_the_missing_are_named(office: Path) -> None:
    drafted(office)
    with pytest.raises(OversightError, match=r"needs 2.*authority, dpo, board"):
        told("check act.json")
    first = told("sign act.json --key authority.pem --role authority --yes --language en")
    assert "Still missing: 1 more signature(s), of: dpo" in first
    assert first.index("What it does not allow") < first.index("You are about to sign this as authority")
    with pytest.raises(OversightError, match=r"needs 2.*have not signed: dpo, board"):
        told("check act.json")
    again = told("sign act.json --key authority.pem --yes --language en")
    assert "Still missing: 1 more" in again
    second = told("sign act.json --key board.pem --yes --language fr --into authorisations")
    assert "Il a toutes les signatures nécessaires." in second
    (filed,) = (office / "authorisations").glob("*.json")
    assert filed.read_bytes() == (office / "act.json").read_bytes()
    assert stat.S_IMODE(filed.stat().st_mode) == 0o644
    assert [path.name for path in (office / "authorisations").iterdir()] == [filed.name]
    checked = told("check act.json --language en")
    assert f"Valid under charter {charter_digest((office / 'charter.json').read_bytes())}." in checked
    assert "Signed by: authority (Le maire de Saint-Jean), board (Le comité de surveillance)" in checked


def test_nothing_is_signed_without_a_yes(office: Path) -> None:
    before = drafted(office).read_bytes()
    for lines in ("no\n", "\n"):
        with pytest.raises(OversightError, match="Nothing was signed"):
            told("sign act.json --key dpo.pem --language en", lines)
    assert (office / "act.json").read_bytes() == before
    told("sign act.json --key dpo.pem --language en", "yes\n")
    assert len(decode_document((office / "act.json").read_bytes()).signatures) == 1


def test_a_key_signs_for_its_own_role_only_and_a_strangers_for_none(office: Path) -> None:
    before = drafted(office).read_bytes()
    told("key stranger --holder Somebody")
    for options in ("--key stranger.pem", "--key dpo.pem --role authority", "--key keys/leases.pem"):
        with pytest.raises(ConfigurationError, match="this key is not that of"):
            told(f"sign act.json --yes {options}")
    assert (office / "act.json").read_bytes() == before


def test_a_key_that_others_may_read_is_not_used(office: Path) -> None:
    drafted(office)
    (office / "dpo.pem").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        told("sign act.json --key dpo.pem --yes")


def test_a_protected_key_asks_for_its_passphrase(office: Path) -> None:
    made = make_key(office / "clerk.pem", b"secret")
    card = Signer(id="clerk", holder="The clerk", public_key=digits(made))
    (office / "clerk.card.json").write_bytes(msgspec.json.encode(card))
    told("charter other.json --deployment saint-jean --role clerk.card.json --threshold 1")
    drafted(office)
    with pytest.raises(ConfigurationError, match="passphrase is wrong"):
        told("sign act.json --charter other.json --key clerk.pem --yes", "guess\n")
    said = told("sign act.json --charter other.json --key clerk.pem --yes --language en", "secret\n")
    assert "It has the signatures that it needs." in said
    assert "secret" not in said


def test_keys_are_their_holders_own_and_never_overwritten(office: Path) -> None:
    assert stat.S_IMODE((office / "dpo.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((office / "keys").stat().st_mode) == 0o700
    assert b"PRIVATE" not in (office / "dpo.card.json").read_bytes()
    key = (office / "dpo.pem").read_bytes()
    with pytest.raises(ConfigurationError, match="File exists"):
        told("key dpo --holder Another")
    assert (office / "dpo.pem").read_bytes() == key
    with pytest.raises(ConfigurationError, match="such a file already"):
        told("charter charter.json --deployment x --role dpo.card.json --threshold 1")


def test_check_tells_what_a_new_act_widens_of_the_one_before(office: Path) -> None:
    signed(office)
    signed(
        office,
        f'number = 2\nhazards = ["glass-breaking"]\nmodels = "{"a" * 64}"\nretention_levels = 30\n',
        "second.json",
    )
    said = told("check second.json --language en")
    assert "Compared with act 1, which it replaces:" in said
    assert "Widens: Hazards, added: breaking glass" in said
    assert "Narrows: Retention, days: levels_days 365 becomes levels_days 30" in said
    assert said.index("Widens:") < said.index("Narrows:")
    assert "Look again: It allows alerts." in said
    assert "Nothing differs." in told("check second.json --replaces second.json --language en")
    assert "Élargit: Dangers, ajouté : bris de verre" in told("check second.json --language fr")


def test_sign_shows_what_is_widened_before_it_signs(office: Path) -> None:
    signed(office)
    told("sign act.json --key authority.pem --yes --into authorisations")
    drafted(office, "number = 2\nlease_minutes = 60\n", "second.json")
    said = told("sign second.json --key dpo.pem --yes --into authorisations --language en")
    assert "Widens: Lease: 15 minutes becomes 60 minutes" in said
    assert said.index("Widens:") < said.index("You are about to sign")


def test_any_one_role_suspends_a_part_or_all_of_an_act(office: Path) -> None:
    act = signed(office)
    told("sign act.json --key authority.pem --yes --into authorisations")
    charter = decode_charter((office / "charter.json").read_bytes())
    thing = Reporting("quai-1", ObservationKind.LEVELS)
    since = "--since 2026-11-20T08:00:00+01:00"
    night = datetime.datetime(2026, 12, 1, 23, tzinfo=datetime.UTC).timestamp()

    def denial(sensor: str) -> str | None:
        documents = [decode_document(path.read_bytes()) for path in (office / "authorisations").glob("*.json")]
        return standing_of(charter, documents)[0].denial(thing._replace(sensor=sensor), night)

    assert (denial("quai-1"), denial("quai-2")) == (None, None)
    told(f"suspend act.json --key board.pem --reason 'A complaint' --sensor quai-1 --into authorisations {since}")
    assert (denial("quai-1"), denial("quai-2")) == ("suspended", None)
    said = told(
        f"suspend act.json --key dpo.pem --reason 'All of it' --into authorisations --to all.json --language en {since}"
    )
    assert (denial("quai-1"), denial("quai-2")) == ("suspended", "suspended")
    assert "everything. Reason: All of it." in said
    assert "One role's signature is enough" in told("check all.json --language en")
    assert act.exists()
    assert "Suspended from" in told("check act.json --language en")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--sensor quai-9", "no such sensors"),
        ("--hazard fire", "no such hazards"),
        ("--recipient desk", "no such recipients"),
        ("--since tomorrow", "not a moment"),
        ("--since 2026-12-01T08:00:00", "without its offset"),
    ],
)
def test_a_suspension_that_would_suspend_nothing_is_refused(office: Path, options: str, message: str) -> None:
    signed(office)
    with pytest.raises(ConfigurationError, match=message):
        told(f"suspend act.json --key dpo.pem --reason x --to s.json {options}")
    assert not (office / "s.json").exists()


def test_a_stranger_suspends_nothing(office: Path) -> None:
    signed(office)
    told("key stranger --holder Somebody")
    with pytest.raises(ConfigurationError, match="not that of any role"):
        told("suspend act.json --key stranger.pem --reason x --into authorisations")
    assert not (office / "authorisations").exists()


def test_show_says_the_act_and_draws_the_page_in_both_languages(office: Path) -> None:
    signed(office)
    said = told("show act.json --language fr --html act.html")
    assert "Ce qu’il n’autorise pas" in said
    page = (office / "act.html").read_text(encoding="utf-8")
    assert '<html lang="fr">' in page
    assert "What it does not allow" not in page
    told("show act.json --language both --html both.html")
    both = (office / "both.html").read_text(encoding="utf-8")
    assert "What it does not allow" in both
    assert "Ce qu’il n’autorise pas" in both
    (office / "charter.json").rename(office / "elsewhere.json")
    assert "Signatures not checked" in told("show act.json --language en")


def test_a_signed_act_is_where_its_successor_starts(office: Path) -> None:
    signed(office)
    told("draft next.json --from act.json --answers answers.toml")
    act = decode_authorisation(decode_document((office / "next.json").read_bytes()).body)
    assert act.number == 2
    with pytest.raises(ConfigurationError, match="such a file already"):
        told("draft act.json --from act.json --answers answers.toml")
    told("draft next.json --from next.json --answers answers.toml")
    again = decode_authorisation(decode_document((office / "next.json").read_bytes()).body)
    assert again.number == 2


def test_a_new_charter_is_drafted_signed_by_old_and_new_roles_and_adopted(office: Path) -> None:
    told("key mayor --holder 'La nouvelle maire'")
    cards = " ".join(f"--role {role}.card.json" for role in ("mayor", "dpo", "board"))
    told(f"charter next.json --deployment saint-jean {cards} --replaces charter.json")
    told("sign next.json --charter charter.json --key mayor.pem --yes")
    told("sign next.json --charter charter.json --key dpo.pem --yes")
    with pytest.raises(ClairvoieError, match="roles of charter 1"):
        told("adopt next.json new.json --replaces charter.json")
    with pytest.raises(ClairvoieError, match="roles of charter 1"):
        told("check next.json --charter charter.json")
    told("sign next.json --charter charter.json --key authority.pem --yes")
    assert "A valid successor of charter 1." in told("check next.json --charter charter.json --language en")
    said = told("adopt next.json new.json --replaces charter.json --language en")
    new = decode_charter((office / "new.json").read_bytes())
    assert (new.number, [role.id for role in new.roles]) == (2, ["mayor", "dpo", "board"])
    assert charter_digest((office / "new.json").read_bytes()) in said


def test_filing_adds_signatures_to_those_that_are_there(office: Path) -> None:
    drafted(office)
    plain = (office / "act.json").read_bytes()
    for role in ("authority", "dpo"):
        (office / f"{role}.json").write_bytes(plain)
        told(f"sign {role}.json --key {role}.pem --yes --into authorisations")
    (filed,) = (office / "authorisations").glob("*.json")
    charter = decode_charter((office / "charter.json").read_bytes())
    assert charter.roles_that_signed(decode_document(filed.read_bytes())) == {"authority", "dpo"}


def test_another_document_is_never_overwritten_in_the_folder(office: Path) -> None:
    first, second = drafted(office), drafted(office, "number = 2\n", "second.json")
    document, other = (decode_document(path.read_bytes()) for path in (first, second))
    folder = office / "authorisations"
    put(folder / f"{document.digest[:16]}.json", msgspec.json.encode(other))
    with pytest.raises(ConfigurationError, match="another document has this name"):
        file_into(folder, document)


@pytest.mark.parametrize("line", ["check missing.json", "check answers.toml", "sign charter.json --key dpo.pem --yes"])
def test_errors_are_one_line_and_the_exit_status_is_one(office: Path, line: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clairvoie", "authorise", *shlex.split(line)],
        cwd=office, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("clairvoie: ")


def test_what_a_document_holds_is_never_taken_for_markup(office: Path) -> None:
    (office / "answers.toml").write_text(ANSWERS.replace("Le maire de Saint-Jean", "[red]Le maire[/red] {x}"))
    told("draft odd.json --answers answers.toml")
    assert "[red]Le maire[/red] {x}" in told("show odd.json --language en")
