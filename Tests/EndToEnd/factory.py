"""A factory's station and the devices in its hands, written from docs/device-keys.md alone, with the openssl program:
no code of ours, no key of ours."""

import base64
import json
import secrets
import subprocess
import uuid


def openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


class Pair:
    """An SM2 key in a file."""

    def __init__(self, folder, name):
        self.folder = folder
        self.file = f"{name}.key"
        openssl(folder, "genpkey", "-algorithm", "SM2", "-out", self.file)
        self.pem = openssl(folder, "pkey", "-in", self.file, "-pubout").decode()
        # The point stands at the end of the public key.
        self.point = openssl(folder, "pkey", "-in", self.file, "-pubout", "-outform", "DER")[-65:]
        assert self.point[0] == 4

    def sign(self, message):
        """r ‖ s."""
        (self.folder / "statement").write_bytes(message)
        der = openssl(self.folder, "pkeyutl", "-sign", "-rawin", "-digest", "sm3", "-pkeyopt",
                      "distid:1234567812345678", "-inkey", self.file, "-in", "statement")
        return b"".join(integers(der))

    def decrypt(self, raw):
        """Of C1 ‖ C3 ‖ C2."""
        x, y, hashed, text = raw[1:33], raw[33:65], raw[65:97], raw[97:]
        body = number(x) + number(y) + b"\x04" + length(hashed) + hashed + b"\x04" + length(text) + text
        (self.folder / "sealed").write_bytes(b"\x30" + length(body) + body)
        return openssl(self.folder, "pkeyutl", "-decrypt", "-inkey", self.file, "-in", "sealed")


def length(value):
    assert len(value) < 0x10000
    if len(value) < 0x80:
        return bytes([len(value)])
    return b"\x82" + len(value).to_bytes(2, "big")


def number(value):
    value = value.lstrip(b"\0") or b"\0"
    value = (b"\0" if value[0] & 0x80 else b"") + value
    return b"\x02" + length(value) + value


def integers(der):
    """The two numbers of a signature, 32 bytes each."""
    assert der[0] == 0x30
    at, found = 2, []
    for _ in range(2):
        assert der[at] == 2
        size = der[at + 1]
        found.append(int.from_bytes(der[at + 2:at + 2 + size], "big").to_bytes(32, "big"))
        at += 2 + size
    return found


def prefixed(value):
    return len(value).to_bytes(2, "big") + value


def sm3(folder, value):
    (folder / "hashed").write_bytes(value)
    return openssl(folder, "dgst", "-sm3", "-binary", "hashed")


class Station:
    """Signs that a device's request counts in a lot, and brings it to the platform."""

    def __init__(self, folder):
        self.folder = folder
        self.signing = Pair(folder, "station-signing")
        self.encryption = Pair(folder, "station-encryption")

    def provision(self, context, url, lot, device):
        """Gives a new device its key over the API; returns the key that the device opened, and the check value."""
        own = Pair(self.folder, f"{device}-own")
        opens = Pair(self.folder, f"{device}-opens")
        body = (b"\x01" + prefixed(b"SE-" + device.encode()) + prefixed(device.encode()) + secrets.token_bytes(32)
                + opens.point + own.point)
        request = body + own.sign(b"LZGY-PRQ-1" + body)
        endorsed = self.signing.sign(b"LZGY-STN-1" + uuid.UUID(lot).bytes + sm3(self.folder, request))
        answer = context.request.post(
            f"{url}/api/v1/provisioning-lots/{lot}/keys",
            data=json.dumps({"request": base64.b64encode(request).decode(),
                             "signature": base64.b64encode(endorsed).decode()}),
            headers={"Content-Type": "application/json", "Origin": url, "Sec-Fetch-Site": "same-origin"})
        if answer.status != 200:
            return answer.json()["code"]
        given = base64.b64decode(answer.json()["answer"])
        check, size = given[5:13], int.from_bytes(given[13:15], "big")
        key = opens.decrypt(given[15:15 + size])
        assert len(key) == 32
        return key, check
