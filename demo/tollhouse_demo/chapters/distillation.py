"""What is kept for training a smaller model, and what is not."""

from tollhouse_demo import checks
from tollhouse_demo.stage import Chapter, Stage

__all__ = ["CHAPTER"]


def _play(stage: Stage) -> None:
    row = stage.auditor.execute(
        "select endpoint, messages -> -1 ->> 'content' from tollhouse.distillation_samples"
        " where endpoint = 'explanation' order by created_at limit 1"
    ).fetchone()
    if row:
        stage.screen.step(f"A sample's last message ({row[0]}): “{row[1]}”")
    stage.check(
        checks.samples_complete(stage.auditor, keeping_nothing=["quietwater-clinics"]),
        checks.samples_only_paid(stage.auditor),
        checks.nothing_kept(stage.auditor, "quietwater-clinics"),
    )


CHAPTER = Chapter(
    title="Samples for distillation",
    intro="Every paid answer can train a smaller model, unless its tenant says no.",
    play=_play,
)
