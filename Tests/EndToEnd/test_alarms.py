"""Alarms as they come: seen at once, taken by one click, closed with a note."""

import re
import time

import pytest
from playwright.sync_api import expect

from conftest import live


@pytest.fixture
def fire(anju):
    """Smoke in a room; put out afterwards."""
    burning = []

    def light(room):
        detector = anju.device(room, "smoke")
        burning.append(detector)
        anju.happens(detector, "fire")
        return detector

    yield light
    for detector in burning:
        anju.happens(detector, "extinguish")


def test_a_smoke_alarm_appears_within_two_seconds_of_the_device_saying_so(anju, open_page, fire, axe):
    page = open_page("/rooms")
    live(page)
    detector = fire("0803")
    wait_until_alarming(anju, detector)
    told = time.monotonic()
    card = page.locator("alarm-feed .al", has_text=detector)
    expect(card).to_be_visible(timeout=2_000)
    print("alarm to card, seconds:", round(time.monotonic() - told, 2))
    expect(card).to_have_attribute("data-l", "crit")
    expect(card.locator("time")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    expect(page).to_have_title(re.compile(r"^\(\d+\) "))
    axe(page, "board with an alarm")


def test_acknowledging_takes_one_click_and_closing_needs_a_note(anju, open_page, fire):
    page = open_page("/rooms")
    live(page)
    detector = fire("0905")
    card = page.locator("alarm-feed .al", has_text=detector)
    expect(card).to_be_visible(timeout=30_000)
    card.get_by_role("button", name="确认告警").click()
    expect(card).to_have_class(re.compile("done"))
    expect(card.locator(".who")).to_contain_text("确认")
    card.locator("summary", has_text="关闭告警").click()
    card.get_by_label("处理说明").fill("演练，已现场查看")
    box = card.get_by_label("设备未复位，仍然关闭")
    if box.count():
        box.check()
    card.get_by_role("button", name="关闭告警").click()
    expect(card).to_have_count(0)
    page.goto(anju.url + "/alarms?state=closed")
    expect(page.locator("tbody tr", has_text=detector).first).to_contain_text("演练，已现场查看")


def test_an_alarm_in_one_window_is_taken_in_the_other(anju, open_page, fire):
    one, other = open_page("/rooms"), open_page("/today")
    live(one)
    live(other)
    detector = fire("0611")
    expect(other.locator(".al", has_text=detector)).to_be_visible(timeout=30_000)
    other.locator(".al", has_text=detector).get_by_role("button", name="确认告警").click()
    expect(one.locator("alarm-feed .al", has_text=detector)).to_have_class(re.compile("done"))


def test_the_list_is_filtered_by_its_address(open_page, axe):
    page = open_page("/alarms?state=all&level=crit")
    expect(page.get_by_label("级别")).to_have_value("crit")
    for level in page.locator("tbody tr td:nth-child(2)").all_inner_texts():
        assert level.strip() == "紧急"
    axe(page, "alarms")


def test_an_alarm_tells_its_course(open_page, axe):
    page = open_page("/alarms?state=all")
    page.locator("tbody tr a").first.click()
    expect(page.get_by_role("heading", name="经过")).to_be_visible()
    expect(page.locator(".tl li").last).to_contain_text("发生告警")
    axe(page, "alarm")


def wait_until_alarming(anju, detector):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if anju.devices(detector)[0]["values"].get("alarming"):
            return
        time.sleep(0.02)
    raise AssertionError("the detector did not alarm")
