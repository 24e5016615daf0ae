"""Identity certificates of third parties, from the custodians' approvals to a revoked certificate, with the real key
service and the openssl program."""

import subprocess

import pytest
from playwright.sync_api import expect

import server

CHAINS = {"tls": "p256", "application": "sm2"}


class Custodians:
    """Three people with a key each, at the key service's machine."""

    def __init__(self, anju, folder):
        self.place = ["--vault", anju.vault]
        self.folder = folder
        for name in ["An", "Bo", "Cui"]:
            key = self.run("custodian", str(folder / name), place=False).split()[-1]
            self.run("enrol", name, key)

    def run(self, word, *arguments, place=True):
        done = subprocess.run(
            [server.program(), "vault", word, *(self.place if place else []), *arguments], capture_output=True,
            text=True, env=server.environment(), timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def signed(self, word, name, *arguments):
        return self.run(word, "--name", name, "--key-file", str(self.folder / name), *arguments)

    def approve(self, command):
        """Does what the page says, with two approvals."""
        proposal = self.signed("propose", "An", *command.split()[3:]).split()[-1]
        for name in ["Bo", "Cui"]:
            self.signed("approve", name, proposal)
        self.run("execute", proposal)


@pytest.fixture(scope="module")
def issuer(staff):
    person = staff.invite("issuer", "operator")
    staff.set_up_phone(person)
    return person


@pytest.fixture(scope="module")
def established(anju, staff, officers, axe, shot, tmp_path_factory):
    """Both authorities: the page says what to approve, custodians do, the security officer establishes."""
    officer = officers["securityOfficer"]
    staff.set_up_phone(officer)
    custodians = Custodians(anju, tmp_path_factory.mktemp("custodians"))
    page = officer.context.new_page()
    page.goto(anju.url + "/identities")
    axe(page, "no authority")
    shot(page, "identities-none-light-1440", full=True)
    commands = page.locator("pre.command").all_inner_texts()
    assert len(commands) == 2
    for command, chain in zip(commands, CHAINS):
        assert f"purpose=ca-{chain} algorithm={CHAINS[chain]}" in command
        custodians.approve(command)
        page.locator(f"button[name=chain][value={chain}]").click()
        if page.locator("#code").count():
            axe(page, "second verification")
            page.locator("#code").fill(officer.phone.code())
            page.get_by_role("button", name="验证并继续").click()
        expect(page.get_by_role("status").filter(has_text="证书机构已设立")).to_be_visible()
    page.close()
    return custodians


def openssl(folder, *arguments, wanted=0):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode == 0) == (wanted == 0), done.stdout + done.stderr
    return done.stdout + done.stderr


def request(folder, name, chain):
    kind = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"] if chain == "tls" else ["-algorithm", "SM2"]
    openssl(folder, "genpkey", *kind, "-out", f"{name}.key")
    sign = [] if chain == "tls" else ["-sm3", "-sigopt", "distid:1234567812345678"]
    openssl(folder, "req", "-new", "-key", f"{name}.key", *sign, "-subj", f"/CN={name}", "-out", f"{name}.request")
    return (folder / f"{name}.request").read_text()


def fill(page, holder, owner, pem, chain="tls", profile="device"):
    page.locator("#new").click()
    page.locator("#n-chain").select_option(chain)
    page.locator("#n-profile").select_option(profile)
    page.locator("#n-holder").fill(holder)
    page.locator("#n-owner").fill(owner)
    page.locator("#n-request").fill(pem)


def verify_if_asked(page, person):
    if page.locator("#code").count():
        page.locator("#code").fill(person.phone.code())
        page.get_by_role("button", name="验证并继续").click()


def download(page, name, folder, file):
    with page.expect_download() as waiting:
        page.get_by_role("link", name=name).first.click()
    waiting.value.save_as(folder / file)


def test_a_certificate_is_issued_checked_by_others_renewed_and_revoked(
        anju, established, issuer, axe, shot, tmp_path):
    page = issuer.context.new_page()
    page.goto(anju.url + "/identities")
    for chain, holder, owner in [("application", "camera-12", "海清安防"), ("tls", "police-gw", "区公安分局")]:
        page.goto(anju.url + "/identities")
        fill(page, holder, owner, request(tmp_path, holder, chain), chain, "system" if chain == "tls" else "device")
        if chain == "tls":
            axe(page, "issue")
            shot(page, "identity-issue-light-1440", full=True)
        page.get_by_role("button", name="签发", exact=True).click()
        verify_if_asked(page, issuer)
        expect(page.get_by_role("status").filter(has_text="证书已签发")).to_be_visible()
    axe(page, "certificate")
    shot(page, "identity-light-1440", full=True)
    own = page.url.split("?")[0]
    download(page, "下载证书", tmp_path, "leaf.pem")
    page.goto(anju.url + "/identities")
    tls = page.locator("section", has=page.get_by_role("heading", name="TLS 证书机构"))
    fetch(page, tls, tmp_path)
    check = ["verify", "-x509_strict", "-crl_check", "-purpose", "sslclient", "-CAfile", "root.pem", "-CRLfile",
             "list.pem", "leaf.pem"]
    assert "OK" in openssl(tmp_path, *check)
    for theme in ["light", "dark"]:
        page.emulate_media(color_scheme=theme)
        page.reload()
        axe(page, f"identities {theme}")
        shot(page, f"identities-{theme}-1440", full=True)
    page.emulate_media(color_scheme="light")

    page.goto(own)
    page.get_by_role("link", name="吊销").click()
    expect(page.locator("#dialog form")).to_be_visible()
    axe(page, "revoke")
    shot(page, "identity-revoke-light-1440")
    page.locator("#r-note").fill("设备被盗")
    page.get_by_role("button", name="吊销 police-gw").click()
    verify_if_asked(page, issuer)
    expect(page.get_by_role("status").filter(has_text="证书已吊销")).to_be_visible()
    page.goto(anju.url + "/identities")
    fetch(page, page.locator("section", has=page.get_by_role("heading", name="TLS 证书机构")), tmp_path)
    assert "certificate revoked" in openssl(tmp_path, *check, wanted=1)
    page.close()


