"""The pictures of docs/screenshots, taken of the real program: `ANJU_SHOTS=1 ./anju test` keeps them.

Each is looked at by a person before it is committed.
"""

import pytest
from playwright.sync_api import expect

from conftest import live

WIDE = [("today", "/today"), ("board", "/rooms"), ("devices", "/devices"), ("alarms", "/alarms")]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name, path", WIDE)
def test_desktop(open_page, shot, name, path, theme):
    page = open_page(path, theme=theme)
    live(page)
    shot(page, f"{name}-{theme}")


@pytest.mark.parametrize("name, path", WIDE)
def test_phone(open_page, shot, name, path):
    page = open_page(path, width=390, height=844, scale=2)
    live(page)
    shot(page, f"{name}-phone")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_device(anju, open_page, shot, theme):
    page = open_page(f"/devices?q={anju.device('0803', 'electricity')}", theme=theme)
    page.locator("tbody tr a").first.click()
    live(page)
    expect(page.locator("e-chart")).to_have_attribute("data-ready", "1")
    shot(page, f"device-{theme}")


def test_device_on_a_phone(anju, open_page, shot):
    page = open_page(f"/devices?q={anju.device('0803', 'lock')}", width=390, height=844, scale=2)
    page.locator("tbody tr a").first.click()
    live(page)
    shot(page, "device-phone")


def test_room_drawer_and_command_dialog(anju, open_page, shot):
    page = open_page("/rooms")
    live(page)
    page.locator(".rm", has=page.locator("b", has_text="0803")).click()
    expect(page.locator("#drawer .dev")).to_have_count(4)
    shot(page, "room-light")
    page.locator("#drawer .dev a").first.click()
    page.get_by_role("link", name="开锁").click()
    expect(page.locator("#dialog form")).to_be_visible()
    shot(page, "command-light")


def test_english(open_page, shot):
    page = open_page("/rooms", language="en-GB")
    live(page)
    expect(page.get_by_role("heading", name="Room board")).to_be_visible()
    shot(page, "board-english")


def test_sign_in(open_page, shot):
    shot(open_page("/sign-in", signed_in=False), "sign-in-light")
    shot(open_page("/sign-in", signed_in=False, width=390, height=844, scale=2), "sign-in-phone")
