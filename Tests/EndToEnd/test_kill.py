"""The whole platform is killed under load, again and again: what devices told it is there, each message once."""

import datetime
import http.cookiejar
import json
import os
import pathlib
import re
import signal
import ssl
import subprocess
import time
import urllib.request

import server

KILLS = 5
FLOODED = [f"{kind}-01{room:02}" for kind in ("LK", "EM", "WM") for room in range(1, 15)]


class Platform:
    """A server of its own that is started again on the same folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.log = self.folder / "log"
        self.process = None
        self.password = None
        self.opener = None

    def start(self):
        output = open(self.log, "a+")
        begin = output.tell()
        self.process = subprocess.Popen(
            [server.program(), "up", "--data", self.folder / "data", "--http-port", "0", "--mqtt-port", "0",
             "--control-port", "0", "--vendor", server.ROOT / ".anju" / "vendor"],
            stdout=output, stderr=subprocess.STDOUT, cwd=server.ROOT,
            env={k: v for k, v in os.environ.items() if not k.startswith("ANJU_")})
        output.close()
        text = self.words(begin, "Ctrl-C ends it")
        self.url = re.search(r"https://[^\s/]+:\d+", text).group(0)
        self.control = re.search(r"http://[^\s/]+:\d+", text).group(0)
        found = re.search(r"password\s+(\S+-\S+)", text)
        self.password = found.group(1) if found else self.password
        self.sign_in()

    def words(self, begin, last):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            text = self.log.read_text()[begin:]
            if last in text:
                return text
            assert self.process.poll() is None, text
            time.sleep(0.05)
        raise AssertionError("the server did not start:\n" + text)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def sign_in(self):
        context = ssl.create_default_context(cafile=self.folder / "data" / "ca" / "ca.pem")
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        body = json.dumps({"name": "operator", "password": self.password}).encode()
        request = urllib.request.Request(
            self.url + "/api/v1/session", data=body, headers={"content-type": "application/json"})
        self.opener.open(request, timeout=30).close()

    def get(self, path):
        with self.opener.open(self.url + "/api/v1" + path, timeout=30) as answer:
            return json.load(answer)

    def building(self, path, arguments=None):
        data = None if arguments is None else json.dumps({"arguments": arguments}).encode()
        with urllib.request.urlopen(urllib.request.Request(self.control + path, data=data), timeout=30) as answer:
            return json.load(answer)


def until(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"it did not come to pass: {condition.__doc__}")


def test_nothing_acknowledged_is_lost_when_everything_is_killed(tmp_path):
    platform = Platform(tmp_path)
    platform.start()
    try:
        for turn in range(KILLS):
            def connected():
                """the flooded devices are connected"""
                devices = platform.building("/devices?target=floor:1")["devices"]
                return all(d["online"] for d in devices if d["name"] in FLOODED)

            until(connected)
            for name in FLOODED:
                platform.building(f"/devices/{name}/flood", ["20", "600"])
            before = received(platform)

            def flowing():
                """readings of the flood arrive"""
                return received(platform) > before + 200

            until(flowing)
            platform.kill()
            platform.start()

        def delivered():
            """every device has told all it kept"""
            devices = platform.building("/devices?target=floor:1")["devices"]
            return all(d["online"] and d["messagesWaiting"] == 0 for d in devices if d["name"] in FLOODED)

        until(delivered, 240)

        def complete():
            """no number is missing of any device"""
            return [n for n in FLOODED if missing(platform, n) != 0] == []

        until(complete, 60)
        assert platform.get("/rejected-readings")["items"] == []
    finally:
        platform.stop()


def day(platform, name):
    [device] = [d["device"]["id"] for d in platform.get(f"/devices?text={name}")["items"]]
    today = datetime.datetime.now(datetime.timezone.utc)
    first = (today - datetime.timedelta(days=1)).date()
    last = (today + datetime.timedelta(days=1)).date()
    return platform.get(f"/devices/{device}/completeness?from={first}&through={last}")["days"]


def missing(platform, name):
    days = day(platform, name)
    return sum(d["missing"] for d in days) if days else None


def received(platform):
    return sum(d["received"] for d in day(platform, FLOODED[0]))
