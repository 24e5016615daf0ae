"""Signing in: who may, who may not, and what a stranger sees."""

import re

import pytest
from playwright.sync_api import expect

from conftest import sign_in

REFUSED = r"Failed to load resource: the server responded with a status of (401|429)"


def test_a_stranger_is_led_to_the_sign_in_page_and_back(anju, open_page, axe):
    page = open_page("/devices?kind=lock", signed_in=False)
    expect(page).to_have_url(re.compile(r"/sign-in\?back=%2Fdevices%3Fkind%3Dlock"))
    axe(page, "sign-in")
    page.get_by_label("账号").fill(anju.name)
    page.get_by_label("密码").fill(anju.password)
    page.get_by_role("button", name="登录").click()
    expect(page).to_have_url(re.compile(r"/devices\?kind=lock$"))


@pytest.mark.allows(REFUSED)
def test_a_wrong_password_is_refused_and_the_name_is_kept(anju, open_page, axe):
    page = open_page("/sign-in", signed_in=False)
    page.get_by_label("账号").fill("nobody")
    page.get_by_label("密码").fill("wrong")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_have_text("账号或密码不正确。")
    expect(page.get_by_label("账号")).to_have_value("nobody")
    expect(page.get_by_label("密码")).to_have_value("")
    axe(page, "sign-in refused")


@pytest.mark.allows(REFUSED)
def test_too_many_attempts_are_told_so(open_page):
    page = open_page("/sign-in", signed_in=False)
    for _ in range(20):
        page.get_by_label("账号").fill("somebody")
        page.get_by_label("密码").fill("wrong")
        page.get_by_role("button", name="登录").click()
        if "正确" not in page.get_by_role("alert").inner_text():
            break
    expect(page.get_by_role("alert")).to_have_text(re.compile(r"(暂时锁定|过于频繁)"))


def test_the_session_cookie_is_out_of_reach_of_scripts_and_ends_with_signing_out(anju, browser):
    context = browser.new_context(ignore_https_errors=True, locale="zh-CN")
    page = context.new_page()
    sign_in(page, anju)
    [cookie] = [c for c in context.cookies() if c["name"] == "__Host-anju"]
    assert cookie["httpOnly"] and cookie["secure"] and cookie["sameSite"] == "Strict"
    assert page.evaluate("document.cookie.includes('__Host-anju')") is False
    page.locator("summary.ava").click()
    page.get_by_role("button", name="退出登录").click()
    expect(page).to_have_url(re.compile(r"/sign-in$"))
    context.add_cookies([cookie])
    page.goto(anju.url + "/today")
    expect(page).to_have_url(re.compile(r"/sign-in"))
    context.close()
