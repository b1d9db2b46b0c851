"""Templates compiled once per test process. Every test makes an application of its own, and an application
compiles what it draws: two thirds of the time of a test of pages."""

from types import CodeType

from flask import Flask
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from core.languages import SOURCE, TESTERS


class Compiled(BytecodeCache):
    """Kept by name, file, content and language: words stand in compiled templates. A language that a test
    brings is never kept, its words may be other ones in the next test."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """What an application before compiled."""
        bucket.code = self._kept.get(known_by(bucket))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """For the next application."""
        if bucket.code and language_of(bucket.environment) in (None, SOURCE, *TESTERS):
            self._kept[known_by(bucket)] = bucket.code


def known_by(bucket: Bucket) -> tuple[object, ...]:
    """All that a compiled template depends on."""
    extensions = tuple(sorted(bucket.environment.extensions))
    return bucket.key, bucket.checksum, language_of(bucket.environment), extensions


def language_of(environment: Environment) -> str | None:
    """What whitelabel_themes.loader compiles for; None for templates whose words are said when drawn."""
    say = getattr(environment, "say", None)
    return say.args[0] if say else None


def share() -> None:
    """From now on every application takes what was compiled before."""
    Flask.jinja_options = {"bytecode_cache": Compiled()}
