"""The pictures of docs/screenshots, taken of the real program: `ANJU_SHOTS=1` keeps them, after a quarter of an hour in
which things happen in the building. Without it every page is only drawn, into .anju/shots.

Each is looked at by a person before it is committed.
"""

import os
import re

import pytest
from playwright.sync_api import expect

from conftest import live

WIDE = [
    ("today", "/today"), ("board", "/rooms"), ("power", "/rooms?show=power"), ("devices", "/devices?sort=place"),
    ("alarms", "/alarms"),
]
# A device is offline after the time that its model's contract names, 300 s for a lock.
OFFLINE_WITHIN_MS = 420_000
READINGS_WITHIN_MS = 900_000


@pytest.fixture(scope="module")
def scene(anju, browser, session):
    """An evening in the building, only where the pictures are kept: it takes as long as it takes in life."""
    if not os.environ.get("ANJU_SHOTS"):
        return
    anju.happens("LK-1008", "lose-network")
    anju.happens("EM-0402", "lose-network")
    anju.happens("SD-0810", "lose-network")
    context = browser.new_context(ignore_https_errors=True, storage_state=session, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{anju.url}/devices?q=EM-0803")
    page.locator("tbody tr a").first.click()
    report_every_minute(page)
    expect(page.locator("#chart tbody tr")).not_to_have_count(0)
    rows = "document.querySelectorAll('#chart tbody tr').length"
    page.goto(page.url.split("?")[0] + "?range=1h")
    while page.evaluate(rows) < 12:
        page.locator(".live").wait_for()
        page.wait_for_function("at => document.querySelector('[data-value=powerWatts] time').dataset.since !== at",
                               arg=page.locator("[data-value=powerWatts] time").get_attribute("data-since"),
                               timeout=READINGS_WITHIN_MS)
        page.reload()
    page.goto(anju.url + "/rooms")
    expect(page.locator("[data-number=rooms_off]")).to_have_text("3", timeout=OFFLINE_WITHIN_MS)
    anju.happens("LK-0410", "low-battery")
    anju.happens("EM-0702", "magnet")
    anju.happens("SD-0506", "remove")
    anju.happens("WM-0911", "open-cover")
    anju.happens("SD-0803", "fire")
    anju.until("SD-0803", "alarming")
    anju.happens("LK-1106", "tamper")
    expect(page.locator(".rm[data-s=alm]")).to_have_count(5)
    battery = page.locator("alarm-feed .al", has_text="LK-0410")
    if battery.get_by_role("button", name="确认告警").count():
        battery.get_by_role("button", name="确认告警").click()
    expect(battery).to_have_class(re.compile("done"))
    context.close()


def report_every_minute(page):
    row = page.locator("[data-part=twin] tr", has_text="上报间隔")
    row.get_by_role("link", name="设置").click()
    page.locator("#dialog input[name=a-reportIntervalSeconds]").fill("60")
    page.locator("#dialog .btn-p").click()
    expect(row).to_contain_text("60 s")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name, path", WIDE)
def test_desktop(scene, open_page, shot, name, path, theme):
    page = open_page(path, theme=theme)
    live(page)
    shot(page, f"{name}-{theme}-1440")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name, path", WIDE)
def test_phone(scene, open_page, shot, name, path, theme):
    page = open_page(path, width=390, height=844, scale=2, theme=theme)
    live(page)
    shot(page, f"{name}-{theme}-390")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_device(scene, open_page, shot, theme, width):
    page = open_page("/devices?q=EM-0803", theme=theme, width=width, height=900 if width > 900 else 844,
                     scale=1 if width > 900 else 2)
    page.locator("tbody tr a").first.click()
    page.goto(page.url + "?range=1h")
    live(page)
    page.locator("e-chart").scroll_into_view_if_needed()
    expect(page.locator("e-chart")).to_have_attribute("data-ready", "1")
    if width > 900:
        page.locator("#body").evaluate("body => body.scrollTo(0, 0)")
    shot(page, f"device-{theme}-{width}")
    page.get_by_role("navigation", name="设备页").get_by_role("link", name="原始消息").click()
    expect(page.locator("tbody tr").first).to_be_visible()
    shot(page, f"messages-{theme}-{width}")


def test_room_drawer_and_command_dialog(scene, open_page, shot):
    page = open_page("/rooms")
    live(page)
    page.locator(".rm", has=page.locator("b", has_text="0803")).click()
    expect(page.locator("#drawer .dev")).to_have_count(4)
    shot(page, "room-light-1440")
    page.locator("#drawer .dev", has_text="LK-0803").get_by_role("link").click()
    page.get_by_role("link", name="开锁").click()
    expect(page.locator("#dialog form")).to_be_visible()
    shot(page, "command-light-1440")
    page.get_by_role("button", name=re.compile("^开锁 ")).click()
    expect(page.locator(".cmd").first).to_have_attribute("data-state", "verified")
    shot(page, "lock-light-1440")


def test_english(scene, open_page, shot):
    page = open_page("/rooms", language="en-GB")
    live(page)
    expect(page.get_by_role("heading", name="Room board")).to_be_visible()
    shot(page, "board-english-1440")
    page = open_page("/devices?q=LK-0803", language="en-GB")
    page.locator("tbody tr a").first.click()
    live(page)
    shot(page, "device-english-1440")


def test_help_and_sign_in(open_page, shot):
    shot(open_page("/help"), "help-light-1440")
    shot(open_page("/sign-in", signed_in=False), "sign-in-light-1440")
    shot(open_page("/sign-in", signed_in=False, width=390, height=844, scale=2), "sign-in-light-390")
