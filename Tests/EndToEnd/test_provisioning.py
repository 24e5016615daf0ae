"""Keys for devices, from a station's registration to a key that leaked, with the real key service; the station and its
devices are the openssl program's."""

import re

import pytest
from playwright.sync_api import expect

from factory import Station


@pytest.fixture(scope="module")
def station(tmp_path_factory):
    return Station(tmp_path_factory.mktemp("station"))


@pytest.fixture(scope="module")
def maker(staff):
    return staff.invite("provisioner", "operator")


@pytest.fixture(scope="module")
def looker(staff):
    return staff.invite("onlooker", "viewer")


@pytest.fixture(scope="module")
def registered(anju, maker, station, axe, shot):
    """The station's own page, after it was added with the keys that its maker sent."""
    page = maker.context.new_page()
    page.goto(anju.url + "/provisioning")
    page.locator("#new").click()
    page.locator("#n-name").fill("HQ-LINE-3")
    page.locator("#n-verifying").fill(station.signing.pem)
    page.locator("#n-encryption").fill("nothing that is a key")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator("#e-encryption")).to_contain_text("不是 SM2 公钥")
    expect(page.locator("#n-verifying")).to_have_value(re.compile("BEGIN PUBLIC KEY"))
    expect(page.locator("#n-encryption")).to_be_focused()
    axe(page, "station refused")
    shot(page, "station-refused-light-1440", full=True)
    page.locator("#n-encryption").fill(station.encryption.pem)
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="工位已登记")).to_be_visible()
    axe(page, "station")
    shot(page, "station-new-light-1440", full=True)
    path = page.url.split("?")[0]
    page.close()
    return path


def open_lot(anju, person, registered, note, quota):
    page = person.context.new_page()
    page.goto(registered)
    page.get_by_role("link", name="开设批次").click()
    expect(page.locator("#n-station option:checked")).to_have_text("HQ-LINE-3")
    page.locator("#n-quota").fill(str(quota))
    page.locator("#n-note").fill(note)
    page.get_by_role("button", name="开设", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="批次已开设")).to_be_visible()
    return page, page.url.split("?")[0]


def test_a_station_gives_devices_their_keys_until_its_lot_is_full_and_a_leaked_one_is_withdrawn(
        anju, maker, registered, station, axe, shot):
    page, lot = open_lot(anju, maker, registered, "PO-2026-117", 2)
    axe(page, "lot")
    number = lot.rsplit("/", 1)[1]
    key, check = station.provision(maker.context, anju.url, number, "HQ-LK-1")
    other, _ = station.provision(maker.context, anju.url, number, "HQ-LK-2")
    assert key != other
    assert station.provision(maker.context, anju.url, number, "HQ-LK-3") == "lot.quotaExceeded"
    page.goto(lot)
    expect(page.locator("main")).to_contain_text("2 / 2")
    expect(page.locator("h1")).to_contain_text("已满")
    for theme in ["light", "dark"]:
        page.emulate_media(color_scheme=theme)
        page.reload()
        axe(page, f"full lot {theme}")
        shot(page, f"lot-{theme}-1440", full=True)
    page.emulate_media(color_scheme="light")

    page.get_by_role("link", name="HQ-LK-1").click()
    expect(page.locator("main")).to_contain_text(check.hex())
    expect(page.locator("main")).to_contain_text("SE-HQ-LK-1")
    expect(page.locator("main")).to_contain_text("尚未登记为设备")
    page.get_by_role("link", name="标记为已泄露").click()
    expect(page.locator("#dialog form")).to_be_visible()
    axe(page, "compromise")
    shot(page, "key-compromise-light-1440")
    page.locator("#r-reason").fill("运输途中遗失")
    page.get_by_role("button", name="将 HQ-LK-1 的密钥标记为已泄露").click()
    expect(page.get_by_role("status").filter(has_text="密钥已标记为已泄露")).to_be_visible()
    expect(page.locator("main")).to_contain_text("运输途中遗失")
    expect(page.get_by_role("link", name="更新通信密钥")).to_have_count(0)
    axe(page, "compromised")
    shot(page, "key-compromised-light-1440", full=True)
    page.close()


