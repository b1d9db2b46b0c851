"""The mailer is killed again and again (QC9): every mail arrives, and a second time only where the process
died between the server's answer and our note of it."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from partners import invitations
from tests.fast_worker import Worker
from tests.resilience.conftest import Trade, size


@pytest.mark.promise("QC9")
def test_a_mailer_killed_at_every_mail_sends_each_at_least_once_and_at_most_twice(
    trade: Trade, tmp_path: Path
) -> None:
    kills = size(usual=8, campaign=100)
    for number in range(kills):
        with trade.world.acting("brightfield"):
            invitations.invite_customer("Ferrow", email=f"finn{number}@ferrow.example", name="Finn", by="Bea")
        point = ("mail.before_send", "mail.sent")[number % 2]
        worker = Worker(tmp_path, f"mailer{number}", fault=f"{point}:kill", slots=1)
        assert worker.wait(30) == -signal.SIGKILL
        trade.time_passes()
        trade.work()  # by the time of the next death this one is done
    assert trade.unfinished() == 0
    arrived = Counter(mail["message_id"] for mail in trade.office.mails(limit="100000"))
    assert len(arrived) == kills
    assert set(arrived.values()) <= {1, 2}
    assert sum(arrived.values()) - kills <= kills // 2
