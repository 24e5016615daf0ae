"""The room board: all rooms, what is wrong with them, keyboard, drawer, print."""

import re
import time

from playwright.sync_api import expect

from conftest import SLOWNESS, live


def test_the_board_shows_every_room_once(open_page, axe):
    page = open_page("/rooms")
    expect(page.get_by_role("heading", name="房态图")).to_be_visible()
    expect(page.locator(".rm")).to_have_count(168)
    expect(page.locator(".brow:not(.hd)")).to_have_count(12)
    shown = sum(int(n) for n in page.locator(".legend b").all_inner_texts())
    assert shown == 168
    axe(page, "board")


def test_the_arrow_keys_move_and_enter_opens_the_room(open_page, axe):
    page = open_page("/rooms")
    page.locator(".rm").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.querySelector('b').textContent") == "1102"
    assert page.locator(".rm[tabindex='0']").count() == 1
    page.keyboard.press("Enter")
    drawer = page.locator("#drawer")
    expect(drawer).to_be_visible()
    expect(drawer.get_by_role("heading", name=re.compile("1102"))).to_be_visible()
    expect(drawer.locator(".dev")).to_have_count(4)
    axe(page, "drawer")
    page.keyboard.press("Escape")
    expect(drawer).not_to_be_visible()
    assert page.evaluate("document.activeElement.querySelector('b').textContent") == "1102"


def test_a_state_of_the_legend_dims_the_other_rooms(open_page):
    page = open_page("/rooms")
    page.locator(".legend a", has_text="正常").click()
    expect(page.locator("room-board")).to_have_attribute("data-only", "nrm")
    normal = int(page.locator("[data-number=rooms_nrm]").inner_text())
    expect(page.locator(".rm.hit")).to_have_count(normal)


def test_a_fire_turns_its_room_red_without_a_reload(anju, open_page):
    page = open_page("/rooms")
    live(page)
    detector = anju.device("0308", "smoke")
    room = page.locator(".rm", has=page.locator("b", has_text="0308"))
    expect(room).not_to_have_attribute("data-s", "alm")
    try:
        anju.happens(detector, "fire")
        anju.until(detector, "alarming")
        started = time.monotonic()
        expect(room).to_have_attribute("data-s", "alm", timeout=2_000 * SLOWNESS)
        expect(room.locator("em")).to_have_text("烟雾报警")
        print("alarm to red room, seconds:", round(time.monotonic() - started, 2))
    finally:
        anju.happens(detector, "extinguish")


def test_the_board_shows_what_every_room_draws(open_page, axe):
    page = open_page("/rooms")
    page.get_by_role("navigation", name="房间显示").get_by_role("link", name="用电").click()
    expect(page).to_have_url(re.compile(r"show=power"))
    quiet = page.locator(".rm[data-s=nrm] em")
    assert quiet.count() > 100
    for text in quiet.all_inner_texts():
        assert re.fullmatch(r"[\d,.]+ W", text), text
    axe(page, "board of power")


def test_the_board_of_locks_follows_a_door(anju, open_page):
    page = open_page("/rooms?show=lock")
    live(page)
    room = page.locator(".rm", has=page.locator("b", has_text="0214"))
    expect(room.locator("em")).to_have_text("已上锁")
    anju.happens(anju.device("0214", "lock"), "open-inside")
    expect(room.locator("em")).to_have_text("未上锁")


def test_without_scripts_a_room_is_a_page_of_its_own(anju, browser, session):
    context = browser.new_context(ignore_https_errors=True, java_script_enabled=False, storage_state=session,
                                  locale="zh-CN")
    page = context.new_page()
    page.goto(anju.url + "/rooms")
    page.locator(".rm").first.click()
    expect(page).to_have_url(re.compile(r"/rooms/[0-9a-f-]{36}$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("1201")
    context.close()


def test_the_board_prints_without_the_frame(open_page):
    page = open_page("/rooms")
    page.emulate_media(media="print")
    for hidden in (".rail", ".top", ".feed"):
        expect(page.locator(hidden)).not_to_be_visible()
    expect(page.locator(".rm").last).to_be_visible()
