"""Candidate rows for tests, short to write."""

from tatl_search.config import AdaptationConfig
from tatl_search.records import CandidateRecord, Kind

M = 1_000_000


def row(
    trial: int | None,
    round_: int,
    accuracy: float,
    macs: int,
    parameters: int = M,
    *,
    val_images: int = 400,
    stage: str | None = None,
) -> CandidateRecord:
    """Return the row of a candidate that differs from others in what matters for picking."""
    return CandidateRecord(
        sweep="toy",
        kind=Kind.PRUNED if round_ else Kind.UNPRUNED,
        label="unpruned" if trial is None else f"trial {trial} round {round_}",
        trial=trial,
        round=round_,
        stage=stage or f"stage-{trial}-{round_}",
        accuracy=accuracy,
        loss=1.0,
        val_images=val_images,
        macs=macs,
        parameters=parameters,
        size_bytes=4 * parameters,
        latency_ms=None,
        image_size=64,
        network="torchvision/resnet18",
        units_pruned=0,
        units_left=10,
        images_trained=0,
        images_without_reuse=0,
        images_forward=0,
        seconds=0.0,
        reused=False,
        settings=AdaptationConfig().model_dump_json(),
        plan="{}" if round_ else "",
        device="cpu",
        created_at="2026-01-01T00:00:00+00:00",
    )
