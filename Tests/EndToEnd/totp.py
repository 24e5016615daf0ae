"""What an authenticator on a phone shows (RFC 6238), for the tests of the second factor."""

import base64
import hashlib
import hmac
import struct
import time

PERIOD_SECONDS = 30


class Phone:
    """Keeps a secret and shows its codes; never the same one twice, as the server takes each once."""

    def __init__(self, secret):
        secret = secret.replace(" ", "")
        self.key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        self.last = 0

    def code(self):
        """The code of the first step that was not shown yet; the server takes one that is a step early."""
        step = max(int(time.time()) // PERIOD_SECONDS, self.last + 1)
        while step > int(time.time()) // PERIOD_SECONDS + 1:
            time.sleep(0.5)
        self.last = step
        digest = hmac.new(self.key, struct.pack(">Q", step), hashlib.sha1).digest()
        offset = digest[-1] & 15
        return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7fffffff) % 1_000_000:06d}"
