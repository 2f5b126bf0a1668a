"""Does one configuration find the templates of logs in many formats? Made-up logs, so that no set of real ones is all there is."""

import pytest

from aiops_daemon.logwatch.records import parse_records
from aiops_daemon.logwatch.templates import TemplateMiner
from tests.unit.logwatch.corpora import HERE, Corpus, accuracy, corpora, draw
from tests.unit.logwatch.corpora_headers import STYLES

CORPORA = [corpus for texts in ("corpora.txt", "corpora_fresh.txt", "corpora_more.txt") for corpus in corpora(HERE / texts)]
FLOOR = 0.9


def ids_of(lines: list[str]) -> list[str]:
    records, miner = parse_records(lines), TemplateMiner()
    ids = miner.assign([record.message for record in records])
    return [miner.resolve(identifier) for record, identifier in zip(records, ids, strict=True) for _ in range(record.lines)]


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.name)
def test_templates_are_found_in_this_format(corpus: Corpus) -> None:
    messages, raw, truth = draw(corpus, STYLES[corpus.header], seed=1, count=800)
    assert accuracy(ids_of(messages), truth) >= FLOOR
    assert accuracy(ids_of(raw), truth) >= FLOOR
