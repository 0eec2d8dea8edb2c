"""The Kubernetes files: strict schemas of Kubernetes, the fields of KubeRay, and safety."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "launch" / "kuberay"
KUBERNETES = "1.33"

# Of the CRD of ray-project/kuberay, ray-operator/config/crd/bases/ray.io_rayjobs.yaml (v1.7.0):
JOB_FIELDS = {
    "activeDeadlineSeconds", "backoffLimit", "clusterSelector", "deletionStrategy", "entrypoint",
    "entrypointNumCpus", "entrypointNumGpus", "entrypointResources", "jobId", "managedBy",
    "metadata", "preRunningDeadlineSeconds", "rayClusterSpec", "runtimeEnvYAML",
    "shutdownAfterJobFinishes", "submissionMode", "submitterConfig", "submitterPodTemplate",
    "suspend", "ttlSecondsAfterFinished",
}  # fmt: skip
CLUSTER_FIELDS = {
    "authOptions", "autoscalerOptions", "enableInTreeAutoscaling", "gcsFaultToleranceOptions",
    "headGroupSpec", "headServiceAnnotations", "historyServerOptions", "managedBy",
    "networkPolicy", "rayVersion", "suspend", "tlsOptions", "upgradeStrategy", "workerGroupSpecs",
}  # fmt: skip
AUTOSCALER_FIELDS = {
    "args", "command", "env", "envFrom", "idleTimeoutSeconds", "image", "imagePullPolicy",
    "resources", "securityContext", "upscalingMode", "version", "volumeMounts",
}  # fmt: skip
HEAD_FIELDS = {
    "enableIngress", "headService", "ingressOptions", "labels", "rayStartParams", "resources",
    "serviceType", "template",
}  # fmt: skip
WORKER_FIELDS = {
    "groupName", "idleTimeoutSeconds", "labels", "maxReplicas", "minReplicas", "numOfHosts",
    "priority", "rayStartParams", "replicas", "resources", "scaleStrategy", "suspend", "template",
}  # fmt: skip


@pytest.fixture
def job() -> Any:
    return yaml.safe_load((FOLDER / "sweep.yaml").read_text(encoding="utf-8"))


def pods(job: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the pods of head and workers as pods of their own."""
    cluster = job["spec"]["rayClusterSpec"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, **group["template"]}


def test_kubernetes_accepts_pods_and_volume(job: Any) -> None:
    volume = yaml.safe_load((FOLDER / "storage.yaml").read_text(encoding="utf-8"))
    for part in (volume, *pods(job)):
        kubernetes_validate.validate(part, KUBERNETES, strict=True)
    assert volume["spec"]["accessModes"] == ["ReadWriteMany"]


def test_kubernetes_refuses_what_is_wrong(job: Any) -> None:
    pod = next(pods(job))
    pod["spec"]["containers"][0]["volumeMount"] = []
    with pytest.raises(kubernetes_validate.ValidationError, match="volumeMount"):
        kubernetes_validate.validate(pod, KUBERNETES, strict=True)


def test_kuberay_knows_every_field(job: Any) -> None:
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    spec, cluster = job["spec"], job["spec"]["rayClusterSpec"]
    assert set(spec) <= JOB_FIELDS
    assert set(cluster) <= CLUSTER_FIELDS
    assert set(cluster["autoscalerOptions"]) <= AUTOSCALER_FIELDS
    assert set(cluster["headGroupSpec"]) <= HEAD_FIELDS
    for group in cluster["workerGroupSpecs"]:
        assert set(group) <= WORKER_FIELDS
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())


def test_nothing_is_open_and_nothing_runs_on(job: Any) -> None:
    spec, cluster = job["spec"], job["spec"]["rayClusterSpec"]
    assert cluster["authOptions"] == {"mode": "token"}
    assert "serviceType" not in cluster["headGroupSpec"]  # inside the Kubernetes cluster only
    assert spec["shutdownAfterJobFinishes"] is True
    assert spec["ttlSecondsAfterFinished"] <= 600
    assert spec["activeDeadlineSeconds"] > 0
    for pod in pods(job):
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert "env" not in pod["spec"]["containers"][0]  # keys come from a Secret


def test_head_and_workers_see_the_same_volume_and_only_workers_run_trials(job: Any) -> None:
    cluster = job["spec"]["rayClusterSpec"]
    claims = [pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] for pod in pods(job)]
    assert claims == ["tatl-sweeps"] * 2
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    worker = cluster["workerGroupSpecs"][0]["template"]["spec"]["containers"][0]
    assert worker["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert "--storage /shared/sweeps" in job["spec"]["entrypoint"]
    assert "--resume" in job["spec"]["entrypoint"]
