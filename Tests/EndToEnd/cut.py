"""A wire that can be cut: forwards TCP from a port of its own to the server, so that a break of the network is real."""

import contextlib
import socket
import threading
import urllib.parse


class Wire:
    def __init__(self, url):
        there = urllib.parse.urlsplit(url)
        self.target = (there.hostname, there.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        self.is_cut = False
        self.ends = set()
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.listener.accept()[0]
                threading.Thread(target=self.join, args=(near,), daemon=True).start()

    def join(self, near):
        if self.is_cut:
            return near.close()
        far = socket.create_connection(self.target)
        with self.lock:
            self.ends |= {near, far}
        threading.Thread(target=self.pump, args=(far, near), daemon=True).start()
        self.pump(near, far)

    def pump(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        for end in (source, target):
            with self.lock:
                self.ends.discard(end)
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut(self):
        self.is_cut = True
        with self.lock:
            ends = list(self.ends)
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self):
        self.is_cut = False

    def close(self):
        self.listener.close()
        self.cut()
