"""crit, loaded once and forked for each call: of half a second that a call takes, its modules take nearly all.

A line of stdin is the arguments of a call, a JSON array. The answer is a line `<exit code> <bytes of stdout> <bytes of
stderr>` and then these bytes. Ends with stdin.
"""
import json
import os
import sys
import traceback

from crit.__main__ import main


def call(words, out, err):
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["crit", *words]
    try:
        code = main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


for line in sys.stdin.buffer:
    files = [os.memfd_create(name) for name in ("stdout", "stderr")]
    child = os.fork()
    if child == 0:
        call(json.loads(line), *files)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said = []
    for file in files:
        os.lseek(file, 0, os.SEEK_SET)
        with os.fdopen(file, "rb") as stream:
            said.append(stream.read())
    sys.stdout.buffer.write(b"%d %d %d\n" % (code, len(said[0]), len(said[1])) + said[0] + said[1])
    sys.stdout.buffer.flush()
