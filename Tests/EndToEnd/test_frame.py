"""What is around every page: language, theme, keys, errors, policy."""

import re

import pytest
from playwright.sync_api import expect

from conftest import live

PAGES = ["/today", "/rooms", "/alarms", "/devices", "/help"]
FIRST_LOAD_BYTES_MAX = 250 * 1024


def test_the_language_is_switched_and_kept(open_page, axe):
    page = open_page("/devices")
    page.get_by_role("button", name="Switch to English").click()
    expect(page).to_have_url(re.compile(r"/devices$"))
    expect(page.get_by_role("heading", name="Devices")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    axe(page, "English devices")
    page.goto(page.url.replace("/devices", "/today"))
    expect(page.get_by_role("heading", name="Needs a person now")).to_be_visible()


def test_the_theme_is_chosen_at_once_and_kept(open_page, axe):
    page = open_page("/rooms")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("summary[aria-label=主题]").click()
    page.get_by_role("button", name="深色").click()
    expect(page.locator("#dark")).to_have_attribute("media", "all")
    page.wait_for_function("light => getComputedStyle(document.body).backgroundColor !== light", arg=light)
    axe(page, "dark board")
    page.reload()
    expect(page.locator("#dark")).to_have_attribute("media", "all")


def test_the_theme_follows_the_system_until_one_is_chosen(open_page):
    page = open_page("/today", theme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(9, 13, 18)"


def test_the_question_mark_opens_help_and_escape_closes_it(open_page, axe):
    page = open_page("/rooms")
    page.keyboard.press("?")
    expect(page.locator("#dialog")).to_contain_text("快捷键")
    axe(page, "help")
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).not_to_be_visible()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_live_accessible_and_fits_a_phone(open_page, axe, path):
    page = open_page(path, width=390, height=844, scale=2)
    live(page)
    axe(page, path)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("path", PAGES)
def test_the_policy_allows_nothing_inline_or_foreign(anju, open_page, path):
    page = open_page("/today")
    headers = page.request.get(anju.url + path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy and headers["x-content-type-options"] == "nosniff"


@pytest.mark.allows(r"status of 404")
@pytest.mark.parametrize("path", ["/nothing/here", "/devices/0197c1de-0000-7000-8000-000000000000", "/rooms/x"])
def test_what_is_not_there_is_a_page_that_says_so(open_page, axe, path):
    page = open_page(path)
    expect(page.get_by_role("heading", name="没有找到")).to_be_visible()
    expect(page.get_by_role("link", name="回到今日")).to_be_visible()
    axe(page, "not found")


def test_the_first_load_is_light(open_page):
    page = open_page("/rooms")
    live(page)
    total = page.evaluate(
        "[...performance.getEntriesByType('resource'), performance.getEntriesByType('navigation')[0]]"
        ".reduce((n, e) => n + e.encodedBodySize, 0)")
    print("first load, KiB:", round(total / 1024))
    assert total <= FIRST_LOAD_BYTES_MAX


def test_a_form_from_another_site_changes_nothing(anju, open_page):
    page = open_page("/today")
    answer = page.request.post(
        anju.url + "/alarms/0197c1de-0000-7000-8000-000000000000/acknowledge",
        form={}, headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403


@pytest.mark.allows(r"ERR_|Failed to load resource")
def test_what_happens_while_the_wire_is_cut_is_there_when_it_is_mended(anju, open_page, wire):
    page = open_page("/rooms", through=wire)
    live(page)
    wire.cut()
    expect(page.locator(".live")).to_have_attribute("data-state", "down")
    lock = anju.device("0207", "lock")
    anju.happens(lock, "tamper")
    anju.until(lock, "tampered")
    room = page.locator(".rm", has=page.locator("b", has_text="0207"))
    expect(room).to_have_attribute("data-s", "nrm")
    wire.mend()
    live(page)
    expect(room).to_have_attribute("data-s", "alm")
    expect(page.locator("alarm-feed .al", has_text=lock)).to_have_count(1)
