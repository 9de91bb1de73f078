/** Static tokens in the format of Kubernetes' `--token-auth-file`: `token,user,uid,"group1,group2"`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Logger } from '@stillframe/core';
import { CsvFault, parseCsv } from './csv.ts';
import { authenticated, type User } from './user.ts';
import { WatchedFile } from './watched-file.ts';

/** Tokens of one file: each is compared with every one that is presented. */
const MOST_TOKENS = 10_000;

/** One line. Of the token only its digest is kept. */
export interface StaticToken {
  readonly digest: Buffer;
  readonly user: User;
}

/** The SHA-256 of a token, by which it is known from here on. */
export function digestOfToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Reads such a file. Throws CsvFault, which names the line and never what stands in it. */
export function parseTokens(text: string): StaticToken[] {
  const records = parseCsv(text);
  if (records.length > MOST_TOKENS) throw new CsvFault(`more than ${MOST_TOKENS} tokens`);
  return records.map((fields, index) => {
    const [token = '', name = '', uid = '', groups = ''] = fields;
    const where = `record ${index + 1}`;
    if (fields.length < 3) throw new CsvFault(`${where} has less than the three columns token, user, uid`);
    if (token === '') throw new CsvFault(`${where} has no token`);
    if (name === '') throw new CsvFault(`${where} has no user`);
    const user = { name, ...(uid === '' ? {} : { uid }), groups: groups.split(',').filter(Boolean) };
    return { digest: digestOfToken(token), user: authenticated(user) };
  });
}

/** The user of a token, or undefined. Every digest is compared, and each in the same time. */
export function userOfToken(tokens: readonly StaticToken[], token: string): User | undefined {
  const digest = digestOfToken(token);
  let found: User | undefined;
  for (const candidate of tokens) if (timingSafeEqual(candidate.digest, digest)) found = candidate.user;
  return found;
}

/** A token file that must be closed to others (mode 0600). Throws ERR_KUBELET_FILE_UNSOUND. */
export function openTokenFile(path: string, logger: Logger): Promise<WatchedFile<StaticToken[]>> {
  return WatchedFile.open({ path, forbidden: 0o077, parse: parseTokens, logger });
}
