"""What no edit of workload or settings may reach: names that others know, and inputs that replace what holds data."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from tests import edits, fitting, replacing
from tests.components.recording import Recording
from tests.stacks.environments import environment

ELSEWHERE = {"environment", "region", "name", "workloads (more)", "workloads (fewer)", "workloads.*.file"}
"""What makes another environment, which a deployed one refuses to become (components/identity.py), or other workloads,
which tests/stacks/test_two_workloads.py looks at."""


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    """The local environment with every field edited, in as few programs as it takes."""
    given, settings = edits.workload_document(), edits.settings_document()
    options = [edit for edit in edits.settings_edits() if edit.field not in ELSEWHERE]
    chosen = edits.batches(options, settings, edits.settings_problem)
    found = []
    fields = [edit for edit in edits.workload_edits() if edit.field not in ELSEWHERE]
    for number, part in enumerate(edits.batches(fields, given, edits.workload_problem)):
        changed = edits.together(chosen[number % len(chosen)], settings)
        values = {key: value for key, value in changed.items() if key not in ELSEWHERE}
        folder = tmp_path_factory.mktemp("edited") / "flights"
        shutil.copytree(edits.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
        fitting.write(folder, edits.together(part, given), (edits.FOLDER / "features.sql").read_text("utf-8"))
        entry = {**changed["workloads"][0], "file": str(folder / "workload.yaml")}
        found.append(environment("local", **{**values, "workloads": [entry]})[0])
    return found


def _inputs(recording: Recording) -> dict[str, dict[str, Any]]:
    return {found.urn: found.inputs for found in recording.registrations}


def test_every_field_of_every_model_has_an_edit() -> None:
    fields = [edit.field for edit in (*edits.workload_edits(), *edits.settings_edits())]
    assert len(set(fields)) == len(fields) > 50
    every = (*edits.workload_edits(), *edits.settings_edits())
    refused = {edit.field: edit.refused for edit in every if edit.refused and not edit.of_another_label}
    a_last_one_stays = {"workloads (fewer)"}
    assert refused.keys() - a_last_one_stays == {"environment", "allowed_account_ids"}
    assert not any("pattern" in said for said in refused.values()), "refused for its spelling, not for what it asks"


def test_an_edit_makes_another_program(edited: list[Recording]) -> None:
    before = _inputs(environment("local")[0])
    assert all(_inputs(recording) != before for recording in edited)


def test_no_edit_reaches_a_name_that_others_know(edited: list[Recording]) -> None:
    before = {found.urn: found for found in environment("local")[0].registrations}
    for recording in edited:
        for found in recording.aws:
            key = replacing.fixed_name(found)
            if key and found.urn in before:
                assert found.inputs[key] == before[found.urn].inputs[key], found.urn


def test_no_edit_reaches_what_would_replace_a_name_or_data(edited: list[Recording]) -> None:
    before = {found.urn: found for found in environment("local")[0].aws}
    for recording in edited:
        for found in recording.aws:
            for type_, key in replacing.CONSTANT:
                if found.type == type_ and found.urn in before:
                    assert found.inputs.get(key) == before[found.urn].inputs.get(key), (found.urn, key)


def test_no_edit_takes_away_what_holds_data(edited: list[Recording]) -> None:
    before = {found.urn for found in environment("local")[0].aws if found.type in replacing.HOLDS_DATA}
    asked_for = {"flights-approver-log", "job-logs-processing", "job-logs-training"}  # `approval`, `owns_job_logs`
    for recording in edited:
        gone = before - {found.urn for found in recording.aws}
        assert {urn.rpartition("::")[2] for urn in gone} <= asked_for


def test_the_schema_of_a_changed_field_reaches_its_feature_group(edited: list[Recording]) -> None:
    def groups(recording: Recording) -> dict[str, str]:
        found = recording.of("pulumi-python:dynamic/features:FeatureGroup")
        return {group.name: json.dumps(group.inputs["featureDefinitions"]) for group in found}

    before = groups(environment("local")[0])
    assert all(groups(recording) != before for recording in edited[:2])


def test_the_table_of_ways_names_kinds_of_resources_that_there_are() -> None:
    declared = {found.type for found in environment("local")[0].aws}
    assert {type_ for type_, _ in replacing.CONSTANT} | replacing.HOLDS_DATA <= declared
