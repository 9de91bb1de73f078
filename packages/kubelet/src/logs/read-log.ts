/** What a container has written, from its CRI log, as a kubelet gives it out. */
import { kubeletError } from '../errors.ts';
import { type FollowOptions, followFile } from './follow-file.ts';
import { type LogLine, parseLogLine } from './log-line.ts';
import type { LogOptions } from './options.ts';
import { tailOffset } from './tail.ts';

/** Bytes of one line of the log; runtimes break them at 16 KiB. */
const LINE_LIMIT = 1 << 20;
const LINE_FEED = 0x0a;

/**
 * The texts of the log at `path`, by the options. Throws ERR_KUBELET_LOG_DAMAGED for a line that is none, after what came
 * before it; else as `followFile`.
 */
export async function* readLog(
  path: string,
  options: LogOptions,
  { goesOn, signal }: Pick<FollowOptions, 'goesOn' | 'signal'>,
): AsyncGenerator<Uint8Array> {
  const { tailLines, follow } = options;
  const from: FollowOptions['from'] = async (file, size) =>
    tailLines === undefined ? 0 : tailOffset(file, size, tailLines);
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  const goesOnLine = new Set<string>();
  for await (const lines of linesOf(followFile(path, { from, follow, goesOn, signal }))) {
    const texts: Uint8Array[] = [];
    for (const line of lines) {
      if (!isWanted(line, options)) continue;
      // The time stands where a line of the container begins, and not in its middle.
      if (options.timestamps && !goesOnLine.has(line.stream)) texts.push(Buffer.from(`${line.time} `));
      if (line.partial) goesOnLine.add(line.stream);
      else goesOnLine.delete(line.stream);
      texts.push(line.text);
    }
    const bytes = Buffer.concat(texts);
    if (bytes.length > 0) yield bytes.subarray(0, left);
    left -= bytes.length;
    if (left <= 0) return;
  }
}

function isWanted({ time, stream }: LogLine, options: LogOptions): boolean {
  if (options.stream !== 'all' && options.stream !== stream) return false;
  // A time that cannot be read leaves nothing out.
  return options.since === undefined || !(Date.parse(time) < options.since);
}

/** The lines that each chunk completes. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<LogLine[]> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk]);
    const lines: LogLine[] = [];
    let begin = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, begin)) {
      const line = parseLogLine(bytes.subarray(begin, end + 1));
      if (!line) {
        yield lines;
        throw damaged('a line is not one of a CRI log');
      }
      lines.push(line);
      begin = end + 1;
    }
    rest = bytes.subarray(begin);
    yield lines;
    if (rest.length > LINE_LIMIT) throw damaged(`a line is longer than ${LINE_LIMIT} bytes`);
  }
  // What a runtime was writing when it was killed: half a line is no damage where it says something.
  const half = parseLogLine(rest);
  if (half) yield [half];
}

function damaged(fact: string) {
  return kubeletError('ERR_KUBELET_LOG_DAMAGED', fact);
}
