#!/usr/bin/env bash
# deltalake 1.6.6 (Python): asking for deletion vectors asks every reader for variant columns as well.
#
# One would guess: a table with `delta.enableDeletionVectors` needs readers that know deletion vectors. deltalake lists
# `variantType` beside `deletionVectors` in readerFeatures and writerFeatures, without a variant column in the table, both
# when it makes the table and when it sets the property. A reader that knows deletion vectors and not variants must
# refuse the table, by the protocol. `add_feature` lists deletionVectors alone.
#
# To get round it: alter.add_feature(TableFeatures.DeletionVectors, True) before the property is set elsewhere, or as a
# reader take a listed type that no column has for no obstacle.
#
# Seen (readerFeatures, sorted):
#     created with the property       deletionVectors variantType
#     property set later              deletionVectors variantType
#     add_feature(DeletionVectors)    deletionVectors
#
# Sources: Delta's PROTOCOL.md, Table Features (who does not know a listed reader feature must not read the table).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-deps deltalake==1.6.6 pyarrow==26.0.1 arro3-core==0.9.1 Deprecated==1.3.1 \
    typing_extensions==4.16.0 wrapt==2.5.2 || { echo "the packages could not be installed" >&2; exit 2; }
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys

import pyarrow
from deltalake import DeltaTable, TableFeatures

VECTORS = {"delta.enableDeletionVectors": "true"}


def table(name, **more):
    return DeltaTable.create(f"{sys.argv[1]}/{name}", pyarrow.schema([("id", pyarrow.int64())]), **more)


made, later, added = table("made", configuration=VECTORS), table("later"), table("added")
later.alter.set_table_properties(VECTORS)
added.alter.add_feature(TableFeatures.DeletionVectors, allow_protocol_versions_increase=True)
seen = [sorted(each.protocol().reader_features) for each in (made, later, added)]
for title, features in zip(("created with the property", "property set later", "add_feature(DeletionVectors)"), seen):
    print(f"{title:31} {' '.join(features)}")
if seen != [["deletionVectors", "variantType"], ["deletionVectors", "variantType"], ["deletionVectors"]]:
    sys.exit("the behaviour has changed")
PYTHON
