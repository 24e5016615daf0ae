"""The platform is killed (-9) while the building's devices get their keys: the next start finishes it."""

import pathlib
import re
import tempfile
import time

from test_kill import Platform

KEYED = 348
SECONDS = 240


def test_a_start_that_is_killed_while_devices_get_their_keys_is_finished_by_the_next():
    with tempfile.TemporaryDirectory(prefix="anju-keys-") as folder:
        platform = Platform(folder)
        notes = pathlib.Path(folder) / "data" / "building" / "keyed.txt"
        try:
            platform.start()
            first = platform.log.read_text()
            assert re.search(rf"keys +{KEYED} locks", first), first
            wait(notes, 16)
            kept = {name: key(platform, name) for name in sorted(names(notes))[:3]}
            platform.kill()
            assert 16 <= len(names(notes)) < KEYED, "killed too late to show anything"
            platform.start()
            wait(notes, KEYED)
            until_closed(platform)
            assert {name: key(platform, name) for name in kept} == kept
            lots = platform.get("/provisioning-lots")["items"]
            assert len(lots) == 2
            assert "have their keys" in platform.log.read_text()
            platform.stop()
            # Everything is there: nothing is done any more.
            platform.start()
            assert "get theirs now" not in platform.log.read_text().split("have their keys")[-1]
            assert platform.get("/provisioning-lots")["items"] == lots
        finally:
            platform.stop()


def names(notes):
    return set(notes.read_text().split()) if notes.exists() else set()


def wait(notes, count):
    deadline = time.monotonic() + SECONDS
    while len(names(notes)) < count:
        assert time.monotonic() < deadline, f"{len(names(notes))} of {count} devices have keys"
        time.sleep(0.02)


def until_closed(platform):
    deadline = time.monotonic() + 30
    while any("closedAt" not in lot for lot in platform.get("/provisioning-lots")["items"]):
        assert time.monotonic() < deadline, "a lot stays open"
        time.sleep(0.1)


def key(platform, name):
    state = platform.get(f"/device-keys/{name}")
    return state["element"], state["lot"], state["checkValue"]
