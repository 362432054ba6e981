#!/usr/bin/env python3
"""Method: use. libgyre.so serves an engine: the page that it carries is the committed one, errors
leave it not served, and it ends with gyre_serve_stop and with the engine.

usage: serve.py <libgyre.so> <web-demo/gyre.html>
"""
import ctypes
import json
import os
import pathlib
import sys
import urllib.error
import urllib.request

lib = ctypes.CDLL(sys.argv[1])
PAGE = pathlib.Path(sys.argv[2]).read_text()
U32 = ctypes.c_uint32
HOST_DRIVER, ANY_PORT, CONTROL = 1, 65536, 1
STATE, BUFFER, ARG, UNSUPPORTED = -2, -8, -1, -18


class Error(ctypes.Structure):
    _fields_ = [('size', U32), ('code', ctypes.c_int32), ('text', ctypes.c_char * 248)]


class EngineOptions(ctypes.Structure):
    _fields_ = [('size', U32), ('api_version', U32), ('driver', ctypes.c_int32), ('shards', U32),
                ('store', ctypes.c_char_p), ('seed', ctypes.c_uint64),
                ('window_ms', ctypes.c_double), ('memory_bytes', ctypes.c_double),
                ('memory_ring', U32), ('forget_times', U32)]


class ServeOptions(ctypes.Structure):
    _fields_ = [('size', U32), ('flags', U32), ('host', ctypes.c_char_p),
                ('token', ctypes.c_char_p), ('page', ctypes.c_char_p), ('title', ctypes.c_char_p),
                ('record_folder', ctypes.c_char_p), ('port', U32), ('clients', U32)]


def start(engine, cap=512, **fields):
    """The status, the address and the error's text."""
    options = ServeOptions(size=ctypes.sizeof(ServeOptions), port=ANY_PORT, **fields)
    error = Error(size=ctypes.sizeof(Error))
    url, needed = ctypes.create_string_buffer(512), U32()
    status = lib.gyre_serve_start(engine, ctypes.byref(options), url, cap, ctypes.byref(needed),
                                  ctypes.byref(error))
    return status, url.value.decode(), error.text.decode()


def ask(url, token=None):
    request = urllib.request.Request(url)
    if token:
        request.add_header('Authorization', 'Bearer ' + token)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read().decode()


def refused(url):
    try:
        ask(url)
    except urllib.error.URLError as error:
        return not isinstance(error, urllib.error.HTTPError)
    return False


engine = U32()
options = EngineOptions(size=ctypes.sizeof(EngineOptions), driver=HOST_DRIVER)
assert lib.gyre_engine_create(ctypes.byref(options), ctypes.byref(engine), None) == 0
status, url, text = start(engine)
if status == UNSUPPORTED:
    print('not served:', text)
    sys.exit(77)
assert status == 0, text
base, token = url.split('/?token=')
served = ask(url)
assert served == PAGE.replace('<html lang="en">', '<html lang="en" data-served>', 1).replace(
    "connect-src 'none'", "connect-src 'self'", 1), 'another page'
assert json.loads(ask(base + '/v1/snapshot', token))['driver'] == 'host'
assert start(engine)[0] == STATE
assert lib.gyre_serve_stop(engine, None) == 0
assert refused(url) and lib.gyre_serve_stop(engine, None) == 0
assert start(engine, cap=10)[0] == BUFFER
for wrong in ({'token': b'short'}, {'host': b'0.0.0.0'}, {'clients': 5000}, {'title': b''}):
    status, _, text = start(engine, **wrong)
    assert status == ARG and text, (wrong, status, text)
assert start(engine, flags=64)[0] == UNSUPPORTED
status, url, text = start(engine, token=b'a-token-of-our-own', flags=CONTROL, title=b'mine')
assert status == 0 and url.endswith('=a-token-of-our-own'), text
ask(url)
assert lib.gyre_engine_destroy(engine, None) == 0
assert refused(url), 'it is served after its engine has gone'

os.environ['GYRE_LIBRARY'] = sys.argv[1]
sys.path.insert(0, str(pathlib.Path(sys.argv[2]).resolve().parents[1] / 'capi' / 'python'))
import gyre  # noqa: E402

with gyre.Engine() as ours:
    url = ours.start_server(port=0, control=True, token='a-token-of-our-own', title='ours')
    assert url.endswith('=a-token-of-our-own'), url
    assert ask(url) == served, 'another page'
    try:
        ours.start_server(port=0)
        sys.exit('it is served twice')
    except gyre.Error as error:
        assert error.name == 'GYRE_E_STATE', error
    ours.stop_server()
    assert refused(url)
    url = ours.start_server(port=0)
assert refused(url), 'it is served after the engine was closed'
print('served, with errors, and ended; so by Python')
