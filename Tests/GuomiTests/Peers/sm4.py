"""Recomputes what Guomi's SM4 gave, with implementations that know nothing of it.

Reads lines `mode key nonce associated plaintext sealed`, hexadecimal, "-" for nothing, from the file named first.
gmssl is SM4 in plain Python (blocks, CBC; CCM is written here on its blocks, after RFC 3610); cryptography brings an
OpenSSL of its own (GCM, CTR, CBC). Prints one line for each case that differs, then how many were compared by each.
"""

import collections
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from gmssl.sm4 import SM4_ENCRYPT, CryptSM4


def openssl(key, mode, plaintext, associated=b""):
    encryptor = Cipher(algorithms.SM4(key), mode).encryptor()
    if associated:
        encryptor.authenticate_additional_data(associated)
    out = encryptor.update(plaintext) + encryptor.finalize()
    return out + encryptor.tag if isinstance(mode, modes.GCM) else out


def block_cipher(key):
    cipher = CryptSM4()
    cipher.set_key(key, SM4_ENCRYPT)
    return lambda block: bytes(cipher.one_round(cipher.sk, list(block)))


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def ctr(encrypt, counter, plaintext):
    number, out = int.from_bytes(counter, "big"), b""
    for start in range(0, len(plaintext), 16):
        stream = encrypt((number % (1 << 128)).to_bytes(16, "big"))
        out += xor(plaintext[start:start + 16], stream)
        number += 1
    return out


def cbc(encrypt, vector, plaintext):
    out, last = b"", vector
    for start in range(0, len(plaintext), 16):
        last = encrypt(xor(plaintext[start:start + 16], last))
        out += last
    return out


def ccm(encrypt, nonce, plaintext, associated):
    def filled(text):
        return text + bytes(-len(text) % 16)

    flags = (0x40 if associated else 0) | 7 << 3 | 2
    text = bytes([flags]) + nonce + len(plaintext).to_bytes(3, "big")
    if associated:
        length = len(associated)
        prefix = length.to_bytes(2, "big") if length < 0xFF00 else b"\xff\xfe" + length.to_bytes(4, "big")
        text += filled(prefix + associated)
    text += filled(plaintext)
    tag = cbc(encrypt, bytes(16), text)[-16:]
    first = b"\x02" + nonce + bytes(3)
    return ctr(encrypt, (int.from_bytes(first, "big") + 1).to_bytes(16, "big"), plaintext) + xor(tag, encrypt(first))


def expected(mode, key, nonce, associated, plaintext):
    """Yields what each implementation gives."""
    encrypt = block_cipher(key)
    if mode == "gcm":
        yield "cryptography", openssl(key, modes.GCM(nonce), plaintext, associated)
    elif mode == "ccm":
        yield "gmssl", ccm(encrypt, nonce, plaintext, associated)
    elif mode == "ctr":
        yield "cryptography", openssl(key, modes.CTR(nonce), plaintext)
        yield "gmssl", ctr(encrypt, nonce, plaintext)
    elif mode == "cbc":
        yield "cryptography", openssl(key, modes.CBC(nonce), plaintext)
        yield "gmssl", cbc(encrypt, nonce, plaintext)
    else:
        raise ValueError(mode)


def main():
    compared = collections.Counter()
    with open(sys.argv[1], encoding="ascii") as lines:
        for number, line in enumerate(lines, 1):
            mode, *fields = line.split()
            key, nonce, associated, plaintext, sealed = (bytes.fromhex(f) if f != "-" else b"" for f in fields)
            for name, result in expected(mode, key, nonce, associated, plaintext):
                compared[name] += 1
                if result != sealed:
                    print(f"line {number}: {mode} of {len(plaintext)} bytes differs from {name}")
    print(", ".join(f"{name} {count}" for name, count in sorted(compared.items())))


main()
