"""The auditor at work: found in the browser, taken out with its proofs, proved without the server."""

import re
import subprocess

from playwright.sync_api import expect

import server

SIGNED_WITHIN_SECONDS = 120


def test_what_was_done_is_found_opened_and_proved_without_the_server(anju, officers, staff, axe, shot, tmp_path):
    auditor = officers["auditor"]
    page = auditor.context.new_page()
    page.goto(anju.url + "/audit")
    expect(page.get_by_role("heading", name="审计日志")).to_be_visible()
    axe(page, "audit log")
    shot(page, "audit-light-1440")
    page.locator("#f-context").select_option("estate")
    expect(page.get_by_role("row").filter(has_text="新建 楼栋")).not_to_have_count(0)
    page.get_by_role("row").filter(has_text="新建 楼栋").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name=re.compile("新建 楼栋"))).to_be_visible()
    # The log is signed once a minute, or with every thousand entries.
    for _ in range(SIGNED_WITHIN_SECONDS):
        if page.locator(".phead").get_by_text("已证明").count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    expect(page.locator(".phead")).to_contain_text("已证明")
    axe(page, "an entry")
    shot(page, "audit-entry-light-1440")

    # Without a second factor nothing is taken out.
    page.locator(".phead").get_by_role("link").last.click()
    expect(page.get_by_role("heading", name="需要二次验证")).to_be_visible()
    axe(page, "second factor missing")
    page.go_back()
    staff.set_up_phone(auditor)
    with page.expect_download() as taken:
        page.locator(".phead").get_by_role("link").last.click()
    proof = tmp_path / "one.proof"
    taken.value.save_as(proof)
    assert verify(proof).returncode == 0, verify(proof).stdout
    # One letter of the entry, whose line is the longest.
    text = proof.read_text()
    line = max(text.splitlines(), key=len)
    middle = len(line) // 2
    changed = line[:middle] + ("A" if line[middle] != "A" else "B") + line[middle + 1:]
    proof.write_text(text.replace(line, changed))
    assert verify(proof).returncode == 1, verify(proof).stdout

    page.goto(anju.url + "/audit?context=estate")
    with page.expect_download() as taken:
        page.get_by_role("link", name=re.compile("CSV|表格")).click()
    table = tmp_path / "log.csv"
    taken.value.save_as(table)
    assert "estate.building" in table.read_text("utf-8-sig") and ",device," not in table.read_text("utf-8-sig")
    page.set_viewport_size({"width": 390, "height": 844})
    axe(page, "audit log on a phone")
    shot(page, "audit-light-390")
    page.close()


def verify(path):
    return subprocess.run(
        [server.program(), "audit", "verify", path], capture_output=True, text=True, timeout=60,
        env=server.environment())
