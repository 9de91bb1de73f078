/** The chain of custody beside an archive, read line by line. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { systemCode, systemFact } from '@stillframe/core';
import {
  CUSTODY_LINE_LIMIT,
  CustodyChecker,
  type CustodyReport,
  custodyPath,
  evidenceError,
  type VerifyingKey,
} from '@stillframe/evidence';

const CHUNK = 256 << 10;
const NEWLINE = 0x0a;

/** Undefined where there is none; `heard` is given each line that is whole, of whatever it is made. Throws ERR_EVIDENCE_INVALID for what cannot be opened, is no file, or has a line of more than 64 KiB. */
export async function checkCustody(
  archive: string,
  keys: readonly VerifyingKey[],
  subject: ConstructorParameters<typeof CustodyChecker>[1],
  signal: AbortSignal,
  heard: (line: Uint8Array) => void = () => undefined,
): Promise<CustodyReport | undefined> {
  const path = custodyPath(archive);
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    // A link too: whoever put it there must not keep the rest from being told.
    throw evidenceError('ERR_EVIDENCE_INVALID', `${path} ${systemFact(error)}`, { cause: error });
  }
  await using _file = file;
  if (!(await file.stat()).isFile()) throw evidenceError('ERR_EVIDENCE_INVALID', `${path} is no file of its own`);
  const checker = new CustodyChecker(keys, subject);
  let rest = Buffer.alloc(0);
  const chunk = Buffer.alloc(CHUNK);
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(chunk, 0, CHUNK);
    if (bytesRead === 0) break;
    rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    let start = 0;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, start)) {
      const line = rest.subarray(start, end);
      checker.accept(line, true);
      heard(line);
      start = end + 1;
    }
    rest = rest.subarray(start);
    if (rest.length > CUSTODY_LINE_LIMIT)
      throw evidenceError('ERR_EVIDENCE_INVALID', `${path} has a line that is longer than any sound one`);
  }
  if (rest.length > 0) checker.accept(rest, false);
  return checker.end();
}
