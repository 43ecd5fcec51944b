"""The least that a server in Python can do for a prediction, as a bound: `python floor_server.py FILE PORT`.

One thread; a request must come in one piece, and is believed to be right.
"""

import json
import select
import socket
import sys
from typing import Any

import joblib
import numpy

file, port = sys.argv[1:]
model: Any = joblib.load(file)


def answer(request: bytes) -> bytes:
    """Answers everything but a prediction with {}."""
    head, _, body = request.partition(b"\r\n\r\n")
    result: dict[str, Any] = {}
    if head.startswith(b"POST"):
        tensor = json.loads(body)["inputs"][0]
        found = model.predict(numpy.array(tensor["data"]).reshape(tensor["shape"]))
        output = {"name": "predict", "shape": list(found.shape), "datatype": "INT64", "data": found.tolist()}
        result = {"model_name": "iris", "outputs": [output]}
    text = json.dumps(result).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)


listener = socket.create_server(("127.0.0.1", int(port)))
ready = select.epoll()
ready.register(listener, select.EPOLLIN)
connections: dict[int, socket.socket] = {}
while True:
    for number, _ in ready.poll():
        if number == listener.fileno():
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connections[connection.fileno()] = connection
            ready.register(connection, select.EPOLLIN)
            continue
        request = connections[number].recv(1 << 16)
        if request:
            connections[number].sendall(answer(request))
        else:
            ready.unregister(number)
            connections.pop(number).close()
