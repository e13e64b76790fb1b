"""What a person does without an alert: the first traffic, and an incident nobody has named yet."""

from pathlib import Path

from tests.support.ops import at_the_desk
from tests.support.runbooks import FOLDER, blocks
from tests.support.town import Person, Town
from tests.support.waiting import HELD
from tollhouse_demo.processes import worker_url


def test_the_one_statement(town: Town, ann: Person) -> None:
    """What docs/ops/README.md says first stops everything, and what it says next undoes that."""
    stop, resume = blocks((FOLDER.parent / "README.md").read_text(encoding="utf-8"))[:2]
    assert ["operator", "operator"] == [stop.who, resume.who]
    with town.connect("operator") as operator:
        operator.execute(stop.text.encode())
        refused = ann.enqueue("explanation", "while all is stopped")
        assert "provider_kill_switch" == refused["blocked_reason"]
        operator.execute(resume.text.encode())
    assert "success" == ann.ask("explanation", "afterwards", use_cache=False)["status"]


def test_first_traffic_checklist(town: Town, desk: Path) -> None:
    """A tenant that nobody has heard of is let in, limited, and stopped once for practice."""
    url = worker_url(town.stack.workers[0])
    assert url
    with at_the_desk(town, "first-traffic-checklist", desk, WORKER_URL=url) as walk:
        assert '"accepting": true' in walk.section("Diagnosis")
        assert not walk.is_over()
        done = walk.section("Action")
        assert " success " in done
        assert "provider_kill_switch" in done
        assert "usage" in walk.section("Recovery")
        walk.ends()


def test_incident_response(town: Town, ann: Person, desk: Path) -> None:
    """One tenant's calls run away while another's are ordinary: stopped, narrowed, lifted."""
    other = town.person("globex")
    assert "success" == other.ask("explanation", "ordinary")["status"]
    town.mock.fault(HELD, contains="loop")
    calls = [ann.enqueue("investigation", f"loop {number}") for number in range(8)]
    for call in calls:
        ann.is_at_the_provider(call)
    with at_the_desk(town, "incident-response", desk) as walk:
        told = walk.section("Diagnosis")
        assert "acme" in told
        assert "|     8 |" in told
        assert not walk.is_over()
        walk.section("Action")
        endings = [ann.wait(call) for call in calls]
        assert {"provider_kill_switch"} == {ending["blocked_reason"] for ending in endings}
        assert "success" == other.ask("explanation", "still ordinary")["status"]
        refused = ann.enqueue("explanation", "not yet")
        assert "provider_kill_switch" == refused["blocked_reason"]
        assert not walk.is_over()
        told = walk.section("Recovery")
        assert " success " in told
        assert "reservation" in told
        walk.ends()
