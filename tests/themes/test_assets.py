"""The built files: named by their content, small, and complete."""

import gzip
import hashlib
import json
import re

import pytest

from whitelabel_themes import assets
from whitelabel_themes.assets import Assets, MissingAsset
from whitelabel_themes.icons import ICONS


def test_every_name_holds_the_hash_of_its_content(static):
    for plain, name in json.loads((static / "manifest.json").read_text()).items():
        digest = hashlib.sha256((static / name).read_bytes()).hexdigest()
        assert name.split(".")[1] == digest[:12], plain


def test_building_again_changes_no_address(static, tmp_path):
    assert assets.build(tmp_path) == json.loads((static / "manifest.json").read_text())


def test_a_portal_page_weighs_at_most_100_kb(static):
    sheets = Assets(static, prefix="")
    names = ("base.css", "theme-aurora.css", "app.js", "htmx.js")
    assert sum(len(gzip.compress((static / sheets.url(name)).read_bytes())) for name in names) <= 100_000


def test_stylesheets_name_only_files_that_exist(static):
    addresses = re.findall(r"url\(([^)]+)\)", "".join(path.read_text() for path in static.glob("*.css")))
    assert addresses
    assert all((static / address).is_file() for address in addresses)


def test_the_sprite_holds_every_icon(static):
    sprite = (static / Assets(static, prefix="").url("icons.svg")).read_text()
    assert set(re.findall(r'<symbol id="([\w-]+)"', sprite)) == set(ICONS)
    assert "<script" not in sprite


def test_a_file_that_was_not_built_is_named(static):
    with pytest.raises(MissingAsset, match=r"nothing\.css"):
        Assets(static).url("nothing.css")


def test_missing_packages_and_builds_say_what_to_run(tmp_path):
    with pytest.raises(MissingAsset, match="npm ci"):
        assets.build(tmp_path / "out", packages=tmp_path / "node_modules")
    with pytest.raises(MissingAsset, match=r"whitelabel_themes\.assets"):
        Assets(tmp_path)


def test_the_lock_names_no_mirror_and_exact_versions():
    root = assets.HERE.parent
    lock = json.loads((root / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())
    wanted = json.loads((root / "package.json").read_text())["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert {f"node_modules/{name}" for name in wanted} <= set(lock["packages"])
