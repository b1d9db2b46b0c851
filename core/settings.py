"""Settings come from the environment, typed and read once; unsafe production settings stop the start with the
list of reasons."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class UnsafeSettings(RuntimeError):
    """The settings do not allow a start; the message lists every reason."""


class Settings(BaseSettings):
    """What an installation is told by its environment. Secrets can be given as files: NAME_FILE is not
    needed, systemd credentials set NAME."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    environment: Literal["demo", "test", "production"] = "production"
    instance: Path = Path("instance")
    database_url: str = ""
    owner_database_url: str = ""
    redis_url: str = ""
    secret_key: str = ""
    smtp_url: str = "smtp://127.0.0.1:25"
    mail_from: str = "no-reply@localhost"
    public_url: str = "http://127.0.0.1:8400"
    stripe_sandbox_url: str = ""
    vendor_sandbox_url: str = ""
    inbox_url: str = ""
    dns_server: str = ""  # host:port of one name server to ask instead of the system's
    names_url: str = ""
    trusted_proxies: int = Field(default=0, ge=0, le=5)
    database_pool: int = Field(default=5, ge=1)
    fragment_bytes: int = Field(default=16 * 1024 * 1024, ge=0)
    worker_slots: int = Field(default=16, ge=1, le=64)
    log_lines: Literal["", "json", "console"] = ""
    access_log: Literal["changes", "all", "none"] = "changes"
    metrics_token: str = ""

    @property
    def sandbox(self) -> bool:
        """Whether sandbox distributors, loopback vendors and plain http are allowed."""
        return self.environment != "production"

    @property
    def log_format(self) -> str:
        """JSON in production, for people elsewhere, unless LOG_LINES says otherwise."""
        return self.log_lines or ("console" if self.sandbox else "json")

    def problems(self) -> list[str]:
        """Every reason, in words, why this installation must not start."""
        found: list[str] = []
        if not self.database_url:
            found.append("DATABASE_URL is not set: name the application's PostgreSQL login.")
        if not self.redis_url:
            found.append("REDIS_URL is not set: name the Redis or Valkey server that rings the workers.")
        if len(self.secret_key) < 32:
            found.append("SECRET_KEY must have at least 32 characters.")
        if self.metrics_token and len(self.metrics_token) < 20:
            found.append("METRICS_TOKEN must have at least 20 characters, or be empty to switch metrics off.")
        if self.sandbox:
            return found
        if not self.public_url.startswith("https://"):
            found.append("PUBLIC_URL must begin with https:// in production; cookies and links depend on it.")
        if self.owner_database_url:
            found.append(
                "OWNER_DATABASE_URL must be given to `flask migrate` only, not to the running application."
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


def require_safe() -> Settings:
    """The settings, or UnsafeSettings with all reasons at once."""
    if found := settings().problems():
        raise UnsafeSettings(
            "This installation must not start:\n" + "\n".join(f"  - {problem}" for problem in found)
        )
    return settings()
