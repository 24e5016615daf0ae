"""How long data is kept, and consents that are written down at the counter."""

import re

from playwright.sync_api import expect


def test_retention_is_counted_and_cleaned_up_after_a_question(anju, officers, axe, shot):
    page = officers["securityOfficer"].context.new_page()
    page.goto(anju.url + "/privacy")
    page.get_by_role("link", name="留存与清理").click()
    axe(page, "retention")
    page.get_by_role("button", name="试算").click()
    expect(page.get_by_role("status").filter(has_text="试算已开始")).to_be_visible()
    expect(page.locator("#runs")).to_be_visible()
    page.get_by_role("link", name="立即清理").click()
    expect(page.locator("#dialog")).to_contain_text("不可恢复")
    axe(page, "cleaning up")
    shot(page, "retention-run-light-1440")
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator("section", has=page.locator("#runs")).locator("tbody tr")).not_to_have_count(0)
    page.locator("section", has=page.locator("#runs")).locator("summary").first.click()
    shot(page, "retention-light-1440", full=True)
    page.get_by_role("button", name="Switch to English").click()
    page.goto(anju.url + "/privacy/retention")
    expect(page.get_by_role("heading", name="Retention", exact=True)).to_be_visible()
    axe(page, "retention English")
    shot(page, "retention-english-1440", full=True)
    page.get_by_role("button", name="切换到中文").click()
    page.close()


def test_a_consent_is_written_down_at_the_counter(anju, open_page, officers, axe, shot):
    path = f"/privacy/persons/{officers['auditor'].account}"
    page = open_page(path)
    expect(page.get_by_role("heading", name="柜台登记同意")).to_be_visible()
    axe(page, "counter")
    card = page.locator("[data-purpose=face]")
    card.get_by_label("签字文件编号").fill("同意书 2026-118")
    card.get_by_label("单独同意").check()
    shot(page, "counter-light-1440", full=True)
    card.get_by_role("button", name=re.compile("^登记同意")).click()
    expect(page.get_by_role("status").filter(has_text="已登记")).to_be_visible()
    expect(page.locator("[data-purpose=face] .tag-ok")).to_have_text("已同意")
    english = open_page(path, language="en")
    expect(english.get_by_role("heading", name="Consent at the counter")).to_be_visible()
    axe(english, "counter English")
    shot(english, "counter-english-1440", full=True)
