/** The terminal's text as an SVG, for the README. */

const LINE = 20;
const GLYPH = 8.4;
const MARGIN = 24;

/** One picture of `lines`; ticks and crosses keep their colours. */
export function pictureOf(lines: readonly string[]): string {
  const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * GLYPH + 2 * MARGIN);
  const height = lines.length * LINE + 2 * MARGIN + 16;
  const rows = lines.map((line, index) => {
    const y = MARGIN + 32 + index * LINE;
    return `  <text x="${MARGIN}" y="${y}" xml:space="preserve">${coloured(line)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
  <rect width="100%" height="100%" rx="8" fill="#16181d"/>
  <g fill="#ff5f57"><circle cx="20" cy="18" r="5"/><circle cx="38" cy="18" r="5" fill="#febc2e"/><circle cx="56" cy="18" r="5" fill="#28c840"/></g>
  <g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="#d6d9e0">
${rows.join('\n')}
  </g>
</svg>
`;
}

function coloured(line: string): string {
  const text = line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return text.replace('✓', '<tspan fill="#4cc38a">✓</tspan>').replace('✗', '<tspan fill="#f2555a">✗</tspan>');
}
