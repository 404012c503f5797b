# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check all documents of a database at rest: check_documents.py PACKAGE < DATA

PACKAGE is the directory of the package. DATA is a JSON object: "documents", all documents as the server returned them;
"ledger", the public part of the ledger; and "runs", all run records. Every document must be, byte for byte, what its
latest update writes, with the time stamp of the run that had this update. Every update must be in exactly one run.
"""
import json
import sys
from pathlib import Path

package = Path(sys.argv[1])
sys.path.insert(0, str(package.parent))
ClassicStream = __import__(package.name + ".model.classic_stream", fromlist=["ClassicStream"]).ClassicStream

data = json.load(sys.stdin)
ledger = data["ledger"]
position, total = ledger["position"], ledger["total"]
stream = ClassicStream(ledger["seed"], total, ledger["size"])
times = {}
for run in data["runs"]:
    for update in range(run["first"], run["first"] + run["updates"]):
        assert update not in times, f"update {update} was handed out twice"
        times[update] = run["ts"]
assert sorted(times) == list(range(position)), "the runs do not contain every update"

documents = {document["_id"]: document for document in data["documents"] if document["_id"].startswith("cdyno_")}
assert len(documents) == total, f"{len(documents)} documents instead of {total}"
for index in range(total):
    update = stream.state_at(index, position).update
    expected = stream.content.render(update, times[update])
    document = documents[stream.document_id(update)]
    del document["_rev"]
    assert document == json.loads(expected), f"{document['_id']} is not what update {update} writes"
print(f"{total} documents are exact at position {position}, after {len(data['runs'])} runs")
