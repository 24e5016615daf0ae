"""Recomputes what Guomi's SM3 and SM2 gave, and makes signatures and ciphertexts for it, by others' implementations.

`sm2.py check FILE` reads lines `operation field …`, hexadecimal, "-" for nothing; it prints one line for each case
that differs, then how many were compared by each implementation. `sm2.py make` prints lines of the same form.

gmssl and lbs are SM2 and SM3 in plain Python; cryptography brings an OpenSSL of its own (SM3 and what is derived with
it). The generator is written here after SP 800-90A on gmssl's SM3.
"""

import collections
import sys

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from gmssl import sm2 as gmssl_sm2
from gmssl import sm3 as gmssl_sm3
from lbs import ECPoint, SM2Curve, SM2Encryption, SM2KeyExchange, SM2Signature, sm3_hash

CURVE = SM2Curve.default()
DEFAULT_ID = b"1234567812345678"


def number(data):
    return int.from_bytes(data, "big")


def point(data):
    return ECPoint(number(data[1:33]), number(data[33:65]))


def gmssl_digest(data):
    return bytes.fromhex(gmssl_sm3.sm3_hash(list(data)))


def gmssl_key(secret=b"", public=b""):
    # Its constructor strips every leading 0 and 4 of a key, not only the prefix.
    key = gmssl_sm2.CryptSM2(private_key=secret.hex(), public_key="", mode=1)
    key.public_key = public[1:].hex()
    return key


def openssl_hmac(key, message):
    mac = hmac.HMAC(key, hashes.SM3())
    mac.update(message)
    return mac.finalize()


def openssl_digest(data):
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def kbkdf(key, label, context, count):
    return KBKDFHMAC(
        algorithm=hashes.SM3(), mode=Mode.CounterMode, length=count, rlen=4, llen=4,
        location=CounterLocation.BeforeFixed, label=label, context=context, fixed=None).derive(key)


class Generator:
    """Hash_DRBG of SP 800-90A, 10.1.1, seed length 440 bits."""

    def __init__(self, entropy, personalization):
        self.value = self.derive(entropy + personalization)
        self.start()

    @staticmethod
    def derive(data):
        head = (440).to_bytes(4, "big")
        return b"".join(gmssl_digest(bytes([i]) + head + data) for i in (1, 2))[:55]

    def start(self):
        self.constant = self.derive(b"\0" + self.value)
        self.counter = 1

    def reseed(self, entropy, additional):
        self.value = self.derive(b"\1" + self.value + entropy + additional)
        self.start()

    def add(self, *numbers):
        total = number(self.value) + sum(numbers)
        self.value = (total % (1 << 440)).to_bytes(55, "big")

    def generate(self, count, additional=b""):
        if additional:
            self.add(number(gmssl_digest(b"\2" + self.value + additional)))
        data, out = number(self.value), b""
        while len(out) < count:
            out += gmssl_digest((data % (1 << 440)).to_bytes(55, "big"))
            data += 1
        self.add(number(gmssl_digest(b"\3" + self.value)), number(self.constant), self.counter)
        self.counter += 1
        return out[:count]


def drbg(first, second, personalization, additional, count):
    generator = Generator(first, personalization)
    out = generator.generate(count) + generator.generate(count, additional)
    generator.reseed(second, additional)
    return out + generator.generate(count)


def exchange(secret_a, secret_b, fresh_a, fresh_b, id_a, id_b, count):
    def multiply(scalar):
        return CURVE.scalar_mult(number(scalar), CURVE.G)

    key, confirmations = SM2KeyExchange(CURVE).initiator_compute(
        number(fresh_a), multiply(fresh_a), multiply(fresh_b), number(secret_a), multiply(secret_a),
        multiply(secret_b), id_a.decode(), id_b.decode(), count * 8)
    return key + b"".join(confirmations)


def compare(operation, f):
    """Yields (implementation, whether it agrees)."""
    if operation == "sm3":
        yield "gmssl", gmssl_digest(f[0]) == f[1]
        yield "lbs", sm3_hash(f[0]) == f[1]
        yield "cryptography", openssl_digest(f[0]) == f[1]
    elif operation == "hmac":
        yield "cryptography", openssl_hmac(f[0], f[1]) == f[2]
    elif operation == "kbkdf":
        yield "cryptography", kbkdf(f[0], f[1], f[2], len(f[3])) == f[3]
    elif operation == "hkdf":
        yield "cryptography", HKDF(hashes.SM3(), len(f[3]), f[1], f[2]).derive(f[0]) == f[3]
    elif operation == "x963":
        yield "cryptography", X963KDF(hashes.SM3(), len(f[1]), None).derive(f[0]) == f[1]
    elif operation == "drbg":
        yield "SP 800-90A on gmssl", drbg(f[0], f[1], f[2], f[3], len(f[4]) // 3) == f[4]
    elif operation == "sign":
        public, identity, message, signature = f
        pair = number(signature[:32]), number(signature[32:])
        yield "lbs", SM2Signature(CURVE).verify(message, pair, point(public), identity.decode())
        if identity == DEFAULT_ID:
            yield "gmssl", bool(gmssl_key(public=public).verify_with_sm3(signature.hex(), message))
    elif operation == "encrypt":
        secret, raw, message = f
        yield "gmssl", gmssl_key(secret).decrypt(raw[1:]) == message
        old = raw[:65] + raw[97:] + raw[65:97]
        yield "lbs", SM2Encryption(CURVE).decrypt(old, number(secret)) == message
    elif operation == "exchange":
        yield "lbs", exchange(*f[:6], len(f[6]) - 64) == f[6]
    else:
        raise ValueError(operation)


def check(path):
    compared = collections.Counter()
    with open(path, encoding="ascii") as lines:
        for place, line in enumerate(lines, 1):
            operation, *fields = line.split()
            fields = [bytes.fromhex(f) if f != "-" else b"" for f in fields]
            for name, agrees in compare(operation, fields):
                compared[name] += 1
                if not agrees:
                    print(f"line {place}: {operation} differs from {name}")
    print(", ".join(f"{name} {count}" for name, count in sorted(compared.items())))


def make():
    """Keys, nonces and messages are hashes of small numbers, so that every run makes the same."""
    for case in range(6):
        secret, nonce = (openssl_digest(bytes([case, part])) for part in (1, 2))
        public = CURVE.point_to_bytes(CURVE.scalar_mult(number(secret), CURVE.G))
        message = openssl_digest(bytes([case, 3]))[:1 + case * 5]
        key = gmssl_key(secret, public)
        print("sign", public.hex(), message.hex(), key.sign_with_sm3(message, nonce.hex()))
        gmssl_sm2.func.random_hex = lambda _: nonce.hex()
        print("encrypt", secret.hex(), message.hex(), "04" + key.encrypt(message).hex())


if sys.argv[1] == "check":
    check(sys.argv[2])
else:
    make()