def test_a_file_for_a_station_without_a_network_is_made_and_fetched_again(anju, maker, registered, axe, shot):
    page, lot = open_lot(anju, maker, registered, "PO-2026-118", 5)
    page.locator("#new").click()
    page.locator("#n-devices").fill("HQ-WM-1\nHQ-WM-1")
    page.get_by_role("button", name="生成文件").click()
    expect(page.locator("#e-devices")).to_contain_text("不重复")
    page.locator("#n-devices").fill("HQ-WM-1\nHQ-WM-2")
    axe(page, "file form")
    shot(page, "lot-file-light-1440", full=True)
    page.get_by_role("button", name="生成文件").click()
    expect(page.get_by_role("status").filter(has_text="文件已生成")).to_be_visible()
    files = []
    for _ in range(2):
        with page.expect_download() as waiting:
            page.get_by_role("link", name="下载密钥文件").click()
        assert re.fullmatch(r"HQ-LINE-3-[0-9a-f]{6}\.keys", waiting.value.suggested_filename)
        files.append(waiting.value.path().read_bytes())
    assert files[0] == files[1] and files[0].startswith(b"LZGYPB1\n") and b"HQ-WM-1" not in files[0]
    axe(page, "file made")
    page.get_by_role("link", name="泄露处置").click()
    expect(page.locator("#dialog form")).to_contain_text("2 / 5")
    shot(page, "lot-compromise-light-1440")
    page.locator("#r-reason").fill("文件被拷走")
    page.get_by_role("button", name="全部标记为已泄露").click()
    expect(page.get_by_role("status").filter(has_text="批次已结束")).to_be_visible()
    expect(page.locator("tbody tr").filter(has_text="已泄露")).to_have_count(2)
    page.close()


def test_a_station_is_blocked_with_its_lots_and_let_in_again(anju, maker, registered, station, axe, shot):
    page, lot = open_lot(anju, maker, registered, "PO-2026-119", 3)
    page.goto(registered)
    page.get_by_role("link", name="停用", exact=True).click()
    expect(page.locator("#dialog form")).to_be_visible()
    axe(page, "block")
    shot(page, "station-block-light-1440")
    page.locator("#r-reason").fill("厂家报告失窃")
    page.get_by_role("button", name="停用工位 HQ-LINE-3").click()
    expect(page.locator("main")).to_contain_text("厂家报告失窃")
    axe(page, "blocked")
    shot(page, "station-blocked-light-1440", full=True)
    number = lot.rsplit("/", 1)[1]
    assert station.provision(maker.context, anju.url, number, "HQ-LK-9") == "station.blocked"
    page.get_by_role("link", name="恢复使用").click()
    page.locator("#r-reason").fill("已找回，指纹一致")
    page.get_by_role("button", name="恢复工位 HQ-LINE-3").click()
    expect(page.get_by_role("status").filter(has_text="工位已恢复")).to_be_visible()
    assert len(station.provision(maker.context, anju.url, number, "HQ-LK-9")) == 2
    page.goto(lot)
    page.get_by_role("link", name="结束批次").click()
    page.get_by_role("button", name="结束 PO-2026-119").click()
    expect(page.get_by_role("status").filter(has_text="批次已结束")).to_be_visible()
    assert station.provision(maker.context, anju.url, number, "HQ-LK-10") == "lot.closed"
    page.close()


def test_the_lists_are_searched_filtered_and_exported(anju, maker, registered, axe, shot):
    page = maker.context.new_page()
    page.goto(anju.url + "/provisioning")
    expect(page.get_by_role("link", name="HQ-LINE-3")).to_be_visible()
    expect(page.locator("tbody tr").filter(has_text="VIRTUAL-")).to_have_count(1)
    axe(page, "stations")
    shot(page, "stations-light-1440", full=True)
    page.get_by_role("link", name="平台公钥").click()
    expect(page.locator("#dialog pre.pem")).to_contain_text("BEGIN PUBLIC KEY")
    axe(page, "platform key")
    shot(page, "platform-key-light-1440")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="批次", exact=True).click()
    axe(page, "lots")
    shot(page, "lots-light-1440", full=True)
    page.locator("#q").fill("po-2026-118")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="设备密钥", exact=True).click()
    axe(page, "keys")
    shot(page, "device-keys-light-1440", full=True)
    expect(page.locator("tbody tr")).to_have_count(25)
    page.get_by_role("link", name="更早").click()
    expect(page.locator("tbody tr")).to_have_count(25)
    page.locator("#q").fill("HQ-LK")
    expect(page).to_have_url(re.compile(r"q=HQ-LK"))
    expect(page.locator("tbody tr").first).to_contain_text("HQ-LK-")
    for path, wanted in [("", "HQ-LINE-3"), ("/lots", "PO-2026-118"), ("/keys", "SE-HQ-LK-2")]:
        answer = page.context.request.get(anju.url + f"/provisioning{path}?format=csv")
        assert answer.status == 200 and wanted in answer.text()
    page.close()


