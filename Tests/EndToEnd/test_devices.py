"""The list of devices: search, filters, sort, pages, export."""

import csv
import io
import re

from playwright.sync_api import expect

from server import DEVICES


def test_all_devices_are_listed_in_pages(open_page, axe):
    page = open_page("/devices")
    expect(page.locator("tbody tr")).to_have_count(25)
    expect(page.locator(".pager")).to_contain_text(f"共 {DEVICES} 条")
    first = page.locator("tbody tr").first.inner_text()
    page.get_by_role("link", name="下一页").click()
    expect(page).to_have_url(re.compile(r"page=2"))
    assert page.locator("tbody tr").first.inner_text() != first
    axe(page, "devices")
    page.go_back()
    expect(page.locator("tbody tr").first).to_have_text(first, use_inner_text=True)


def test_searching_narrows_the_list_while_typing(anju, open_page):
    page = open_page("/devices")
    lock = anju.device("0803", "lock")
    page.get_by_label("搜索名称或标签").press_sequentially(lock)
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile(rf"q={lock}"))
    page.get_by_label("搜索名称或标签").fill("没有这台")
    expect(page.get_by_text("没有符合条件的设备")).to_be_visible()


def test_a_filter_and_a_sort_stand_in_the_address(open_page):
    page = open_page("/devices")
    page.get_by_label("类型").select_option("waterMeter")
    expect(page.locator(".pager")).to_contain_text("共 168 条")
    page.get_by_role("link", name="位置").click()
    expect(page.get_by_role("columnheader", name="位置")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("link", name="位置").click()
    expect(page.get_by_role("columnheader", name="位置")).to_have_attribute("aria-sort", "descending")
    expect(page.locator("tbody tr").first).to_contain_text("1214")
    page.reload()
    expect(page.locator("tbody tr").first).to_contain_text("1214")
    expect(page.get_by_label("类型")).to_have_value("waterMeter")


def test_the_export_has_what_the_filter_has(open_page):
    page = open_page("/devices?kind=lock")
    with page.expect_download() as download:
        page.get_by_role("link", name="导出 CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0][:3] == ["名称", "类型", "位置"]
    assert len(rows) == 169 and {r[1] for r in rows[1:]} == {"智能门锁"}


def test_the_search_of_the_frame_leads_to_the_list(anju, open_page):
    page = open_page("/today")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type(anju.device("1203", "lock"))
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
