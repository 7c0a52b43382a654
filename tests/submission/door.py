"""A door in front of a server: what goes through it can be stopped without a word."""

import socket
import threading
from urllib.parse import urlsplit


class Door:
    """Forwards to the server at ``url``, until ``shut``: from then on whoever knocks hears nothing."""

    def __init__(self, url: str):
        self.server = (urlsplit(url).hostname, urlsplit(url).port)
        self.is_shut = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.sockets = [self.listener]
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._receive, daemon=True).start()

    def shut(self) -> None:
        self.is_shut.set()

    def open(self) -> None:
        self.is_shut.clear()

    def remove(self) -> None:
        for each in self.sockets:
            each.close()

    def _receive(self) -> None:
        while True:
            try:
                caller, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.server)
            self.sockets += [caller, server]
            for one, other in ((caller, server), (server, caller)):
                threading.Thread(target=self._forward, args=(one, other), daemon=True).start()

    def _forward(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while octets := one.recv(65536):
                if not self.is_shut.is_set():
                    other.sendall(octets)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            return
