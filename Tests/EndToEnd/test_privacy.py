"""One's own data, and the staff's part: seen, consented to, withdrawn, asked for."""

import re

import pytest
from playwright.sync_api import expect

TABS = ["held", "consents", "requests", "looks"]


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_my_data_is_drawn(open_page, axe, shot, tab, theme):
    page = open_page(f"/my-data?tab={tab}", theme=theme)
    expect(page.get_by_role("heading", name="我的个人信息")).to_be_visible()
    axe(page, f"my data {tab}")
    shot(page, f"my-data-{tab}-{theme}-1440", full=True)


@pytest.mark.parametrize("tab", TABS)
def test_my_data_on_a_phone_and_in_english(open_page, axe, shot, tab):
    phone = open_page(f"/my-data?tab={tab}", width=390, height=844, scale=2)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    axe(phone, f"my data {tab} on a phone")
    shot(phone, f"my-data-{tab}-390", full=True)
    english = open_page(f"/my-data?tab={tab}", language="en")
    expect(english.get_by_role("heading", name="My data", exact=True)).to_be_visible()
    shot(english, f"my-data-{tab}-english", full=True)


def test_consent_is_given_and_withdrawn(open_page):
    page = open_page("/my-data?tab=consents")
    card = page.locator("[data-purpose=face]")
    expect(card).to_contain_text("未同意")
    card.get_by_role("checkbox").check()
    card.get_by_role("button", name=re.compile("^同意")).click()
    card = page.locator("[data-purpose=face]")
    expect(card.locator(".tag-ok")).to_have_text("已同意")
    card.get_by_role("button", name=re.compile("^撤回同意")).click()
    expect(page.locator("[data-purpose=face]")).to_contain_text("撤回")
    expect(page.locator("[data-purpose=face]")).to_contain_text("未同意")
    page.goto(page.url.split("?")[0] + "?tab=looks")
    expect(page.locator("tbody tr").first).to_contain_text("同意记录")


def test_sensitive_consent_needs_its_own_tick(open_page):
    page = open_page("/my-data?tab=consents")
    card = page.locator("[data-purpose=fingerprint]")
    card.get_by_role("button", name=re.compile("^同意")).click()
    expect(page.locator("[data-purpose=fingerprint]")).to_contain_text("未同意")
    assert card.get_by_role("checkbox").evaluate("box => box.validity.valueMissing")


def test_a_request_is_made_seen_by_the_staff_and_taken_back(open_page, axe, shot):
    page = open_page("/my-data?tab=requests")
    card = page.locator("section", has=page.get_by_role("heading", name="限制处理"))
    card.get_by_label("说明").fill("押金争议")
    card.get_by_role("button", name="限制处理").click()
    row = page.locator("tbody tr", has_text="限制处理").first
    expect(row).to_contain_text("待确认本人")
    staff = open_page("/privacy")
    axe(staff, "privacy requests")
    shot(staff, "privacy-light-1440")
    staff.locator("tbody tr", has_text="限制处理").first.get_by_role("link").first.click()
    expect(staff.locator(".kv").first).to_contain_text("押金争议")
    axe(staff, "a privacy request")
    shot(staff, "privacy-request-light-1440", full=True)
    page.goto(page.url)
    row = page.locator("tbody tr", has_text="限制处理").first
    row.get_by_role("button", name="撤回请求").click()
    expect(page.locator("tbody tr", has_text="限制处理").first).to_contain_text("已撤回")
