"""What the tests' processing jobs run: ``process.py [--say HEX TIMES] [--fail] [--write JSON] [--reach PORT]``."""

import json
import os
import pathlib
import socket
import sys

processing = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"]) / "processing"
words = sys.argv[1:]
print("processing", os.environ["PROCESSING_JOB_NAME"], words)
if "--say" in words:
    said, times = words[words.index("--say") + 1 :][:2]
    (processing.parent / "output" / "message").write_bytes(bytes.fromhex(said) * int(times))
if "--fail" in words:
    sys.exit(4)
output = processing / "output"
if "--write" in words:
    (output / "report.json").write_text(words[words.index("--write") + 1])
elif "--reach" in words:
    try:
        socket.create_connection(("127.0.0.1", int(words[words.index("--reach") + 1])), timeout=5).close()
        reached = True
    except OSError:
        reached = False
    named = sorted(name for name in os.environ if name.startswith(("AWS_", "SAGEMAKER_MLFLOW")))
    (output / "reached.json").write_text(json.dumps({"reached": reached, "named": named}))
elif "--input" in words:
    folder = pathlib.Path(words[words.index("--input") + 1])
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    (output / "names.json").write_text(json.dumps(names))
