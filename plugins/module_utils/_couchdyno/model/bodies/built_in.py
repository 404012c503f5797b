# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in bodies, as users would write them. None ever changes, so that documents remain verifiable."""
from __future__ import annotations

from typing import Any

HEX, HOSTILE = "hex", "hostile"

_ADDRESS = {"street": "$word", "number": {"$integer": [1, 250]}, "city": "$place"}
_DEEP: Any = "bottom"
for _level in range(40):
    _DEEP = {"down": _DEEP} if _level % 2 else [_DEEP]

BODIES: dict[str, Any] = {
    HEX: {"data": {"$fill": "hex"}},
    "person": {
        "name": "$name",
        "born": {"$date": [1930, 2010]},
        "address": _ADDRESS,
        "phones": {"$array": {"kind": {"$choice": ["home", "work", "mobile"]}, "number": {"$hex": 9}},
                   "length": [0, 3]},
        "newsletter": "$boolean",
        "credit": {"$float": [0, 5000]},
        "partner": None,
        "notes": {"$fill": "text"},
    },
    "order": {
        "customer": "$name",
        "placed": {"$date": [2020, 2030]},
        "status": {"$choice": ["new", "paid", "packed", "sent", "returned"]},
        "items": {"$array": {"article": {"$integer": [10000, 99999]}, "title": {"$text": [1, 4]},
                             "count": {"$integer": [1, 12]}, "price": {"$float": [1, 400]}}, "length": [1, 6]},
        "ship_to": _ADDRESS,
        "comment": {"$fill": "text"},
    },
    "report": {
        "form": "home visit",
        "schema": 3,
        "patient": {"name": "$name", "born": {"$date": [1930, 2024]}, "household": {"$integer": [1, 14]}},
        "visit": {"day": {"$date": [2020, 2030]}, "place": "$place", "by": "$name",
                  "position": {"lat": {"$float": [-60, 70], "decimals": 5},
                               "lon": {"$float": [-180, 180], "decimals": 5}}},
        "answers": {
            "fever": {"present": "$boolean", "days": {"$integer": [0, 20]},
                      "celsius": {"$float": [35, 41], "decimals": 1}},
            "cough": {"present": "$boolean", "since": {"$date": [2020, 2030]}},
            "water": {"source": {"$choice": ["tap", "well", "river", None]}, "boiled": "$boolean"},
            "doses": {"$array": {"vaccine": {"$choice": ["BCG", "MMR", "OPV", "HepB"]}, "day": {"$date": [2015, 2030]}},
                      "length": [0, 5]},
        },
        "danger_signs": {"$array": "$word", "length": [0, 4]},
        "summary": {"$fill": "text"},
    },
    "package": {
        "name": "$word",
        "description": {"$text": [3, 12]},
        "maintainers": {"$array": {"name": "$name"}, "length": [1, 3]},
        "visits": "$visits",
        "versions": {"$growth": {
            "version": {"$choice": ["0.9.1", "1.0.0", "1.2.0", "2.0.0", "2.1.3"]},
            "published": {"$date": [2015, 2030]},
            "dist": {"shasum": {"$hex": 40}, "size": {"$integer": [1000, 9000000]}},
            "dependencies": {"$array": {"name": "$word", "range": {"$choice": ["^1.0.0", "~2.3.1", ">=4", "*"]}},
                             "length": [0, 4]},
        }},
    },
    "chunk": {"position": {"$integer": [0, 100000]}, "language": {"$choice": ["en", "de", "ja"]},
              "text": {"$fill": "text"}},
    "log": {"level": {"$choice": ["debug", "info", "info", "info", "warning", "error"]}, "host": {"$hex": 6},
            "line": {"$fill": "text"}},
    "state": {"key": {"$hex": 16}, "value": {"$integer": [0, 1000000]}, "count": "$visits",
              "padding": {"$fill": "hex"}},
    HOSTILE: {
        "2^53": [{"$json": "9007199254740991"}, {"$json": "9007199254740992"}, {"$json": "9007199254740993"},
                 {"$json": "-9007199254740993"}],
        "2^63": [{"$json": "9223372036854775807"}, {"$json": "9223372036854775808"}, {"$json": "18446744073709551616"},
                 {"$json": "1000000000000000000000000000000"}],
        "one": [1, {"$json": "1.0"}, True, "1", {"$json": "100.0"}],
        "exponents": [{"$json": "1e3"}, {"$json": "1.0E+2"}, {"$json": "1e16"}, {"$json": "1e21"}, {"$json": "1E-7"},
                      {"$json": "1.7976931348623157e308"}],
        "zeros": [0, {"$json": ["-0", "0"]}, {"$json": ["-0.0", "0.0"]}, {"$json": ["5e-324", "0.0"]},
                  {"$json": "0.1"}],
        "decimals": [{"$json": "0.30000000000000004"}, {"$json": ["9007199254740993.0", "9007199254740992.0"]}],
        "texts": ["\u2028\u2029", "\"\\/\b\f\n\r\t", "'`$(x)${y}%s%n", "\u0000\u0001\u001f\u007f", "e\u0301 \u00e9",
                  "\ufeffBOM", "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u202eright to left", " ", "",
                  "null", "-- ; DROP TABLE", "<script>&amp;</script>", "=1+1", "NaN", "2026-02-30T25:00:00Z"],
        "keys": {"": "empty", " ": 1, "$literal": 2, "a.b": 3, "a/b": 4, "__proto__": {"x": 5}, "constructor": 6,
                 "10": 7, "2": 8, "z": 9, "\u00e9": 10, "\U0001f600": 11, "_id": "nested", "_rev": "nested",
                 "_deleted": True, "_attachments": {}},
        "empty": [{}, [], [[]], [{}], {"": {}}, None, False, ""],
        "doc": {"_id": "inner", "value": {"rev": "1-x"}, "doc": {"doc": None}},
        "rows": [],
        "id": "not the id",
        "rev": "1-0",
        "key": {"$integer": [0, 1000]},
        "deep": _DEEP,
        "changing": "$name",
        "filling": {"$fill": "text"},
    },
}
BODIES[HOSTILE]["keys"] = {"$literal": BODIES[HOSTILE]["keys"]}
BODIES[HOSTILE]["texts"] = {"$literal": BODIES[HOSTILE]["texts"]}
