"""Rings RQ after a commit: best effort, carries nothing but the queue's name (promises A2). This is the only file that calls RQ's queue;
whether the bell is heard decides how fast a task starts, never whether it is done."""

import time
from functools import cache

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from core.settings import settings

QUEUE = "due"
ENOUGH = 4  # rings waiting; more would only wake workers that find nothing
QUIET = 1.0  # seconds without ringing after Redis did not answer, so that a page never waits for it twice

_silent_until = 0.0


@cache
def connection() -> Redis:
    """The connection of this process; short limits, because nobody may wait for a bell."""
    return Redis.from_url(settings().redis_url, socket_connect_timeout=0.2, socket_timeout=1.0)


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
            queue().enqueue("core.drain.answer_the_bell", job_timeout=-1, result_ttl=0, failure_ttl=60)
    except (RedisError, OSError):
        _silent_until = time.monotonic() + QUIET