def test_a_device_of_the_building_shows_its_session_and_agrees_another_when_it_is_told_to(anju, maker, axe, shot):
    name = anju.device("0803", "lock")
    page = maker.context.new_page()
    page.goto(anju.url + f"/provisioning/keys/{name}")
    page.get_by_role("link", name="查看设备").click()
    page.get_by_role("navigation", name="设备页").get_by_role("link", name="密钥").click()
    expect(page.locator("main")).to_contain_text("方式 b")
    expect(page.locator("main")).to_contain_text("已启用")
    for theme in ["light", "dark"]:
        page.emulate_media(color_scheme=theme)
        page.reload()
        axe(page, f"device key {theme}")
        shot(page, f"device-key-{theme}-1440", full=True)
    page.emulate_media(color_scheme="light")
    since = page.locator("dt", has_text="建立时间").locator("+ dd").inner_text()
    page.get_by_role("link", name="更新通信密钥").click()
    page.locator("#r-reason").fill("演练")
    page.get_by_role("button", name=f"更新 {name} 的通信密钥").click()
    expect(page.get_by_role("status").filter(has_text="会话已结束")).to_be_visible()
    assert "tab=keys" in page.url
    # The device is told, renews and agrees by itself.
    for _ in range(60):
        page.reload()
        now = page.locator("dt", has_text="建立时间").locator("+ dd")
        if now.count() and now.inner_text() != since:
            break
        page.wait_for_timeout(250)
    assert now.inner_text() > since
    page.close()


def test_a_meter_without_a_key_says_what_that_means(anju, maker, axe, shot):
    page = maker.context.new_page()
    page.goto(anju.url + "/devices?kind=electricityMeter")
    page.locator("tbody tr a").first.click()
    page.get_by_role("navigation", name="设备页").get_by_role("link", name="密钥").click()
    expect(page.locator("main")).to_contain_text("此设备没有密钥")
    axe(page, "no key")
    page.close()


def test_who_may_only_look_is_offered_no_act(anju, looker, registered, axe):
    page = looker.context.new_page()
    page.goto(registered)
    expect(page.locator("main .btn-d, main .btn-p")).to_have_count(0)
    assert page.goto(registered + "/block").status == 403
    page.goto(anju.url + "/provisioning")
    expect(page.locator("#new")).to_have_count(0)
    axe(page, "stations to look at")
    page.close()


def test_in_english_and_on_a_phone(anju, maker, registered, axe, shot):
    page = maker.context.new_page()
    page.goto(anju.url + "/provisioning")
    page.get_by_role("button", name="Switch to English").click()
    expect(page.get_by_role("heading", name="Keys for devices")).to_be_visible()
    for path, name in [("/provisioning", "stations"), ("/provisioning/lots", "lots"), ("/provisioning/keys", "keys")]:
        page.goto(anju.url + path)
        axe(page, f"{name} English")
        shot(page, f"{name}-english-1440", full=True)
    page.goto(registered)
    shot(page, "station-english-1440", full=True)
    page.goto(anju.url + f"/provisioning/keys/{anju.device('0803', 'lock')}")
    shot(page, "device-key-english-1440", full=True)
    page.get_by_role("button", name="切换到中文").click()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(anju.url + "/provisioning/lots")
    lot = page.locator("tbody tr a").first.get_attribute("href")
    for path, name in [("/provisioning/lots", "lots"), (lot, "lot"), ("/provisioning/keys", "keys")]:
        page.goto(anju.url + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        axe(page, f"{name} on a phone")
        shot(page, f"{name}-light-390", full=True)
    page.close()
