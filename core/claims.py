"""How tasks get into a worker's hands: door functions, because a claim looks over all distributors.

Claims come one after another (the lock ends with the statement), so that the second finds what the first left
instead of finding nothing. Each queue (distributor and lane) is looked at by itself, because one long queue
in front must not hide the others. A task whose advisory lock somebody else holds (a worker that froze) is put
off for a second, so that it does not stand in the way of the rest."""

from core.doors import door

CLAIM = door("""
CREATE FUNCTION claim_tasks_v1(worker uuid, wanted int, lanes jsonb, default_lease interval)
RETURNS TABLE (distributor_id uuid, id uuid, kind text, lane text, args jsonb, attempts bigint,
               intent_at timestamptz, intent_open boolean, business_offset interval,
               claimed_now timestamptz) AS $$
  SELECT pg_advisory_xact_lock(7, 1);
  WITH RECURSIVE queues AS (
    (SELECT t.distributor_id, t.lane FROM tasks t WHERE t.state IN ('pending', 'unknown')
     ORDER BY 1, 2 LIMIT 1)
    UNION ALL
    SELECT n.distributor_id, n.lane FROM queues q CROSS JOIN LATERAL (
      SELECT t.distributor_id, t.lane FROM tasks t
      WHERE t.state IN ('pending', 'unknown') AND (t.distributor_id, t.lane) > (q.distributor_id, q.lane)
      ORDER BY 1, 2 LIMIT 1) n
  ), free AS (
    SELECT q.distributor_id, q.lane, coalesce((lanes -> q.lane ->> 'slots')::int, 16) - (
      SELECT count(*) FROM tasks b
      WHERE b.distributor_id = q.distributor_id AND b.lane = q.lane AND b.leased_until > now()) AS slots
    FROM queues q
  ), due AS (
    SELECT f.distributor_id, d.id, d.next_at,
           row_number() OVER (PARTITION BY f.distributor_id, f.lane ORDER BY d.next_at, d.id) AS place
    FROM free f CROSS JOIN LATERAL (
      SELECT t.id, t.next_at FROM tasks t
      WHERE t.distributor_id = f.distributor_id AND t.lane = f.lane AND t.state IN ('pending', 'unknown')
        AND t.next_at <= now() AND (t.leased_until IS NULL OR t.leased_until <= now())
      ORDER BY t.next_at, t.id LIMIT greatest(least(f.slots, wanted), 0)) d
  ), fair AS (
    SELECT d.distributor_id, d.id FROM (
      SELECT *, row_number() OVER (PARTITION BY due.distributor_id ORDER BY place, due.next_at) AS turn
      FROM due) d
    ORDER BY d.turn, d.next_at LIMIT wanted
  ), held AS MATERIALIZED (
    SELECT t.distributor_id, t.id FROM tasks t
    JOIN fair f ON f.distributor_id = t.distributor_id AND f.id = t.id
    WHERE t.state IN ('pending', 'unknown') AND t.next_at <= now()
      AND (t.leased_until IS NULL OR t.leased_until <= now())
    FOR UPDATE OF t SKIP LOCKED
  ), locked AS MATERIALIZED (
    SELECT h.distributor_id, h.id, pg_try_advisory_lock(
      ('x' || right(replace(h.id::text, '-', ''), 16))::bit(64)::bigint) AS ours
    FROM held h
  ), taken AS (
    UPDATE tasks t SET
      leased_by = CASE WHEN l.ours THEN worker END,
      leased_until = CASE WHEN l.ours
        THEN now() + coalesce((lanes -> t.lane ->> 'lease')::interval, default_lease) END,
      next_at = CASE WHEN l.ours THEN t.next_at ELSE now() + interval '1 second' END
    FROM locked l WHERE t.distributor_id = l.distributor_id AND t.id = l.id
    RETURNING l.ours, t.distributor_id, t.id, t.kind, t.lane, t.args, t.attempts, t.intent_at, t.intent_open
  )
  SELECT t.distributor_id, t.id, t.kind, t.lane, t.args, t.attempts, t.intent_at, t.intent_open,
         o.business_offset, now()
  FROM taken t JOIN distributors o ON o.id = t.distributor_id WHERE t.ours
$$""")

DUE = door("""
CREATE FUNCTION due_tasks_v1() RETURNS TABLE (due bigint, oldest timestamptz) AS $$
  SELECT count(*), min(next_at) FROM (
    SELECT next_at FROM tasks WHERE state IN ('pending', 'unknown') AND next_at <= now()
      AND (leased_until IS NULL OR leased_until <= now()) LIMIT 1000) t
$$""")

PERIODIC = door("""
CREATE FUNCTION ensure_periodic_v1(kinds text[]) RETURNS TABLE (made bigint) AS $$
  WITH added AS (
    INSERT INTO tasks (distributor_id, id, kind, key, lane, args, state, next_at, created_at, attempts,
                       intent_open, note)
    SELECT d.id, gen_random_uuid(), k, 'every:' || k, k, '{}', 'pending', now(), now(), 0, false, ''
    FROM distributors d CROSS JOIN unnest(kinds) k ON CONFLICT DO NOTHING RETURNING 1
  ) SELECT count(*) FROM added
$$""")
