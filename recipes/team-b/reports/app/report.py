"""Prints one line for each product, most sold first."""

import csv
import sys
from pathlib import Path

rows = list(csv.DictReader(Path(__file__).with_name("sales.csv").open()))
for row in sorted(rows, key=lambda row: -int(row["sold"])):
    sys.stdout.write(f"{row['product']:<12}{row['sold']:>6}\n")
