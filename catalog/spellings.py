"""What a mistyped word may have meant: words of the shelf's products that look alike, and of them the one
with the fewest slips of the fingers (a letter more, less, other, or two in the wrong order)."""

from collections.abc import Sequence

from catalog.entries import SAMPLE
from core import doors
from core.doors import door

SHORTEST = 3

# Words are the distributor's; only those that are on the scope's own shelf are given back. A word that nobody
# has is looked for in the index, never row by row; the shelf is one of the words, so nothing else binds it.
# What much of the shelf has is met in its sample, and is not gathered only to say that it is there.
ON_THE_SHELF = f"""(EXISTS (SELECT 1 FROM search_texts t WHERE {SAMPLE} AND t.words @@ (shelf && {{word}}))
      OR EXISTS (SELECT 1 FROM search_texts t WHERE t.words @@ (shelf && {{word}})))"""  # noqa: S608 SQL of our own
NEAR = door(f"""
CREATE FUNCTION near_words_v2(p_words text[]) RETURNS TABLE (word text, known boolean, near text[]) AS $$
#variable_conflict use_column
DECLARE
  distributor uuid := current_setting('app.distributor_id')::uuid;
  reseller uuid := current_setting('app.reseller_id')::uuid;
  shelf tsquery := quote_literal('~' || reseller)::tsquery;
  typed text;
  scans text := current_setting('enable_seqscan');
BEGIN
  PERFORM set_config('pg_trgm.similarity_threshold', '0.2', true), set_config('enable_seqscan', 'off', true);
  FOREACH typed IN ARRAY p_words LOOP
    word := typed;
    known := {ON_THE_SHELF.format(word="to_tsquery('simple', quote_literal(unaccent(typed)) || ':*')")};
    near := CASE WHEN known OR length(typed) < 3 THEN '{{}}' ELSE ARRAY(
      SELECT n.word FROM (SELECT s.word FROM search_words s WHERE s.distributor_id = distributor AND s.word % typed
        ORDER BY similarity(s.word, typed) DESC, s.word LIMIT 20) n
      WHERE {ON_THE_SHELF.format(word="to_tsquery('simple', quote_literal(n.word))")}) END;
    RETURN NEXT;
  END LOOP;
  PERFORM set_config('enable_seqscan', scans, true);
END
$$""")  # noqa: E501, S608 SQL of our own


def meant(words: Sequence[str]) -> list[str]:
    """The words as they were probably meant; those that are known, or like no other, as they are."""
    found = {row.word: row.near for row in doors.call_here(NEAR, {"p_words": list(words)})}
    return [nearest(word, found.get(word) or ()) for word in words]


def nearest(word: str, candidates: Sequence[str]) -> str:
    """The candidate with the fewest slips, which may be one in a short word and two in a longer one; else the
    word itself. What is typed may be the beginning of it, which costs half a slip."""
    allowed = 1 if len(word) <= SHORTEST + 1 else 2
    judged = [
        (min(2 * slips(word, each), 2 * slips(word, each[: len(word)]) + 1), place, each)
        for place, each in enumerate(candidates)
    ]
    best = min(judged, default=None)
    return best[2] if best is not None and best[0] <= 2 * allowed else word


def slips(one: str, other: str) -> int:
    """Letters more, less, other or in the wrong order (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
