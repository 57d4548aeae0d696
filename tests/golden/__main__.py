"""Record the golden tables anew, and print what moved: ``python -m tests.golden``."""

import json

from tests.golden.tables import FILE, arithmetic, differences, groups, recorded, table_of

if __name__ == "__main__":
    now = {group: table_of(group) for group in groups()}
    before = recorded()["groups"] if FILE.exists() else {}
    for name, table in now.items():
        for line in differences(before.get(name, {"cases": {}, "columns": {}}), table):
            print(f"{name}: {line}")
    FILE.write_text(
        json.dumps({"arithmetic": arithmetic(), "groups": now}, indent=1) + "\n", encoding="utf-8"
    )
