"""The page of one device: live values, chart, commands with their true state, and what lies behind."""

import re

import pytest
from playwright.sync_api import expect

from conftest import live


@pytest.fixture
def lock_page(anju, open_page):
    """Opens the page of a room's lock."""

    def opened(room, **options):
        page = open_page(f"/devices?q={anju.device(room, 'lock')}", **options)
        page.locator("tbody tr a").first.click()
        expect(page.locator(".dhead")).to_be_visible()
        return page

    return opened


def test_a_value_changes_as_the_device_reports_it(anju, lock_page):
    page = lock_page("0804")
    live(page)
    battery = page.locator("[data-value=batteryPercent] b")
    before = battery.inner_text()
    anju.happens(anju.device("0804", "lock"), "low-battery")
    assert before != "15"
    expect(battery).to_have_text("15")


def test_unlocking_asks_first_and_is_shown_verified_only_when_it_is(lock_page, axe):
    page = lock_page("0804")
    live(page)
    page.get_by_role("link", name="开锁").click()
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("0804 门锁")
    expect(dialog).to_contain_text("此操作会改变现场状态")
    axe(page, "command dialog")
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    expect(page.get_by_role("link", name="开锁")).to_be_focused()
    page.get_by_role("link", name="开锁").click()
    dialog.get_by_label(re.compile("保持时间")).fill("5")
    dialog.get_by_role("button", name=re.compile("^开锁 .*0804")).click()
    expect(dialog).not_to_be_visible()
    command = page.locator(".cmd").first
    expect(command).to_contain_text("开锁")
    expect(command).to_have_attribute("data-state", "verified", timeout=30_000)
    expect(command.locator(".way .ok")).to_have_count(5)


@pytest.mark.allows(r"status of 422")
def test_an_argument_out_of_range_is_told_at_its_field(lock_page):
    page = lock_page("0804")
    page.get_by_role("link", name="开锁").click()
    page.locator("#dialog form").evaluate("form => form.noValidate = true")
    page.locator("#dialog").get_by_label(re.compile("保持时间")).fill("9999")
    page.locator("#dialog").get_by_role("button", name=re.compile("^开锁 ")).click()
    expect(page.locator("#dialog .field .err")).to_contain_text("超出物模型允许的类型或范围")
    expect(page.locator("#dialog").get_by_label(re.compile("保持时间"))).to_have_value("9999")


def test_the_chart_has_its_numbers_in_a_table(lock_page, axe):
    page = lock_page("0804")
    chart = page.locator("e-chart")
    chart.scroll_into_view_if_needed()
    expect(chart).to_have_attribute("data-ready", "1")
    page.get_by_text("查看数据").first.click()
    expect(page.locator("#chart tbody tr").first).to_be_visible()
    axe(page, "device")
    page.get_by_role("navigation", name="时间范围").get_by_role("link", name="7 天").click()
    expect(page).to_have_url(re.compile(r"range=7d"))


@pytest.mark.parametrize("tab", ["指令", "事件", "原始消息", "拒收读数", "证书"])
def test_every_part_of_the_page_opens_and_can_be_read(lock_page, axe, tab):
    page = lock_page("0804")
    page.get_by_role("navigation", name="设备页").get_by_role("link", name=tab).click()
    expect(page.get_by_role("navigation", name="设备页").get_by_role("link", name=tab)).to_have_attribute(
        "aria-current", "page")
    axe(page, tab)


def test_a_command_works_without_scripts(anju, browser, session):
    context = browser.new_context(ignore_https_errors=True, java_script_enabled=False, storage_state=session,
                                  locale="zh-CN")
    page = context.new_page()
    page.goto(f"{anju.url}/devices?q={anju.device('0805', 'lock')}")
    page.locator("tbody tr a").first.click()
    page.get_by_role("link", name="上锁", exact=True).click()
    page.get_by_role("button", name=re.compile("^上锁 ")).click()
    expect(page).to_have_url(re.compile(r"tab=commands"))
    expect(page.locator(".cmd").first).to_contain_text("上锁")
    context.close()