def fetch(page, section, folder):
    """The authority's certificate and list, as anybody gets them."""
    for name, file in [("下载机构证书", "root.pem"), ("下载吊销列表", "list.der")]:
        path = section.get_by_role("link", name=name).get_attribute("href")
        answer = page.context.request.get(page.url.split("/identities")[0] + path)
        assert answer.status == 200
        (folder / file).write_bytes(answer.body())
    openssl(folder, "crl", "-inform", "DER", "-in", "list.der", "-out", "list.pem")


def test_a_request_of_another_name_is_refused_and_what_was_typed_stays(anju, established, issuer, axe, tmp_path):
    page = issuer.context.new_page()
    page.goto(anju.url + "/identities")
    fill(page, "gate-01", "海清安防", request(tmp_path, "gate-02", "tls"))
    page.get_by_role("button", name="签发", exact=True).click()
    verify_if_asked(page, issuer)
    expect(page.get_by_role("alert")).to_contain_text("请求中的名称与填写的不一致")
    expect(page.locator("#n-owner")).to_have_value("海清安防")
    axe(page, "mismatch")
    page.close()


def test_an_authority_is_followed_by_another_and_both_are_believed(
        anju, established, officers, issuer, axe, shot, tmp_path):
    officer = officers["securityOfficer"]
    page = officer.context.new_page()

    def card(name):
        return page.locator("section", has=page.get_by_role("heading", name=name, exact=True))

    def act(button, done):
        button.click()
        verify_if_asked(page, officer)
        expect(page.get_by_role("status").filter(has_text=done)).to_be_visible()

    page.goto(anju.url + "/identities")
    old = card("TLS 证书机构")
    fetch(page, old, tmp_path)
    (tmp_path / "old.pem").write_bytes((tmp_path / "root.pem").read_bytes())
    (tmp_path / "old-list.pem").write_bytes((tmp_path / "list.pem").read_bytes())
    old.get_by_text("准备接任机构").click()
    axe(page, "prepare the successor")
    established.approve(old.locator("pre.command").inner_text())
    act(old.get_by_role("button", name="设立接任机构"), "接任机构已设立")
    new = card("TLS 证书机构 G2")
    expect(new.get_by_text("待接任")).to_be_visible()
    fetch(page, new, tmp_path)
    (tmp_path / "both.pem").write_bytes((tmp_path / "old.pem").read_bytes() + (tmp_path / "root.pem").read_bytes())
    (tmp_path / "lists.pem").write_bytes(
        (tmp_path / "old-list.pem").read_bytes() + (tmp_path / "list.pem").read_bytes())
    act(new.get_by_role("button", name="开始签发"), "接任机构已开始签发")
    expect(old.get_by_text("已停止签发")).to_be_visible()
    axe(page, "two authorities")
    shot(page, "identities-succession-light-1440", full=True)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()

    page = issuer.context.new_page()
    page.goto(anju.url + "/identities")
    fill(page, "gate-77", "海清安防", request(tmp_path, "gate-77", "tls"))
    page.get_by_role("button", name="签发", exact=True).click()
    verify_if_asked(page, issuer)
    page.wait_for_url("**/identities/*?done=issued")
    answer = page.context.request.get(page.url.split("?")[0] + "/file")
    (tmp_path / "leaf.pem").write_bytes(answer.body())
    check = ["verify", "-x509_strict", "-crl_check", "-purpose", "sslclient", "-CRLfile", "lists.pem"]
    assert "OK" in openssl(tmp_path, *check, "-CAfile", "both.pem", "leaf.pem")
    openssl(tmp_path, *check, "-CAfile", "old.pem", "leaf.pem", wanted=1)
    page.close()


def test_identities_in_english_and_on_a_phone(anju, established, issuer, axe, shot):
    page = issuer.context.new_page()
    page.goto(anju.url + "/identities")
    page.get_by_role("button", name="Switch to English").click()
    expect(page.get_by_role("heading", name="Identity certificates", exact=True)).to_be_visible()
    axe(page, "identities English")
    shot(page, "identities-english-1440", full=True)
    page.locator("tbody tr a").first.click()
    expect(page.get_by_text("Serial number")).to_be_visible()
    shot(page, "identity-english-1440", full=True)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(anju.url + "/identities")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    axe(page, "identities on a phone")
    shot(page, "identities-light-390", full=True)
    page.close()
