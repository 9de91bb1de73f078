/** The checkpoint that a user names: a path, or a name in the node's folder. */
import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { demandComplete, openCheckpoint, POD_OPTIONS } from '@stillframe/checkpoint';
import { harmless, messageOf, StillframeError } from '@stillframe/core';
import { evidencePath } from '@stillframe/evidence';
import { parseArchiveName, reservationOf } from '@stillframe/kubelet/names';
import { readRecordedCapture } from '../capture-facts.ts';
import { cliError } from '../usage.ts';
import { beginsAsArchive } from './in-use.ts';
import { ownerOf } from './owner.ts';
import { podUnit } from './pod-folder.ts';
import type { CheckpointUnit } from './unit.ts';

/**
 * Finds it. Throws ERR_CHECKPOINT_UNKNOWN where there is none, and for what is a link or no checkpoint: a kubelet's name, evidence
 * beside it, or what it holds must say that it is one.
 */
export async function findUnit(what: string, nodeFolder: string): Promise<CheckpointUnit> {
  const path = await pathOf(what, nodeFolder);
  const found = await lstat(path, { bigint: true });
  const folder = basename(path) === POD_OPTIONS ? dirname(path) : path;
  const pod = await podUnit(folder, basename(folder), () => readdir(folder)).catch(() => undefined);
  if (pod) return pod;
  if (!found.isFile()) throw unknown(path, found.isSymbolicLink() ? 'is a link' : 'is no archive and no pod’s folder');
  const name = basename(path);
  const names = await readdir(dirname(path));
  const parsed = parseArchiveName(name);
  const recorded = await readRecordedCapture(path);
  if (!recorded && !(parsed && (await beginsAsArchive(path)))) await demandCheckpoint(path);
  const hasEvidence = names.includes(basename(evidencePath(path)));
  const writing = !hasEvidence && names.includes(reservationOf(name));
  const address = { kubeNamespace: '', pod: '', container: '' };
  return {
    kind: 'archive',
    name,
    path,
    archives: [path],
    ...ownerOf(parsed ?? { stem: name, time: Number.NaN, addresses: [address] }, new Map()),
    time: parsed?.time,
    parts: new Map([[path, Number(found.size)]]),
    pinned: names.includes(`${name}.keep`),
    pause: recorded?.truePause,
    evidence: hasEvidence ? 'unchecked' : 'none',
    inode: found.ino,
    ...(writing ? { held: { why: 'being written', counts: false } } : {}),
  };
}

async function pathOf(what: string, nodeFolder: string): Promise<string> {
  const candidates = [resolve(what), ...(what.includes('/') || what === '' ? [] : [join(nodeFolder, what)])];
  for (const path of candidates) if (await lstat(path).catch(() => undefined)) return path;
  throw unknown(what, 'is not there');
}

async function demandCheckpoint(path: string): Promise<void> {
  try {
    await using checkpoint = await openCheckpoint(path);
    demandComplete(checkpoint);
  } catch (error) {
    if (!StillframeError.is(error)) throw error;
    throw unknown(path, `is no checkpoint (${messageOf(error)})`);
  }
}

function unknown(path: string, why: string) {
  return cliError('ERR_CHECKPOINT_UNKNOWN', `${harmless(path)} ${why}`);
}
