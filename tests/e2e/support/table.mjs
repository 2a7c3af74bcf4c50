// Figures for people: rows of objects as aligned columns.

export function table(rows) {
  const names = Object.keys(rows[0]);
  const lines = [names, ...rows.map((row) => names.map((name) => cell(row[name])))];
  const widths = names.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return lines.map((line) => line.map((text, i) => text.padEnd(widths[i])).join('  ').trimEnd()).join('\n');
}

/** The smallest value that `share` (0 to 1) of all values do not exceed. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

function cell(value) {
  return typeof value === 'number' ? value.toFixed(Number.isInteger(value) ? 0 : 1) : String(value);
}
