"""What every test of the pages shares: one server, one browser, and an eye on errors and accessibility."""

import os
import pathlib
import re

import pytest
from playwright.sync_api import expect, sync_playwright

import server
from cut import Wire
from staff import Staff
from totp import Phone

AXE = server.ROOT / ".anju" / "vendor-tests" / "axe.min.js"
# An animation of an element that is drawn no more may never finish: what a page asks of itself has an end.
SETTLED = """() => Promise.race([
    Promise.allSettled(document.getAnimations()
        .filter(a => a.effect.getComputedTiming().endTime !== Infinity).map(a => a.finished)).then(() => null),
    new Promise(done => setTimeout(done, 5_000))])"""
FONTS = "() => Promise.race([document.fonts.ready.then(() => true), new Promise(done => setTimeout(done, 20_000))])"
CHECKED = """rules => Promise.race([
    axe.run(document, {runOnly: rules}).then(found => found.violations.map(v => [
        v.id, v.nodes.length, v.nodes[0].html.slice(0, 160), v.nodes[0].any.map(a => a.message).join(' ')])),
    new Promise((_, fail) => setTimeout(() => fail(new Error('axe did not end')), 60_000))])"""
SHOTS = server.ROOT / "docs" / "screenshots"
KEPT = [
    "alarms-light-1440", "board-dark-1440", "board-english-1440", "board-light-1440", "board-light-390",
    "command-light-1440", "device-dark-1440", "device-key-light-1440", "device-light-1440",
    "device-light-390", "devices-light-1440", "identities-english-1440", "identities-light-1440",
    "identity-revoke-light-1440", "lock-light-1440", "lot-light-1440", "power-light-1440",
    "retention-light-1440", "today-dark-390", "today-light-1440",
]
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
CHROMIUM = ["--no-sandbox", "--font-render-hinting=none", "--ignore-certificate-errors"]

# What is promised in seconds is promised of the release build on a machine that has nothing else to do.
SLOWNESS = max(1, os.getloadavg()[0] / os.cpu_count()) * (1 if "release" in str(server.program()) else 5)

# A loaded machine is slow, not wrong; a test ends as soon as its condition holds.
expect.set_options(timeout=15_000)

# What the page's policy stops is an error like any other.
POLICY = "addEventListener('securitypolicyviolation',e=>console.error('policy',e.violatedDirective,e.blockedURI))"


@pytest.fixture(scope="session")
def anju():
    yield from server.start()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def session(anju, browser):
    """The cookies of the administrator, signed in once."""
    context = browser.new_context(ignore_https_errors=True, locale="zh-CN")
    page = context.new_page()
    sign_in(page, anju)
    state = context.storage_state()
    context.close()
    return state


def sign_in(page, anju, name=None, password=None):
    page.goto(anju.url + "/sign-in")
    page.get_by_label("账号").fill(name or anju.name)
    page.get_by_label("密码").fill(password or anju.password)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(re.compile(r"/today$"))


@pytest.fixture(scope="session")
def phone(anju, browser):
    """The first administrator's phone, set up through the pages; and what the pages said on the way."""
    context = browser.new_context(ignore_https_errors=True, locale="zh-CN", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    enter(page, anju)
    page.goto(anju.url + "/account")
    page.locator("#p1").fill(anju.administrator[1])
    page.get_by_role("button", name="设置第二因素").click()
    expect(page.locator("svg.qr")).to_be_visible()
    phone = Phone(page.locator("#secret").inner_text())
    page.get_by_label("手机上显示的验证码").fill(phone.code())
    page.get_by_role("button", name="确认绑定").click()
    expect(page.locator("ul.codes li")).to_have_count(10)
    phone.codes = page.locator("ul.codes li").all_inner_texts()
    context.close()
    return phone


def enter(page, anju):
    """The administrator's name and password."""
    page.goto(anju.url + "/sign-in")
    page.get_by_label("账号").fill(anju.administrator[0])
    page.get_by_label("密码").fill(anju.administrator[1])
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(re.compile(r"/(people|sign-in/verification)"))


@pytest.fixture(scope="session")
def staff(anju, browser, phone):
    """The administrator, who makes people."""
    return Staff(anju, browser, phone)


@pytest.fixture(scope="session")
def officers(staff):
    """Three of the four officers; the fourth is the administrator. The security officer last: from then on only
    security officers appoint officers."""
    people = {}
    for role in ["keyCustodian", "auditor", "securityOfficer"]:
        people[role] = staff.invite(role.lower())
        staff.give(people[role], role)
    return people


@pytest.fixture
def open_page(anju, browser, session, request):
    """Opens pages of a signed-in person; afterwards no console, page or policy error may have been seen."""
    contexts, problems = [], []
    allowed = [marker.args[0] for marker in request.node.iter_markers("allows")]

    def watch(page):
        page.on("console", lambda m: m.type in ("error", "warning") and problems.append(m.text))
        page.on("pageerror", lambda e: problems.append(str(e)))
        page.add_init_script(POLICY)

    def opened(path="/today", width=1440, height=900, theme="light", language="zh-CN", signed_in=True, scale=1,
               through=None):
        context = browser.new_context(
            ignore_https_errors=True, locale=language, timezone_id="Asia/Shanghai", color_scheme=theme,
            viewport={"width": width, "height": height}, device_scale_factor=scale, reduced_motion="reduce",
            storage_state=session if signed_in else None)
        contexts.append(context)
        page = context.new_page()
        watch(page)
        page.goto((through.url if through else anju.url) + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    unexpected = [p for p in problems if not any(re.search(a, p) for a in allowed)]
    assert unexpected == []


@pytest.fixture
def wire(anju):
    """Between browser and server, to be cut."""
    wire = Wire(anju.url)
    yield wire
    wire.close()


@pytest.fixture(scope="session")
def axe():
    text = AXE.read_text()

    def check(page, what):
        page.evaluate(text)
        # Colours on their way from one theme to the other are neither's.
        page.evaluate(SETTLED)
        assert page.evaluate(CHECKED, RULES) == [], what

    return check


@pytest.fixture(scope="session")
def shot():
    """Keeps the pictures of KEPT in docs/screenshots when ANJU_SHOTS is set; all others only prove that they can be
    drawn."""
    keep = os.environ.get("ANJU_SHOTS")

    def take(page, name, full=False):
        has_fonts = page.evaluate(FONTS)
        page.wait_for_load_state("load")
        assert has_fonts or not (keep and name in KEPT), "the fonts did not come"
        path = (SHOTS if keep and name in KEPT else pathlib.Path(server.ROOT / ".anju" / "shots")) / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(path), full_page=full)

    return take


def live(page):
    """Waits for the page's event stream."""
    expect(page.locator(".live")).to_have_attribute("data-state", "up", timeout=30_000)
