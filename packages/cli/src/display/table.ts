/** Rows as a table: columns as wide as they need, two spaces between, no lines. Cells are harmless text already. */

export interface Column<Row> {
  title: string;
  cell: (row: Row) => string;
  /** Numbers read better on the right. */
  align?: 'right';
}

/** The table with its heading, ending in a newline. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map((column, i) =>
    cells.reduce((widest, line) => Math.max(widest, (line[i] ?? '').length), column.title.length),
  );
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) => {
        const width = widths[i] ?? 0;
        if (columns[i]?.align === 'right') return text.padStart(width);
        return i === texts.length - 1 ? text : text.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return `${[line(columns.map((column) => column.title)), ...cells.map(line)].join('\n')}\n`;
}
