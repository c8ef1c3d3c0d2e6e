"""The scene itself: rich enough, equal every time, and right without a fault."""

from __future__ import annotations

from tests.faults.kit import invariants


def test_without_a_fault_every_invariant_holds_and_everything_is_stored(scene, truth):
    before = invariants.look(scene)
    ended = scene.run()
    rows = truth(scene)
    invariants.check(scene, before, ended, rows, disturbed=())
    assert scene.rows() == rows
    assert not [one.error for one in ended.values() if one.error]
    for vendor, said in scene.store.truth().items():
        for account in said["accounts"]:
            held = dict(
                scene.look(
                    "select cloud_id, status from cloud_osm_list where type = :type",
                    type=vendor.upper(),
                )
            )
            assert {held[t] for t in account["tickets"]["open"]} == {1}
            assert {held[t] for t in account["tickets"]["closed"]} == {0}


def test_the_scene_is_rich(scene):
    before = scene.look("select count(*) from cloud_osm_list")
    messages = scene.look("select count(*) from cloud_osm_detail")
    scene.run()
    assert before == [(117,)]
    assert messages[0][0] > 400
    assert scene.look("select count(*) from cloud_osm_list where name = 'hostile'") == [(9,)]
