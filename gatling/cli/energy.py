"""`gatling train-energy` and `gatling calibrate`: progress, tables, the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatling.cli.console import Progress, dump_json, err, print_table
from gatling.cli.model import announce_model
from gatling.critics_training.fit import FitConfig
from gatling.critics_training.run import recalibrate, train_critics, write_critics
from gatling.encoders.folder import pretrained_folder
from gatling.energy.calibration import CALIBRATION_NAME, Calibration
from gatling.errors import ConfigError
from gatling.schema.files import atomic_write

if TYPE_CHECKING:
    from gatling.cli.guard_commands import Calibrate, TrainEnergy


def run_train_energy(command: TrainEnergy) -> int:
    """Train the critics, write the folder, print the figures; return the exit status."""
    _check_counts(limit=command.limit, networks=command.networks, steps=command.steps)
    folder = pretrained_folder() if command.model is None else command.model
    if not folder.is_dir():
        raise ConfigError(
            f"--model is {folder}, it must be a model folder; `gatling pull` makes one of a pushed checkpoint"
        )
    announce_model(command.model)
    config = FitConfig(
        hidden=command.hidden,
        networks=command.networks,
        steps=command.steps,
        security_margin=command.security_margin,
        seed=command.seed,
    )
    with (
        Progress("reading and attacking", unit="traces") as traces,
        Progress("training", unit="steps", total=None) as steps,
    ):
        trained = train_critics(
            command.dataset,
            folder,
            config,
            mutations=command.mutations,
            per_trace=command.per_trace,
            limit=command.limit,
            suite_by=command.suite_by,
            max_false_alarms=command.max_false_alarms,
            max_escalations=command.max_escalations,
            on_trace=traces.advance,
            on_step=steps.advance,
        )
    write_critics(trained, folder, command.output)
    figures = {k: v for k, v in trained.figures.items() if k != "content"}
    if command.json:
        shown = {**figures, "weights": trained.critics.weights, "calibration": trained.calibration.figures}
        print(dump_json(shown).decode(), end="")
        return 0
    columns = ("critic", "weight", "AUROC", "composite without it")
    rows = [
        (str(s), f"{w:.3f}", f"{figures['auroc'][str(s)]:.3f}", f"{figures['ablation'][str(s)]:.3f}")
        for s, w in trained.critics.weights.items()
    ]
    rows.append(("all", "", f"{figures['auroc']['composite']:.3f}", ""))
    print_table("on suites left out", columns, rows)
    _print_calibration(trained.calibration)
    print(f"{command.output}: ready for `gatling audit --model`")
    return 0


def run_calibrate(command: Calibrate) -> int:
    """Find the lines, store them, print and draw what they do; return the exit status."""
    _check_counts(limit=command.limit)
    if not command.model.is_dir():
        raise ConfigError(f"--model is {command.model}, it must be a model folder")
    announce_model(command.model)
    with Progress("judging", unit="traces") as progress:
        calibration, scored = recalibrate(
            command.dataset,
            command.model,
            mutations=command.mutations,
            per_trace=command.per_trace,
            limit=command.limit,
            max_false_alarms=command.max_false_alarms,
            max_escalations=command.max_escalations,
            seed=command.seed,
            on_trace=progress.advance,
        )
    folder = command.output or command.model
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / CALIBRATION_NAME) as stream:
        stream.write(calibration.to_json())
    if command.report_dir is not None:
        from gatling.evaluation.calibration_picture import draw_calibration

        draw_calibration(
            command.report_dir / "calibration.png",
            scored.composite / calibration.line,
            scored.is_violation,
            calibration,
        )
    if command.json:
        print(dump_json(calibration.figures).decode(), end="")
    else:
        _print_calibration(calibration)
        print(f"{folder / CALIBRATION_NAME}: written")
    return 0


def _check_counts(**counts: int) -> None:
    for name, value in counts.items():
        if value < 1:
            raise ConfigError(f"--{name.replace('_', '-')} is {value}, it must be at least 1")


def _print_calibration(calibration: Calibration) -> None:
    figures = calibration.figures
    rows = [
        ("compliant contexts denied", _shown(figures["denied_contexts"]), "", ""),
        ("compliant contexts not simply allowed", _shown(figures["not_allowed_contexts"]), "", ""),
    ]
    rows += [
        (name, _shown(row["denied"]), _shown(row["caught"]), f"{row['expected_calibration_error']:.3f}")
        for name, row in figures["by_violation"].items()
    ]
    columns = ("", "denied", "denied or escalated", "calibration error")
    print_table("at the calibrated lines, 95 % intervals", columns, rows)
    err.print(
        f"probabilities are off by {figures['expected_calibration_error']:.3f} on average (expected calibration error); "
        f"plans from {calibration.escalate:.2f} of the alarm line on are escalated",
        highlight=False,
        soft_wrap=True,
    )


def _shown(rate: dict[str, Any]) -> str:
    low, high = rate["interval"]
    return f"{rate['share']:.3f} ({low:.3f} to {high:.3f}) of {rate['of']}"
