# All images of a folder as JSON, a line each, by pycriu in one process: python3 to_json.py FOLDER. Magics that it does not
# know are left out.
import json
import os
import sys

import pycriu

for name in sorted(os.listdir(sys.argv[1])):
    if not name.endswith(".img") or name.startswith("pages-"):
        continue
    with open(os.path.join(sys.argv[1], name), "rb") as image:
        try:
            loaded = pycriu.images.load(image)
        except pycriu.images.MagicException:
            continue
    print(json.dumps(loaded))
