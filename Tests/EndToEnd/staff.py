"""People with roles, made as a system administrator makes them: invited, given a role, their password chosen by them."""

import html
import re
import time

from totp import Phone

PASSWORD = "seven quiet bicycles 4"
WAITS_SECONDS = 60


class Person:
    """Somebody with an account, signed in."""

    def __init__(self, context, account, name):
        self.context = context
        self.account = account
        self.name = name
        self.phone = None


class Staff:
    """The first administrator at work, with the second factor."""

    def __init__(self, anju, browser, phone):
        self.anju = anju
        self.browser = browser
        self.admin = Person(self.context(), None, anju.administrator[0])
        self.admin.phone = phone
        self.sign_in(self.admin, anju.administrator[1])

    def context(self):
        return self.browser.new_context(
            ignore_https_errors=True, locale="zh-CN", timezone_id="Asia/Shanghai", reduced_motion="reduce",
            viewport={"width": 1440, "height": 900})

    def send(self, person, path, form, follow=0):
        """Posts a form as the browser does; waits when it is told to."""
        deadline = time.monotonic() + WAITS_SECONDS
        while True:
            answer = person.context.request.post(
                self.anju.url + path, form=form, max_redirects=follow,
                headers={"Origin": self.anju.url, "Sec-Fetch-Site": "same-origin"})
            if answer.status != 429 or time.monotonic() > deadline:
                return answer
            time.sleep(1)

    def post(self, path, form, person=None):
        """An act that may ask for the second factor; gives the page after it."""
        person = person or self.admin
        answer = self.send(person, path, form)
        if answer.status == 403 and "verification-code" in answer.text():
            answer = self.send(person, path, form | {"verification-code": person.phone.code()})
        assert answer.status in (200, 303), f"{path} {answer.status} {answer.text()[:2000]}"
        return answer

    def sign_in(self, person, password):
        answer = self.send(person, "/sign-in", {"name": person.name, "password": password})
        assert answer.status == 303, answer.text()
        if person.phone:
            answer = self.send(person, "/sign-in/verification", {"verification-code": person.phone.code()})
            assert answer.status == 303, answer.text()

    def invite(self, name, role=None):
        """Makes an account without an office, whose owner chooses a password and signs in."""
        answer = self.post("/people", {"name": name, "displayName": name, "role": role or "", "scope": "organisation"})
        link = html.unescape(re.search(r'id="shown">([^<]+)<', answer.text()).group(1))
        found = self.admin.context.request.get(f"{self.anju.url}/people?q={name}").text()
        person = Person(self.context(), re.search(rf'href="/people/([0-9a-f-]{{36}})"><b>{name}<', found).group(1), name)
        chosen = self.send(person, "/invitation", {"token": link.split("token=")[1], "password-new": PASSWORD})
        assert chosen.status == 303, chosen.text()
        self.sign_in(person, PASSWORD)
        return person

    def give(self, person, role):
        self.post(f"/people/{person.account}/roles", {"role": role, "scope": "organisation"})

    def take_all(self, person):
        page = self.admin.context.request.get(f"{self.anju.url}/people/{person.account}").text()
        for role in re.findall(r'name="role" value="([0-9a-f-]{36})"', page):
            self.post(f"/people/{person.account}/revocation", {"role": role})

    def set_up_phone(self, person):
        """Gives a person a second factor."""
        page = self.post("/account/second-factor", {"password": PASSWORD}, person).text()
        form = dict(re.findall(r'<input type="hidden" name="(address|secret)" value="([^"]*)"', page))
        form = {name: html.unescape(value) for name, value in form.items()}
        person.phone = Phone(form["secret"])
        self.post("/account/second-factor/confirmation", form | {"code": person.phone.code()}, person)
