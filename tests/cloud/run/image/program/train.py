"""What the tests' training jobs run; a hyperparameter says what is to happen."""

import importlib
import json
import os
import pathlib
import signal
import sys
import time

base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
given = json.loads((base / "input/config/hyperparameters.json").read_text())
does = given.get("does", "train")
print("training as", os.environ["TRAINING_JOB_NAME"], "does", does)
if does == "train":
    six = importlib.import_module("six")
    rows = [path.read_text() for path in sorted((base / "input/data/train").rglob("*.csv"))]
    (base / "model/model.json").write_text(json.dumps({"rows": rows, "six": six.__version__, "given": given}))
    (base / "output/data/notes.txt").write_text("notes")
    (base / "model/environment.json").write_text(json.dumps(dict(os.environ)))
elif does == "raise":
    (base / "output/failure").write_text("the label column is missing")
    sys.exit(3)
elif does == "crash":
    raise ValueError("nobody caught this")
elif does == "sleep":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    (base / "model/partial.json").write_text("{}")
    print("sleeping")
    time.sleep(300)
