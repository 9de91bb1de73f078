/** Parts that every section is made of: sections with headings, tables with captions, references with their command. */
import type { Severity } from '../finding.ts';
import { type Content, html, type Markup } from './html.ts';

/** A section with its heading; `id` is of our own making. */
export function section(id: string, title: string, ...content: readonly Content[]): Markup {
  return html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${content}
</section>
`;
}

/** One column: its heading, and whether its cells are figures. */
export interface Column<Row> {
  readonly title: string;
  readonly figures?: boolean;
  readonly cell: (row: Row) => Content;
}

/**
 * A table, or a sentence where it would be empty. `total`: of how many rows these are; the rest is told below. The first column names
 * the row.
 */
export function table<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { total = rows.length, none = 'None.' }: { total?: number; none?: string } = {},
): Markup {
  if (rows.length === 0) return html`<p class="none">${none}</p>`;
  const head = columns.map(({ title, figures }) =>
    figures ? html`<th scope="col" class="figures">${title}</th>` : html`<th scope="col">${title}</th>`,
  );
  const body = rows.map((row) => {
    const cells = columns.map(({ cell, figures }, index) => {
      if (index === 0) return html`<th scope="row">${cell(row)}</th>`;
      return figures ? html`<td class="figures">${cell(row)}</td>` : html`<td>${cell(row)}</td>`;
    });
    return html`<tr>${cells}</tr>
`;
  });
  return html`<div class="scroll">
<table>
<caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody>
</table>
</div>
${total > rows.length && html`<p class="more">… and ${total - rows.length} more, which the commands of Stillframe list.</p>`}`;
}

/** Names and values. */
export function facts(rows: readonly (readonly [string, Content])[]): Markup {
  const known = rows.filter(([, value]) => value !== undefined && value !== '');
  return html`<dl>
${known.map(
  ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>
`,
)}</dl>
`;
}

/** A severity as a word in its colour. */
export function badge(severity: Severity): Markup {
  return html`<span class="badge ${severity}">${severity}</span>`;
}

/** Text as it is typed or printed. */
export function code(text: string): Markup {
  return html`<code>${text}</code>`;
}

/** A text cut at `most` characters. */
export function clipped(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** UTC, to the second. */
export function timeText(time: Date | undefined): string {
  return time === undefined || Number.isNaN(time.getTime()) ? 'unknown' : time.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** `1 process`, `3 processes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  const number = count === 0 ? 'no' : count === 1 ? 'one' : count.toLocaleString('en-US');
  return `${number} ${count === 1 ? one : many}`;
}
