"""The vendor as a WSGI application: its contract under /v1, and what a tester needs under /_sandbox."""

from flask import Flask

from sandbox.vendor import contract, control
from sandbox.vendor.moods import Moods
from sandbox.vendor.offering import Offering
from sandbox.vendor.store import Store


def create_app(store: Store, *, api_key: str) -> Flask:
    app = Flask(__name__)
    # A name that a foreign page points at this machine must not reach the controls (DNS rebinding).
    app.config["TRUSTED_HOSTS"] = ["127.0.0.1", "localhost"]
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    moods, offering = Moods(store), Offering(store)
    calls = control.Calls()
    app.after_request(calls.note)
    app.register_blueprint(contract.blueprint(store, moods, offering, api_key=api_key))
    app.register_blueprint(control.blueprint(store, moods, offering, calls))
    return app
