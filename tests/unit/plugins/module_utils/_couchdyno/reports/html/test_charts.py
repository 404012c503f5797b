# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The charts of a page; the browser tests check how they look."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.html import charts


def points(rates, begin=0):
    return [
        {"ts": begin + 60 * n, "until": begin + 60 * n, "runs": 1, "updates": 5, "errors": n % 2, "latency": None,
         "rate": {"min": rate - 1, "median": rate, "max": rate + 1}, "sizes": {"file": n}}
        for n, rate in enumerate(rates)
    ]  # fmt: skip


def median(point):
    return point["rate"]["median"]


def test_the_band_of_the_rate():
    low, high, middle = charts.rate(points([10, 20]))["data"]
    assert (low["y"], high["y"], middle["y"]) == ([9, 19], [11, 21], [10, 20])
    assert low["x"] == high["x"] == middle["x"] == [0, 60000]


def test_the_calendar_has_whole_weeks():
    days = [{"day": day, "updates": n} for day, n in (("2026-01-30", 7), ("2026-02-10", 5), ("2026-02-10", 1))]
    (heat,) = charts.census(days)["data"]
    assert heat["x"] == ["2026-01-26", "2026-02-02", "2026-02-09"]
    assert [row[0] for row in heat["z"]] == [None, None, None, None, 7, None, None]
    assert heat["z"][1][2] == 6
    assert charts.census([])["data"][0]["x"] == []


def test_a_clock_that_was_wrong_by_centuries_does_not_fill_the_calendar():
    (heat,) = charts.census([{"day": day, "updates": 1} for day in ("1970-01-01", "2026-01-30", "9998-12-31")])["data"]
    assert heat["x"] == ["1969-12-29", "2026-01-26", "9998-12-28"]


def test_a_few_databases_are_lines_and_many_are_a_map():
    few = [(f"db{n}", points([n])) for n in range(charts.LINES_UP_TO)]
    assert [line["name"] for line in charts.fleet(few, median, "")["data"]] == [name for name, __ in few]
    (heat,) = charts.fleet([*few, ("more", points([3, 99, 4], begin=6000))], median, "")["data"]
    assert heat["type"] == "heatmap" and heat["y"][-1] == "more"
    assert max(value for value in heat["z"][-1] if value is not None) == 99  # outliers stay visible
    assert [row[0] for row in heat["z"][:-1]] == list(range(charts.LINES_UP_TO))


def file_size(point):
    return (point["sizes"] or {}).get("file")


def test_sizes_are_known_between_the_points_that_read_them():
    """A line connects them, and a map interpolates. Other values are only known where they were measured."""
    series = points([10] * 121)
    for number, point in enumerate(series):
        point["sizes"] = {"file": 100 * number} if number in (10, 20, 100) else None
    assert charts.sizes(series)["data"][0]["y"] == [1000, 2000, 10000]
    named = [(f"db{n}", series) for n in range(20)]
    (heat,) = charts.fleet(named, file_size, "", is_steady=True)["data"]
    row = heat["z"][0][: heat["z"][0].index(10000) + 1]
    assert (row[0], len(row), None in row) == (1000, 118, False) and row == sorted(row)
    (heat,) = charts.fleet(named, file_size, "")["data"]
    assert [value for value in heat["z"][0] if value is not None] == [1000, 2000, 10000]


def test_a_map_of_nothing():
    (heat,) = charts.fleet([(f"db{n}", []) for n in range(20)], median, "")["data"]
    assert len(heat["z"]) == 20 and {value for row in heat["z"] for value in row} == {None}


def test_names_are_escaped_and_shortened():
    named = ("<b>&amp;</b>", "driver-0123456789-0123456789.example.com")
    figure = charts.hosts([("db", [{"host": host, "rate": {"min": 1, "median": 2, "max": 3}} for host in named])])
    (bars,), axis = figure["data"], figure["layout"]["xaxis"]
    assert bars["x"] == ["&lt;b>&amp;amp;&lt;/b>", "driver-0123456789-0123456789.example.com"]
    assert axis["tickvals"] == bars["x"]
    assert axis["ticktext"] == ["&lt;b>&amp;amp;&lt;/b>", "driver-0123….example.com"]


@pytest.mark.parametrize("values, most", [([0, 0], 1), ([5, 5], 5), ([], 1)])
def test_colour_scales_start_at_zero(values, most):
    """A map without errors is pale, and days with nearly equal counts look alike."""
    days = [{"day": f"2026-02-1{n}", "updates": value} for n, value in enumerate(values)]
    maps = [charts.fleet([(f"db{n}", points(values)) for n in range(20)], lambda point: point["rate"]["median"], ""),
            charts.census(days)]  # fmt: skip
    for figure in maps:
        assert (figure["data"][0]["zmin"], figure["data"][0]["zmax"]) == (0, most)
