"""Starts the real program with its virtual building, and talks to the building's control port."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
STARTS_WITHIN_SECONDS = 180
# Variables that tell these tests something; the server stops at a variable of its kind that it does not know.
OWN_VARIABLES = ["ANJU_SHOTS", "ANJU_PROGRAM", "ANJU_URL", "ANJU_NAME", "ANJU_CONTROL"]
DEVICES = 12 * 14 * 4 + 12 * 3


class Anju:
    """A running server: where it is, and how to sign in."""

    def __init__(self, url, name, password, control, administrator=None, vault=None):
        self.url = url
        self.name = name
        self.password = password
        self.control = control
        # Name and password of the first system administrator; None for a server that others started.
        self.administrator = administrator
        # The key service's folder; None for a server that others started.
        self.vault = vault

    def building(self, path, arguments=None):
        """Asks the virtual building's control port, or tells it to misbehave."""
        data = None if arguments is None else json.dumps({"arguments": arguments}).encode()
        request = urllib.request.Request(self.control + path, data=data, method="GET" if data is None else "POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def happens(self, device, word, *arguments):
        """Makes something happen to a device: `happens("SD-0803", "fire")`."""
        return self.building(f"/devices/{urllib.parse.quote(device)}/{word}", list(arguments))

    def devices(self, target="all"):
        return self.building(f"/devices?target={urllib.parse.quote(target)}")["devices"]

    def until(self, device, value, wanted=True, seconds=120):
        """Waits until a device says so of itself: `until("SD-0803", "alarming")`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.devices(device)[0]["values"].get(value) == wanted:
                return
            time.sleep(0.02)
        raise AssertionError(f"{device} did not come to {value} = {wanted}")

    def device(self, room, model):
        """The name of the device of a model's kind in a room: `device("0803", "smoke")`."""
        [name] = [d["name"] for d in self.devices(f"room:{room}") if d["model"].startswith(model)]
        return name


def program():
    """The program to test: release when it is there, as a user would have it."""
    given = os.environ.get("ANJU_PROGRAM")
    for path in [given, ROOT / ".build/release/anju", ROOT / ".build/debug/anju"]:
        if path and pathlib.Path(path).exists():
            return path
    raise RuntimeError("the program is not built: run ./anju build, or set ANJU_PROGRAM")


def environment():
    return {name: value for name, value in os.environ.items() if name not in OWN_VARIABLES + ["ANJU_PASSWORD"]}


def start():
    """A generator of one server; ends it afterwards."""
    if os.environ.get("ANJU_URL"):
        yield Anju(os.environ["ANJU_URL"], os.environ.get("ANJU_NAME", "operator"), os.environ["ANJU_PASSWORD"],
                   os.environ.get("ANJU_CONTROL", "http://127.0.0.1:8090"))
        return
    with tempfile.TemporaryDirectory(prefix="anju-pages-") as folder:
        log = open(pathlib.Path(folder) / "log", "w+")
        process = subprocess.Popen(
            [program(), "up", "--data", f"{folder}/data", "--http-port", "0", "--mqtt-port", "0", "--control-port",
             "0", "--vendor", ROOT / ".anju" / "vendor"],
            stdout=log, stderr=subprocess.STDOUT, cwd=ROOT, env=environment())
        try:
            yield wait(process, pathlib.Path(log.name), f"{folder}/data-vault")
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
            log.close()


def wait(process, log, vault):
    """Reads the address and the passwords of the first two accounts, the operator's first, off the program's own words,
    and waits for the building to have reported."""
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        text = log.read_text()
        url = re.search(r"Anju is ready: (https://\S+)", text)
        accounts = re.findall(r"^ +account +(\S+)\n +password +(\S+)$", text, re.M)
        control = re.search(r"^ +building +(http://[^\s/]+:\d+)", text, re.M)
        if url and len(accounts) == 2 and control:
            server = Anju(url.group(1), *accounts[0], control.group(1), accounts[1], vault)
            settle(server, deadline)
            return server
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{log.read_text()[-4000:]}")


def settle(server, deadline):
    while time.monotonic() < deadline:
        try:
            devices = server.devices()
            if len(devices) == DEVICES and all(d["online"] for d in devices):
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise RuntimeError("the virtual building did not come online")
