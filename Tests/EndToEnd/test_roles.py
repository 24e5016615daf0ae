"""Every page for every role: what the rail offers opens, and what it does not offer is refused, not broken."""

import re

import pytest

OPEN_TO = {
    "/today": "operator leasing guard maintenance viewer",
    "/rooms": "operator leasing guard maintenance viewer",
    "/alarms": "operator leasing guard maintenance housingAuthority enforcementOfficer viewer",
    "/devices": "operator leasing finance guard maintenance vendor viewer",
    "/provisioning": "operator leasing finance guard maintenance vendor viewer",
    "/provisioning/lots": "operator leasing finance guard maintenance vendor viewer",
    "/provisioning/keys": "operator leasing finance guard maintenance vendor viewer",
    "/provisioning/platform-key": "operator leasing finance guard maintenance vendor viewer",
    "/people": "systemAdministrator securityOfficer auditor",
    "/privacy": "operator leasing enforcementOfficer securityOfficer auditor",
    "/privacy/retention": "operator leasing enforcementOfficer securityOfficer auditor",
    "/identities": "operator securityOfficer auditor",
    "/audit": "securityOfficer auditor",
    "/keys": "operator systemAdministrator securityOfficer auditor",
}
FOR_ALL = ["/help", "/account", "/my-data?tab=held", "/my-data?tab=consents", "/my-data?tab=requests",
           "/my-data?tab=looks"]
BUSINESS = ["operator", "leasing", "finance", "guard", "maintenance", "housingAuthority", "enforcementOfficer",
            "tenant", "vendor", "viewer"]
# The security officer last: from then on only security officers appoint officers.
OFFICES = ["keyCustodian", "auditor", "securityOfficer"]
# A text that is missing is shown by its name.
NAMELESS = re.compile(
    r"\b(t|role|people|privacy|identities|provisioning|lotState|keyState|retention|audit|keys|nav|permission)"
    r"\.[a-z]\w+\b")


def walk(anju, person, role):
    """Opens every page in one tab; gives what was not as it should be."""
    wrong, problems = [], []
    page = person.context.new_page()
    page.on("pageerror", lambda e: problems.append(str(e)))
    page.on("console", lambda m: m.type == "error" and "status of 403" not in m.text and problems.append(m.text))
    page.goto(anju.url + "/help")
    offered = {a.get_attribute("href") for a in page.locator("nav.rail a.it").all()}
    for path, roles in OPEN_TO.items():
        status = page.goto(anju.url + path).status
        wanted = 200 if role in roles.split() else 403
        if status != wanted:
            wrong.append(f"{role} {path}: {status}, not {wanted}")
        if path.count("/") == 1 and path != "/keys" and (path in offered) != (wanted == 200):
            wrong.append(f"{role}: the rail and {path} do not agree")
        if status == 200 and NAMELESS.search(page.locator("main").inner_text()):
            wrong.append(f"{role} {path}: a text is missing")
    for path in FOR_ALL:
        if page.goto(anju.url + path).status != 200:
            wrong.append(f"{role} {path} is refused")
    page.close()
    return wrong + [f"{role}: {problem}" for problem in problems]


@pytest.fixture(scope="module")
def walker(staff):
    return staff.invite("walker")


@pytest.mark.parametrize("role", BUSINESS)
def test_business(anju, staff, walker, role):
    staff.take_all(walker)
    staff.give(walker, role)
    assert walk(anju, walker, role) == []


def test_system_administrator(anju, staff):
    assert walk(anju, staff.admin, "systemAdministrator") == []


@pytest.mark.parametrize("role", OFFICES)
def test_offices(anju, staff, officers, role):
    assert walk(anju, officers[role], role) == []
