"""The servers and simulators of a sweep by itself; in the tests they are those of the suite."""

import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import app
from core import db, roles
from storefront import schema
from tests import compiled, conftest, machines
from tests import world as worlds
from tests.copies import Copies, quick_folder
from tests.line_kills.stage import Stage
from tests.mail.conftest import PostOffice
from tests.sandbox.stripe.world import StripeSandbox
from tests.scenes import Scenes
from tests.vendors import running_vendor
from whitelabel_themes import assets


@contextmanager
def running(room: Path) -> Generator[Stage]:
    """Everything that the stories need."""
    compiled.share()
    with ExitStack() as stack:
        quick = stack.enter_context(quick_folder(room / "pg"))
        postgres = stack.enter_context(machines.postgres(quick / "data", conftest.FAST))
        valkey = stack.enter_context(machines.valkey(room / "valkey"))
        roles.create(postgres.admin_url(), "shop")
        assets.build(room / "static")
        office = PostOffice(_made(room / "inbox"))
        os.environ |= {
            "ENVIRONMENT": "test",
            "DATABASE_URL": conftest.login(postgres, "app"),
            "REDIS_URL": valkey.url,
            "SECRET_KEY": conftest.SECRET,
            "INSTANCE": str(room),
            "SMTP_URL": f"smtp://127.0.0.1:{office.smtp}",
            "PUBLIC_URL": "http://shop.test",
        }
        schema.migrate(conftest.login(postgres, "owner"))
        db.reset()
        app.events.install(app.REACTIONS)
        founded = worlds.found()
        conftest.rename_to_template(postgres)
        copies = Copies(postgres, template="shop_template", name="shop", owner="shop_owner")
        stack.callback(copies.close)
        scenes = Scenes(postgres, owner="shop_owner")
        stack.callback(scenes.close)
        office.open()
        stack.callback(office.close)
        stripe = StripeSandbox(_made(room / "stripe"))
        stack.callback(stripe.stop)
        vendor = stack.enter_context(running_vendor(_made(room / "vendor")))

        def fresh() -> worlds.World:
            conftest._founded = founded
            return conftest.fresh(copies)

        stage = Stage(postgres, stripe, vendor, office, scenes, _made(room / "stage"), fresh)
        stack.callback(stage.box.close)
        yield stage


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
