"""Whatever happens to a hub in whatever order, its log stays sound and continues every checkpoint ever seen."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from log_house import LogHouse

from clairvoie.boundary.entry import EntryKind
from clairvoie.oversight.mirror import Folder
from clairvoie.oversight.report import Report, check_succession
from clairvoie.oversight.verify import verify_log, verify_since


class Histories(RuleBasedStateMachine):
    """Acts, records, minutes, publications, restarts, backups, restores and erasures, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.house = LogHouse(Path(self.folder.name))
        self.house.open()
        self.seen: dict[tuple[int, int], bytes] = {}
        self.house.publisher.publish()
        self.backups = 0
        self.house.back_up("backup-0")

    def teardown(self) -> None:
        self.house.close()
        self.folder.cleanup()

    @rule(count=st.sampled_from([1, 2, 40, 255, 257]), public=st.booleans())
    def act(self, count: int, public: bool) -> None:
        self.house.acts(count, EntryKind.LIFE if public else EntryKind.LOOK)

    @rule(sensor=st.sampled_from(["mic-a", "mic-b"]), count=st.integers(1, 5))
    def hear(self, sensor: str, count: int) -> None:
        self.house.hear(sensor, *(b"body" for _ in range(count)))

    @rule()
    def minute(self) -> None:
        self.house.minute()

    @rule()
    def publish(self) -> None:
        self.house.publisher.publish()

    @rule()
    def restart(self) -> None:
        self.house.again()

    @rule()
    def back_up(self) -> None:
        self.backups += 1
        self.house.back_up(f"backup-{self.backups}")

    @rule(data=st.data(), count=st.integers(0, 3))
    def restore(self, data: st.DataObject, count: int) -> None:
        """A disk breaks after ``count`` more acts; what was published stays where it is."""
        self.house.acts(count)
        self.house.publisher.publish()
        self.house.restore(f"backup-{data.draw(st.integers(0, self.backups))}")

    @rule(number=st.integers(1, 400), kind=st.sampled_from([EntryKind.LIFE, EntryKind.LOOK]))
    def forget(self, number: int, kind: EntryKind) -> None:
        ledger, store = self.house.ledger, self.house.store
        if number % 5:
            store.submit(lambda c: ledger.forget(c, entries=range(number, number + 9), records=[number])).result()
        else:
            store.submit(lambda c: ledger.forget_before(c, frozenset({kind}), self.house.now)).result()

    @invariant()
    def what_is_published_is_sound_and_continues_what_was_seen(self) -> None:
        reports: list[Report] = []
        while (self.house.log / str(len(reports)) / "checkpoint").is_file():
            epoch = len(reports)
            folder, trust = self.house.log / str(epoch), self.house.trust(epoch)
            report = verify_log(Folder(folder), trust)
            reports.append(report)
            self.seen[epoch, report.size] = (folder / "checkpoint").read_bytes()
        assert [report.faults for report in check_succession(reports)] == [()] * len(reports)
        for (epoch, _), checkpoint in self.seen.items():
            source = Folder(self.house.log / str(epoch))
            assert verify_since(source, self.house.trust(epoch), checkpoint).faults == ()


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=15, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
