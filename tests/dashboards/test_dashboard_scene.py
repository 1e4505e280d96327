"""The scene itself: whatever a page test reads, only what it set itself may stand on the page."""

from dashboard_scene import Scene

from plantsafe.store.record import RecordReader


def test_quiet_plant_raises_no_alarm_and_loses_no_function_in_three_minutes(scene: Scene) -> None:
    scene.scans(180)
    with RecordReader(scene.folder) as reader:
        told = {(event.kind, event.subject) for event in reader.events()}
    assert told == {("protection_state", "functions"), ("finding_raised", "plant.unapproved")}
