#!/usr/bin/env python3
"""Makes a larger population out of a small one: `replicate.py FROM TO N`.

Every UUID gets the copy's number behind it, in ids, references and identifiers alike, so each
copy is a population of its own with the same links inside. Copy 0 is the original.
"""

import gzip
import pathlib
import re
import sys

UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def main():
    source, target, copies = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.ndjson.gz")):
        text = gzip.decompress(path.read_bytes())
        kind = path.name.removesuffix(".ndjson.gz")
        for copy in range(copies):
            copied = UUID.sub(rb"\g<0>-%d" % copy, text) if copy else text
            with gzip.open(target / f"{kind}.{copy:03}.ndjson.gz", "wb", compresslevel=1) as out:
                out.write(copied)
    (target / "done").touch()


if __name__ == "__main__":
    main()
