"""Rings RQ after a commit, and listens for it in a worker: best effort, carries nothing but the queue's name
(docs/architecture.md, durable tasks). This is the only file that calls RQ; whether the bell is heard decides
how fast a task starts, never whether it is done."""

import time
from collections.abc import Callable
from functools import cache

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from core.settings import settings

log = structlog.get_logger("doorbell")

QUEUE = "due"
ENOUGH = 4  # rings waiting; more would only wake workers that find nothing
QUIET = 1.0  # seconds without ringing after Redis did not answer, so that a page never waits for it twice

_silent_until = 0.0


@cache
def connection() -> Redis:
    """The connection of this process; short limits and no second try, because nobody may wait for a bell."""
    return Redis.from_url(  # pyright: ignore[reportUnknownMemberType]  its options have no types
        settings().redis_url, socket_connect_timeout=0.2, socket_timeout=0.5, retry=Retry(NoBackoff(), 0)
    )


@cache
def queue() -> Queue:
    """The one queue; every worker listens to this one only."""
    return Queue(QUEUE, connection=connection(), serializer=JSONSerializer)


def ring() -> None:
    """Wakes a worker. Says nothing when Redis is away: the dispatcher's look is the net."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        if queue().count < ENOUGH:
            queue().enqueue(  # pyright: ignore[reportUnknownMemberType]  its options have no types
                "core.drain.answer_the_bell", job_timeout=-1, result_ttl=0, failure_ttl=60
            )
    except (RedisError, OSError):
        _silent_until = time.monotonic() + QUIET


class Listener(SimpleWorker):
    """RQ's worker in one process: a fork for each ring would open the database anew each time."""

    max_connection_wait_time = 1.0  # a Redis that was away is heard again soon
    on_stop: Callable[[], None] = staticmethod(lambda: None)

    def handle_warm_shutdown_request(self) -> None:
        """SIGTERM: what is under way is finished, nothing new is begun."""
        self.on_stop()


def listen(on_stop: Callable[[], None]) -> None:
    """Answers rings until SIGTERM or SIGINT. It has a connection of its own, because RQ gives a listener's
    socket minutes to answer; and it begins anew when Redis went away in the middle of a job."""
    while True:
        listener = Listener(
            [QUEUE],
            connection=Redis.from_url(  # pyright: ignore[reportUnknownMemberType]  its options have no types
                settings().redis_url, retry=Retry(NoBackoff(), 0)
            ),
            serializer=JSONSerializer,
        )
        listener.on_stop = on_stop
        try:
            listener.work(logging_level="ERROR")
            return
        # Redis was away or wiped while RQ wrote down what became of a ring: nothing of ours is lost
        except Exception as error:
            log.warning("doorbell.begins_anew", error=f"{type(error).__name__}: {error}")
            time.sleep(QUIET)
