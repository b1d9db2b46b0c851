"""Settings come from the environment, typed and read once; unsafe production settings stop the start with the
list of reasons."""

from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core import addresses


class UnsafeSettings(RuntimeError):
    """The settings do not allow a start; the message lists every reason."""


def told(default: Any, what: str, **bounds: int) -> Any:
    """A setting with its line in docs/operations.md."""
    made: Any = Field(default=default, description=what, ge=bounds.get("ge"), le=bounds.get("le"))
    return made


class Settings(BaseSettings):
    """What an installation is told by its environment. Secrets can be given as files: NAME_FILE is not
    needed, systemd credentials set NAME."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    environment: Literal["demo", "test", "production"] = told(
        "production", "`production`, or `demo` for an installation to try it: there sandboxes are allowed."
    )
    instance: Path = told(Path("instance"), "The folder with the built static files (`static/`).")
    database_url: str = told(
        "",
        "PostgreSQL 15 or newer, as the application's login: postgresql+psycopg://user:password@host/database.",
    )
    owner_database_url: str = told("", "The same as the owner's login. For `flask migrate` only.")
    admin_database_url: str = told(
        "", "The same as an administrator's login. For `flask backup` and `flask restore` only."
    )
    redis_url: str = told(
        "", "Redis 7 or Valkey: rediss://:password@host. It holds nothing that may not be lost."
    )
    secret_key: str = told("", "At least 32 random characters, the same in every process.")
    smtp_url: str = told(
        "smtp://127.0.0.1:25", "The mail server: smtp://user:password@host:587 or smtps://..."
    )
    mail_from: str = told("no-reply@localhost", "The sender's address of every mail.")
    public_url: str = told("http://127.0.0.1:8400", "The distributor's own address; https:// in production.")
    stripe_sandbox_url: str = told("", "Stripe's sandbox of a demo; empty in production.")
    vendor_sandbox_url: str = told("", "The vendor simulator of a demo; empty in production.")
    inbox_url: str = told("", "The inbox of a demo; empty in production.")
    dns_server: str = told("", "host:port of one name server to ask instead of the system's.")
    names_url: str = told("", "The names of a demo; empty in production.")
    trusted_proxies: int = told(
        0,
        "How many reverse proxies of yours stand in front and set X-Forwarded-For, -Proto and -Host.",
        ge=0,
        le=5,
    )
    database_pool: int = told(5, "Connections that a process keeps, in each of its two pools.", ge=1)
    fragment_bytes: int = told(
        16 * 1024 * 1024, "Memory for rendered pieces of pages in each web process.", ge=0
    )
    worker_slots: int = told(16, "Outside calls that a worker makes at once.", ge=1, le=64)
    log_lines: Literal["", "json", "console"] = told(
        "", "`json` or `console`; empty: JSON in production, lines for people elsewhere."
    )
    access_log: Literal["changes", "all", "none"] = told(
        "changes", "Which requests leave a line: those that change something, all, or none."
    )
    metrics_token: str = told(
        "",
        "Who shows it may read `/metrics` and `/healthz?verbose`.",
    )

    @field_validator("database_url", "owner_database_url", "admin_database_url")
    @classmethod
    def _with_our_driver(cls, url: str) -> str:
        return addresses.postgres(url)

    @property
    def sandbox(self) -> bool:
        """Whether sandbox distributors, loopback vendors and plain http are allowed."""
        return self.environment != "production"

    @property
    def log_format(self) -> str:
        """JSON in production, for people elsewhere, unless LOG_LINES says otherwise."""
        return self.log_lines or ("console" if self.sandbox else "json")

    def problems(self, *, administrating: bool = False) -> list[str]:
        """Every reason, in words, why this installation must not start. Who is `administrating` (migrate,
        backup, restore) may be told the owner's login and the administrator's; what runs may not."""
        found: list[str] = []
        if not self.database_url:
            found.append("DATABASE_URL is not set: name the application's PostgreSQL login.")
        elif problem := addresses.database_problem(self.database_url):
            found.append(f"DATABASE_URL cannot be used: {problem}")
        if not self.redis_url:
            found.append("REDIS_URL is not set: name the Redis or Valkey server that rings the workers.")
        elif problem := addresses.redis_problem(self.redis_url):
            found.append(f"REDIS_URL cannot be used: {problem}")
        if len(self.secret_key) < 32:
            found.append("SECRET_KEY must have at least 32 characters.")
        if self.metrics_token and len(self.metrics_token) < 20:
            found.append("METRICS_TOKEN must have at least 20 characters, or be empty to switch metrics off.")
        if self.sandbox:
            return found
        if not self.public_url.startswith("https://"):
            found.append("PUBLIC_URL must begin with https:// in production; cookies and links depend on it.")
        if self.owner_database_url and not administrating:
            found.append(
                "OWNER_DATABASE_URL must be given to `flask migrate` only, not to the running application."
            )
        if self.admin_database_url and not administrating:
            found.append(
                "ADMIN_DATABASE_URL must be given to `flask backup` and `flask restore` only,"
                " not to the running application."
            )
        for name in ("stripe_sandbox_url", "vendor_sandbox_url", "inbox_url", "names_url"):
            if getattr(self, name):
                found.append(f"{name.upper()} belongs to the demo; production must not know it.")
        if (
            self.redis_url.startswith("redis://")
            and "@" not in self.redis_url
            and "127.0.0.1" not in self.redis_url
        ):
            found.append("REDIS_URL has no password: whoever can write there can ring the workers.")
        return found


@cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings()


def require_safe(*, administrating: bool = False) -> Settings:
    """The settings, or UnsafeSettings with all reasons at once."""
    if found := settings().problems(administrating=administrating):
        raise UnsafeSettings(
            "This installation must not start:\n" + "\n".join(f"  - {problem}" for problem in found)
        )
    return settings()
