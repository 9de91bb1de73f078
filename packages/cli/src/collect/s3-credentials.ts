/** The key of an object store: from the environment, or from a file as the tools of AWS have it, read anew when it is asked for. */
import { harmless } from '@stillframe/core';
import type { S3Credentials } from '@stillframe/s3';
import type { Io } from '../io.ts';
import { readSecret } from '../key-files.ts';
import { cliError } from '../usage.ts';

/** Bytes of a file of credentials. */
const LONGEST = 64 << 10;

/**
 * AWS_SHARED_CREDENTIALS_FILE with its profile AWS_PROFILE (`default`) before AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: a file can be
 * replaced while this runs. What it gives throws ERR_USAGE_ARGUMENT, ERR_FILE_UNREADABLE.
 */
export function s3Credentials(io: Pick<Io, 'env' | 'err' | 'signal'>): () => Promise<S3Credentials> {
  const { env } = io;
  const file = env['AWS_SHARED_CREDENTIALS_FILE'];
  let err = io.err;
  return async () => {
    const values = file
      ? profileOf(new TextDecoder().decode(await readSecret(file, LONGEST, { ...io, err })), env['AWS_PROFILE'])
      : (name: string) => env[name.toUpperCase()];
    // Who else may read the file is told once.
    err = () => undefined;
    const [accessKeyId, secretAccessKey] = [values('aws_access_key_id'), values('aws_secret_access_key')];
    if (accessKeyId && secretAccessKey)
      return { accessKeyId, secretAccessKey, sessionToken: values('aws_session_token') || undefined };
    throw cliError(
      'ERR_USAGE_ARGUMENT',
      `no key for the object store in ${file ? harmless(file) : 'the environment'}`,
      {
        hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE to a file that has them',
      },
    );
  };
}

/** The values of one section. */
function profileOf(text: string, profile = 'default'): (name: string) => string | undefined {
  const values = new Map<string, string>();
  let inside = false;
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1];
    if (section !== undefined) inside = section === profile;
    const [, name, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (inside && name !== undefined && value !== undefined) values.set(name.toLowerCase(), value);
  }
  return (name) => values.get(name);
}
