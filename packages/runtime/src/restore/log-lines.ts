/** The log that a checkpoint brings, line by line in the CRI's format, whatever its engine had written. */

/** `2026-01-01T00:00:00.5Z stdout F text`, which CRI-O, containerd and podman (k8s-file) write. */
const CRI = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d) (stdout|stderr) [FP]( |$)/;
/** Bytes of one line beyond which it is cut into parts: no log format of the engines has longer ones. */
const LONGEST = 64 << 10;

/**
 * `at`: RFC 3339, the time that lines without one get. Yields whole lines with their ends. Memory is bounded: a line
 * without an end is given out in parts.
 */
export async function* criLines(source: AsyncIterable<Uint8Array>, at: string): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  let within = false;
  for await (const chunk of source) {
    const parts: Buffer[] = [];
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end >= 0 || rest.length > LONGEST; end = rest.indexOf(10)) {
      const whole = end >= 0 && end <= LONGEST;
      const line = rest.subarray(0, whole ? end : LONGEST);
      parts.push(criLine(line, at, within, whole));
      rest = rest.subarray(line.length + (whole ? 1 : 0));
      within = !whole;
    }
    if (parts.length > 0) yield Buffer.concat(parts);
  }
  if (rest.length > 0) yield criLine(rest, at, within, true);
}

function criLine(line: Buffer, at: string, within: boolean, whole: boolean): Buffer {
  const head = line.toString('latin1', 0, 64);
  if (!within && whole && CRI.test(head)) return Buffer.concat([line, Buffer.from('\n')]);
  const known = within || !whole ? undefined : jsonLine(line);
  if (known) return known;
  return Buffer.concat([Buffer.from(`${at} stdout ${whole ? 'F' : 'P'} `), line, Buffer.from('\n')]);
}

/** A line of the json-file format: `{"log":"text\n","stream":"stdout","time":"…"}`. */
function jsonLine(line: Buffer): Buffer | undefined {
  if (line[0] !== 0x7b) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    // A line of the program's own that begins with a brace.
    return undefined;
  }
  const { log, stream, time } = value as Record<string, unknown>;
  if (typeof log !== 'string' || typeof time !== 'string' || (stream !== 'stdout' && stream !== 'stderr'))
    return undefined;
  const whole = log.endsWith('\n');
  const text = `${time} ${stream} ${whole ? 'F' : 'P'} ${(whole ? log.slice(0, -1) : log).replaceAll('\n', ' ')}\n`;
  return CRI.test(text) ? Buffer.from(text) : undefined;
}
