"""What an administrator writes of queues, and that every place takes it from there."""

import config
from data import live, opening, queue_questions, site
from data.filters import Filters
from data.site import Site
from data.store import Store
from tests.data.test_live import NOW, ZONE, enter, line

NAMES = """kind,key,name,service_level,target
queue,600,Ventas,30,90
queue,601,Soporte,,75.5 %
queue,602,Cobranzas,15,
queue,603,Otra,,0
queue,604,Otra,,mucho
agent,1001,Ana Gómez,,99
"""


def test_names_levels_and_targets_of_the_file(tmp_path):
    (tmp_path / "names.csv").write_text(NAMES)
    queues, levels, agents = site.names(tmp_path / "names.csv")
    assert (queues["600"], levels, agents) == ("Ventas", {"600": 30, "602": 15}, {"1001": "Ana Gómez"})
    assert site.targets(tmp_path / "names.csv") == {"600": 90, "601": 75.5}
    assert site.targets(tmp_path / "nothing.csv") == {}


def test_a_queue_without_a_target_has_that_of_the_installation(tmp_path):
    (tmp_path / "names.csv").write_text(NAMES)
    settings = config.load(QUEUE_LOG_PATH=tmp_path / "queue_log", DATA_DIR=tmp_path, TIMEZONE="America/Bogota",
                           SERVICE_LEVEL_TARGET="70")
    here = opening.open_site(settings, opening.open_issabel(settings))
    assert [here.sl_target(queue) for queue in ("600", "601", "602")] == [90, 75.5, 70]


def test_pages_reports_and_the_live_page_take_it_from_there(tmp_path):
    log = tmp_path / "queue_log"
    log.write_text(enter(90_000, "0.1", "602") + line(89_990, "0.1", "602", "NONE", "ABANDON", 1, 1, 10)
                   + enter(90, "1.1") + enter(60, "1.2", "601"))
    store = Store(log, tmp_path / "store", Site(ZONE, target=70, targets={"600": 90}), clock=lambda: float(NOW))
    store.refresh()
    view, wanted = store.view(), {"600": 90, "601": 70, "602": 70}
    today = Filters(view.today(), view.today())
    table = queue_questions.by_queue(view, today)  # 602 had no call today
    assert dict(zip(table["queue"], table["sl_target"], strict=True)) == wanted
    rows = live.queues(view, live.floor(view))
    assert {row["queue"]: row["sl_target"] for row in rows} == wanted
