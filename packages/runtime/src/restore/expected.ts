/**
 * What a request for the restore of a pod says of a container's process describes what is expected, and must hold
 * (cri-api, RestorePodRequest): it starts nothing and changes nothing.
 */
import type { Checkpoint } from '@stillframe/checkpoint';
import type { ReadOptions } from '@stillframe/core';
import type { ContainerRequest } from '../container/request.ts';
import { runtimeError } from '../errors.ts';
import type { ImageRecord } from '../image/image-store.ts';
import { environmentDifference } from './environment.ts';

/** Throws ERR_RESTORE_REFUSED naming what does not hold; what the checkpoint does not tell is not judged. */
export async function checkExpected(
  checkpoint: Checkpoint,
  request: ContainerRequest,
  find: (reference: string) => ImageRecord | undefined,
  options: ReadOptions = {},
): Promise<void> {
  const wrong: string[] = [];
  const { metadata, spec } = checkpoint;
  if (!namesImage(request.image, metadata.image, find)) wrong.push('image');
  const { args, cwd, uid, gid } = spec?.process ?? {};
  if (args && !isCalled(args, request)) wrong.push('command');
  if (cwd !== undefined && request.workingDir !== '' && request.workingDir !== cwd) wrong.push('working directory');
  const { runAsUser, runAsGroup } = request.security;
  if (uid !== undefined && runAsUser !== undefined && runAsUser !== uid) wrong.push('user');
  if (gid !== undefined && runAsGroup !== undefined && runAsGroup !== gid) wrong.push('group');
  if ((await environmentDifference(checkpoint, request.env, options)).ignored.length > 0) wrong.push('environment');
  if (wrong.length === 0) return;
  throw runtimeError('ERR_RESTORE_REFUSED', `container ${request.name} was another: ${wrong.join(', ')}`, {
    hint: 'a pod is restored with the specification that it had',
    details: { wrong },
  });
}

function namesImage(
  asked: string,
  image: Checkpoint['metadata']['image'],
  find: (reference: string) => ImageRecord | undefined,
): boolean {
  const names = [image.requested, image.name, image.ref];
  if (names.includes(asked)) return true;
  const known = find(asked);
  return known !== undefined && names.some((name) => name !== undefined && find(name)?.id === known.id);
}

/** A command of the request is the beginning of what was called, arguments its end; the image gives what is left out. */
function isCalled(called: readonly string[], { command, args }: ContainerRequest): boolean {
  const whole = command.length > 0 ? [...command, ...args] : undefined;
  if (whole && args.length > 0) return equal(called, whole);
  if (whole) return equal(called.slice(0, whole.length), whole);
  return args.length === 0 || equal(called.slice(called.length - args.length), args);
}

const equal = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((each, i) => each === b[i]);
