# A bytes object that is made while this runs, and two threads with names; where the bytes are goes to /places.
import ctypes, os, threading, time

kept = bytes.fromhex(os.environ["BYTES"])
libc = ctypes.CDLL(None)


def run(number):
    libc.prctl(15, f"corpus-py-{number}".encode(), 0, 0, 0)  # PR_SET_NAME
    named.wait()
    while True:
        time.sleep(1)


named = threading.Barrier(3)
for number in (1, 2):
    threading.Thread(target=run, args=(number,), daemon=True).start()
named.wait()
# The text of a bytes object stands behind its head, at the place of its closing NUL.
address = id(kept) + bytes.__basicsize__ - 1
with open("/places", "w") as places:
    places.write(f"python-bytes {os.getpid()} - {address:#x}\n")
open("/ready", "w").close()
while True:
    time.sleep(1)
